"""The statement of `replicas`."""

import uuid
from typing import Final

import asyncpg

_BEAT: Final = """
WITH mine AS (
    INSERT INTO gateway.replicas AS known (id, seen_at) VALUES ($1, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()),
gone AS (
    DELETE FROM gateway.replicas WHERE id <> $1 AND seen_at < clock_timestamp() - make_interval(secs => 10 * $2))
SELECT 1 + count(*) FROM gateway.replicas
 WHERE id <> $1 AND seen_at > clock_timestamp() - make_interval(secs => $2)
"""


async def beat(pool: asyncpg.Pool, replica_id: uuid.UUID, *, live_for_s: float) -> int:
    """Say that this replica is at work; how many are, itself included."""
    live: int = await pool.fetchval(_BEAT, replica_id, live_for_s)
    return live
