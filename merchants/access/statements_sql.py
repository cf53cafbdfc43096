"""Statements on payer statements that were used."""

from datetime import datetime

from asyncpg.pool import PoolConnectionProxy


async def use(conn: PoolConnectionProxy, *, client_id: str, jti: str, expires_at: datetime) -> bool:
    """Use it up; False when it was used before. A duplicate at the same moment waits for the first one's end.

    Kept beside used assertions, whose sweep forgets it; the prefix keeps the two apart, whatever a client numbers.
    """
    used = await conn.fetchval(
        """INSERT INTO merchants.assertion_jtis (client_id, jti, expires_at) VALUES ($1, 'payer:' || $2, $3)
           ON CONFLICT DO NOTHING RETURNING true""",
        client_id,
        jti,
        expires_at,
    )
    return used is not None
