"""The audit trail's statements; nothing ever updates or deletes its rows."""

from datetime import datetime
from typing import Final

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


# Times are taken a moment before the rows' numbers, by many at once: so many may stand in another order.
_OUT_OF_ORDER: Final = 1_000


async def search(
    conn: PoolConnectionProxy,
    *,
    object_id: str | None,
    actor: str | None,
    deed: str | None,
    since: datetime | None,
    until: datetime | None,
    before_id: int | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Newest first; times become places in the trail first, so that no search reads what it does not show."""
    return await conn.fetch(
        """SELECT id, at, actor, deed, object_id, partner_id, reason, facts FROM merchants.audit
            WHERE ($1::text IS NULL OR object_id = $1) AND ($2::text IS NULL OR actor = $2)
              AND ($3::text IS NULL OR deed = $3)
              AND ($4::timestamptz IS NULL OR at >= $4 AND id >= COALESCE(
                      (SELECT id - $8 FROM merchants.audit WHERE at >= $4 ORDER BY at LIMIT 1), 0))
              AND ($5::timestamptz IS NULL OR at < $5 AND id <= COALESCE(
                      (SELECT id + $8 FROM merchants.audit WHERE at < $5 ORDER BY at DESC LIMIT 1), 0))
              AND ($6::bigint IS NULL OR id < $6)
            ORDER BY id DESC LIMIT $7""",
        object_id,
        actor,
        deed,
        since,
        until,
        before_id,
        limit,
        _OUT_OF_ORDER,
    )
