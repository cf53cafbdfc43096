"""Statements of the pages; all of them about `gateway.ended_visits`."""

from asyncpg.pool import PoolConnectionProxy


async def is_open(conn: PoolConnectionProxy, *, client_id: str, key_id: str, visit_id: str) -> bool:
    """Whether client and key are live and nobody signed out of this visit."""
    held: bool = await conn.fetchval(
        """SELECT merchants.peek_caller_status($1, $2) = 'live'
                  AND NOT EXISTS (SELECT FROM gateway.ended_visits WHERE client_id = $1 AND visit_id = $3)""",
        client_id,
        key_id,
        visit_id,
    )
    return held


async def end_visit(conn: PoolConnectionProxy, *, client_id: str, visit_id: str, expires_at_s: float) -> None:
    """For every request from now on; again changes nothing."""
    await conn.execute(
        """INSERT INTO gateway.ended_visits (client_id, visit_id, expires_at)
           VALUES ($1, $2, to_timestamp($3)) ON CONFLICT DO NOTHING""",
        client_id,
        visit_id,
        expires_at_s,
    )


async def forget_ended_visits(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Delete those whose cookies are over on every replica, an hour's difference of clocks allowed for; how many."""
    deleted = await conn.fetch(
        """DELETE FROM gateway.ended_visits WHERE (client_id, visit_id) IN (
               SELECT client_id, visit_id FROM gateway.ended_visits
                WHERE expires_at < clock_timestamp() - interval '1 hour'
                ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1""",
        limit,
    )
    return len(deleted)
