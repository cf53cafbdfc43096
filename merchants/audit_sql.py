"""The audit trail's statements; nothing ever updates or deletes its rows."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy


async def insert(
    conn: PoolConnectionProxy,
    *,
    actor: str,
    deed: str,
    object_id: str,
    partner_id: str | None,
    reason: str,
    facts: str,
) -> None:
    """Add one deed; `facts` is JSON."""
    await conn.execute(
        """INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           VALUES ($1, $2, $3, $4, $5, $6::jsonb)""",
        actor,
        deed,
        object_id,
        partner_id,
        reason,
        facts,
    )


async def of_object(
    conn: PoolConnectionProxy, *, object_id: str, before_id: int | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        """SELECT id, at, actor, deed, object_id, partner_id, reason, facts FROM merchants.audit
            WHERE object_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3""",
        object_id,
        before_id,
        limit,
    )
