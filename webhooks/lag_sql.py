"""How far deliveries are behind: of each tenant a piece of an index is read, whose ids begin with their time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What is due and has not begun: at so many endpoints, the oldest for so long."""

    endpoints: int
    oldest_s: float


async def delivered(
    pool: asyncpg.Pool, *, ids: Sequence[str], since: datetime, until: datetime
) -> list[asyncpg.Record]:
    """By minute of the event: how many deliveries arrived, and how long 99 of 100 took."""
    return await pool.fetch(
        """
        SELECT date_trunc('minute', d.created_at) AS minute, count(*) AS number,
               percentile_disc(0.99) WITHIN GROUP (
                   ORDER BY (extract(epoch FROM d.finished_at - d.created_at) * 1000)::bigint) AS p99_ms
          FROM (SELECT DISTINCT tenant FROM webhooks.endpoints) AS one
         CROSS JOIN LATERAL (
               SELECT created_at, finished_at FROM webhooks.deliveries
                WHERE tenant = one.tenant AND id >= $1 AND id < $2 AND created_at >= $3 AND created_at < $4
                  AND state = 'delivered' AND NOT replay) AS d
         GROUP BY 1
        """,
        *ids, since, until,
    )  # fmt: skip


async def behind(pool: asyncpg.Pool) -> Behind:
    """One look into the index of what is pending for each endpoint."""
    row = await pool.fetchrow(
        """
        SELECT count(*) AS endpoints, COALESCE(extract(epoch FROM now() - min(first.due_at)), 0)::float8 AS oldest_s
          FROM webhooks.endpoints e
         CROSS JOIN LATERAL (
               SELECT due_at FROM webhooks.deliveries d
                WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'pending'
                ORDER BY d.due_at LIMIT 1) AS first
         WHERE first.due_at <= now()
        """
    )
    assert row is not None, "an aggregate always has a row"
    return Behind(endpoints=row["endpoints"], oldest_s=row["oldest_s"])
