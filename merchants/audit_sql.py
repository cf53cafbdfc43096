"""The audit trail's one statement; nothing ever updates or deletes its rows."""

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
