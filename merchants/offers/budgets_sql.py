"""The statements that watch budgets."""

from collections.abc import Sequence
from datetime import date

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.offers.life_sql import CAMPAIGN


async def mark_eighty(conn: PoolConnectionProxy, *, limit: int) -> list[asyncpg.Record]:
    """Mark live offers whose budget is taken to four fifths, unless this version was marked before."""
    return await conn.fetch(
        f"""WITH due AS (
                SELECT o.partner_id, o.id FROM merchants.offers o
                  JOIN merchants.offer_counters c
                    ON c.partner_id = o.partner_id AND c.offer_id = o.id AND c.scope = 'total' AND c.key = ''
                 WHERE o.state IN ('live', 'exhausted') AND o.told_80_version < o.version
                   AND c.taken_minor * 5 >= c.limit_minor * 4
                 ORDER BY o.id LIMIT $1 FOR UPDATE OF o SKIP LOCKED
            ), marked AS (
                UPDATE merchants.offers o
                   SET told_80_version = o.version, sequence = o.sequence + 1, updated_at = now()
                  FROM due WHERE o.partner_id = due.partner_id AND o.id = due.id AND o.told_80_version < o.version
                RETURNING o.*
            )
            SELECT {CAMPAIGN} FROM marked o JOIN merchants.offer_versions v
                ON v.partner_id = o.partner_id AND v.offer_id = o.id AND v.version = o.version""",  # noqa: S608 - fixed list
        limit,
    )


async def hold_used_up(conn: PoolConnectionProxy, *, limit: int) -> list[asyncpg.Record]:
    """Live offers with less left than they give, of which no payment under way holds any; counters held."""
    return await conn.fetch(
        """SELECT o.partner_id, o.id, c.limit_minor - c.taken_minor AS left_minor
             FROM merchants.offers o
             JOIN merchants.offer_versions v
               ON v.partner_id = o.partner_id AND v.offer_id = o.id AND v.version = o.version
             JOIN merchants.offer_counters c
               ON c.partner_id = o.partner_id AND c.offer_id = o.id AND c.scope = 'total' AND c.key = ''
            WHERE o.state = 'live' AND c.limit_minor - c.taken_minor < v.least_minor
              AND NOT EXISTS (SELECT FROM merchants.offer_reservations r
                               WHERE r.partner_id = o.partner_id AND r.offer_id = o.id AND r.state = 'reserved')
            ORDER BY o.id LIMIT $1 FOR UPDATE OF c SKIP LOCKED""",
        limit,
    )


async def exhausted(
    conn: PoolConnectionProxy, *, partner_id: str, offer_ids: Sequence[str]
) -> list[asyncpg.Record]:
    """Which of these offers are exhausted, and what is left of their budgets now."""
    return await conn.fetch(
        """SELECT o.id, c.limit_minor - c.taken_minor AS left_minor
             FROM merchants.offers o
             JOIN merchants.offer_counters c
               ON c.partner_id = o.partner_id AND c.offer_id = o.id AND c.scope = 'total' AND c.key = ''
            WHERE o.partner_id = $1 AND o.id = ANY ($2) AND o.state = 'exhausted'
            ORDER BY o.id""",
        partner_id,
        offer_ids,
    )


async def agreed_deals(conn: PoolConnectionProxy, *, partner_id: str, offer_id: str) -> list[str]:
    """The deals of all versions that both sides accepted so far."""
    rows = await conn.fetch(
        """SELECT deal FROM merchants.offer_versions
            WHERE partner_id = $1 AND offer_id = $2
              AND partner_accepted_at IS NOT NULL AND bank_accepted_at IS NOT NULL""",
        partner_id,
        offer_id,
    )
    return [row["deal"] for row in rows]


async def adopt_bounds(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    offer_id: str,
    total_minor: int,
    lacking: Sequence[str],
    today: date,
    within_s: float,
) -> None:
    """Have all reservations counted in these scopes too; the caller's transaction has as long as it takes."""
    if lacking:
        await conn.execute("SELECT set_config('statement_timeout', $1, true)", f"{within_s:.0f}s")
    await conn.execute(
        "SELECT merchants.adopt_offer_bounds($1, $2, $3, $4, $5)",
        partner_id,
        offer_id,
        total_minor,
        lacking,
        today,
        timeout=within_s,
    )
