"""What is in doubt, as PostgreSQL tells it."""

from datetime import datetime
from typing import Final

import asyncpg

# So many calls tell the pattern; the rest is in the table.
_LATEST: Final = 10


async def unresolved(pool: asyncpg.Pool) -> tuple[int, float]:
    """How many transfers no core has decided, and the age of the oldest in seconds."""
    row = await pool.fetchrow(
        """
        SELECT count(*) AS number, extract(epoch FROM now() - min(created_at))::float8 AS oldest_s
          FROM gateway.transfers WHERE state <> 'final'
        """
    )
    assert row is not None, "an aggregate always has a row"
    return row["number"], row["oldest_s"] or 0.0


async def in_doubt(
    pool: asyncpg.Pool, *, older_than_s: float, after: tuple[datetime, str] | None, limit: int
) -> list[asyncpg.Record]:
    """Oldest first, each with its latest attempts, newest first, and the number of all."""
    return await pool.fetch(
        """
        SELECT t.owner_id, t.n, t.purpose, t.partner_id, t.state AS phase, t.instruction, t.due_at, t.created_at,
               extract(epoch FROM now() - t.created_at)::float8 AS age_s, made.attempts, made.calls
          FROM gateway.transfers t CROSS JOIN LATERAL (
                SELECT count(*) AS attempts,
                       COALESCE(json_agg(json_build_object('at', at, 'deed', deed, 'outcome', outcome, 'detail', detail,
                                'took_ms', took_ms) ORDER BY at DESC) FILTER (WHERE place <= $5), '[]') AS calls
                  FROM (SELECT a.*, row_number() OVER (ORDER BY at DESC) AS place
                          FROM gateway.transfer_attempts a WHERE a.owner_id = t.owner_id AND a.n = t.n) latest) made
         WHERE t.state <> 'final' AND t.created_at <= now() - $1 * interval '1 s'
           AND ($2::timestamptz IS NULL OR (t.created_at, t.owner_id) > ($2, $3))
         ORDER BY t.created_at, t.owner_id LIMIT $4
        """,
        older_than_s, after[0] if after else None, after[1] if after else None, limit, _LATEST,
    )  # fmt: skip


async def wake(pool: asyncpg.Pool, *, owner_id: str, n: int, issuer: str) -> bool:
    """Make it due; False when it is no transfer of this issuer's payers."""
    known: bool = await pool.fetchval(
        """
        WITH woken AS (
            UPDATE gateway.transfers SET due_at = least(due_at, now())
             WHERE owner_id = $1 AND n = $2 AND state <> 'final' AND instruction ->> 'issuer' = $3)
        SELECT EXISTS (SELECT FROM gateway.transfers
                        WHERE owner_id = $1 AND n = $2 AND instruction ->> 'issuer' = $3)
        """,
        owner_id, n, issuer,
    )  # fmt: skip
    return known


async def attempts_of(pool: asyncpg.Pool, *, owner_ids: list[str], limit: int) -> list[asyncpg.Record]:
    """Every call to a core for these payments and refunds, oldest first; whoever asks has seen that they are theirs.

    A row is written once the answer is there; it tells when the call began.
    """
    return await pool.fetch(
        """SELECT owner_id, at - took_ms * interval '1 ms' AS at, deed, outcome, took_ms FROM gateway.transfer_attempts
            WHERE owner_id = ANY ($1::text[]) ORDER BY transfer_attempts.at LIMIT $2""",
        owner_ids,
        limit,
    )
