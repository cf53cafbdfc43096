"""The statements on offers, their versions, and who accepted them."""

from collections.abc import Iterable, Sequence
from datetime import date

import asyncpg
from asyncpg.pool import PoolConnectionProxy

# Third parties in the order of their ids, all lists alike.
CAMPAIGN = """ARRAY(SELECT f.funder_id FROM merchants.offer_funders f
        WHERE f.partner_id = o.partner_id AND f.offer_id = o.id AND f.version = o.version ORDER BY f.funder_id)
        AS funder_ids,
    ARRAY(SELECT f.accepted_at FROM merchants.offer_funders f
        WHERE f.partner_id = o.partner_id AND f.offer_id = o.id AND f.version = o.version ORDER BY f.funder_id)
        AS funders_accepted_at,
    ARRAY(SELECT f.withdrawn_at FROM merchants.offer_funders f
        WHERE f.partner_id = o.partner_id AND f.offer_id = o.id AND f.version = o.version ORDER BY f.funder_id)
        AS funders_withdrawn_at,
    o.partner_id, o.id, o.state, o.version, o.sequence, o.reason, o.paused_by, o.created_at, o.updated_at,
    v.deal, v.hash, v.made_by, v.partner_accepted_at, v.bank_accepted_at"""
_JOINED = """merchants.offers o JOIN merchants.offer_versions v
    ON v.partner_id = o.partner_id AND v.offer_id = o.id AND v.version = o.version"""


async def insert(conn: PoolConnectionProxy, *, partner_id: str, offer_id: str) -> None:
    await conn.execute(
        "INSERT INTO merchants.offers (partner_id, id, state, version) VALUES ($1, $2, 'draft', 1)",
        partner_id,
        offer_id,
    )


async def insert_version(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    offer_id: str,
    version: int,
    deal: str,
    hash_: str,
    made_by: str,
    starts_on: date,
    ends_on: date,
    least_minor: int,
) -> None:
    await conn.execute(
        """INSERT INTO merchants.offer_versions
               (partner_id, offer_id, version, deal, hash, made_by, starts_on, ends_on, least_minor)
           VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9)""",
        partner_id,
        offer_id,
        version,
        deal,
        hash_,
        made_by,
        starts_on,
        ends_on,
        least_minor,
    )


async def accept(
    conn: PoolConnectionProxy, *, partner_id: str, offer_id: str, version: int, side: str, actor: str
) -> None:
    """Only the first acceptance of a side is kept."""
    await conn.execute(
        """UPDATE merchants.offer_versions
              SET partner_accepted_by = CASE $4 WHEN 'partner' THEN $5 ELSE partner_accepted_by END,
                  partner_accepted_at = CASE $4 WHEN 'partner' THEN now() ELSE partner_accepted_at END,
                  bank_accepted_by = CASE $4 WHEN 'bank' THEN $5 ELSE bank_accepted_by END,
                  bank_accepted_at = CASE $4 WHEN 'bank' THEN now() ELSE bank_accepted_at END
            WHERE partner_id = $1 AND offer_id = $2 AND version = $3
              AND CASE $4 WHEN 'partner' THEN partner_accepted_at ELSE bank_accepted_at END IS NULL""",
        partner_id,
        offer_id,
        version,
        side,
        actor,
    )


async def insert_funders(
    conn: PoolConnectionProxy, *, partner_id: str, offer_id: str, version: int, funder_ids: Sequence[str]
) -> None:
    await conn.execute(
        """INSERT INTO merchants.offer_funders (partner_id, offer_id, version, funder_id)
           SELECT $1, $2, $3, funder FROM unnest($4::text[]) AS named (funder)""",
        partner_id,
        offer_id,
        version,
        funder_ids,
    )


async def accept_as_funder(
    conn: PoolConnectionProxy, *, partner_id: str, offer_id: str, version: int, funder_id: str, actor: str
) -> None:
    """Only the first acceptance is kept; one that was taken back may be given again."""
    await conn.execute(
        """UPDATE merchants.offer_funders SET accepted_by = $5, accepted_at = now(), withdrawn_at = NULL
            WHERE partner_id = $1 AND offer_id = $2 AND version = $3 AND funder_id = $4 AND accepted_at IS NULL""",
        partner_id,
        offer_id,
        version,
        funder_id,
        actor,
    )


async def withdraw_as_funder(
    conn: PoolConnectionProxy, *, partner_id: str, offer_id: str, version: int, funder_id: str
) -> None:
    await conn.execute(
        """UPDATE merchants.offer_funders SET accepted_by = NULL, accepted_at = NULL, withdrawn_at = now()
            WHERE partner_id = $1 AND offer_id = $2 AND version = $3 AND funder_id = $4""",
        partner_id,
        offer_id,
        version,
        funder_id,
    )


async def page_of_funder(
    conn: PoolConnectionProxy, *, funder_id: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    """Newest first: offers whose current version would have this third party pay, once they were proposed."""
    return await conn.fetch(
        f"""SELECT {CAMPAIGN} FROM {_JOINED}
              JOIN merchants.offer_funders mine
                ON mine.partner_id = o.partner_id AND mine.offer_id = o.id AND mine.version = o.version
             WHERE mine.funder_id = $1 AND o.state <> 'draft' AND ($2::text IS NULL OR o.id < $2)
             ORDER BY o.id DESC LIMIT $3""",  # noqa: S608 - fixed list
        funder_id,
        before_id,
        limit,
    )


async def find_of_funder(
    conn: PoolConnectionProxy, *, funder_id: str, offer_id: str, hold: bool = False
) -> asyncpg.Record | None:
    """An offer whose current version would have this third party pay, once it was proposed."""
    if hold:
        await _hold(conn, partner_id=None, offer_id=offer_id)
    return await conn.fetchrow(
        f"""SELECT {CAMPAIGN} FROM {_JOINED}
              JOIN merchants.offer_funders mine
                ON mine.partner_id = o.partner_id AND mine.offer_id = o.id AND mine.version = o.version
             WHERE mine.funder_id = $1 AND o.id = $2 AND o.state <> 'draft'""",  # noqa: S608 - fixed list
        funder_id,
        offer_id,
    )


async def unknown_funders(conn: PoolConnectionProxy, *, funder_ids: Sequence[str]) -> list[str]:
    """Which of these ids are no active partner's."""
    rows = await conn.fetch(
        """SELECT id FROM unnest($1::text[]) AS wanted (id)
            WHERE NOT EXISTS (SELECT FROM merchants.merchants m
                               WHERE m.partner_id = wanted.id COLLATE "C" AND m.id = wanted.id COLLATE "C"
                                 AND m.status = 'active')""",
        funder_ids,
    )
    return [row["id"] for row in rows]


async def move(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    offer_id: str,
    state: str,
    version: int,
    reason: str,
    paused_by: Sequence[str],
    steps: int,
) -> asyncpg.Record | None:
    """Change an offer whose row the caller holds."""
    return await conn.fetchrow(
        f"""WITH moved AS (
                UPDATE merchants.offers
                   SET state = $3, version = $4, reason = $5, paused_by = $6, sequence = sequence + $7,
                       updated_at = now()
                 WHERE partner_id = $1 AND id = $2
                RETURNING *
            )
            SELECT {CAMPAIGN}
              FROM moved o JOIN merchants.offer_versions v
                ON v.partner_id = o.partner_id AND v.offer_id = o.id AND v.version = o.version""",  # noqa: S608 - fixed list
        partner_id,
        offer_id,
        state,
        version,
        reason,
        paused_by,
        steps,
    )


async def find(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, hold: bool = False
) -> asyncpg.Record | None:
    """An offer of this partner, or anybody's for the bank (None); its row held where it is to be changed."""
    if hold:
        await _hold(conn, partner_id=partner_id, offer_id=offer_id)
    return await conn.fetchrow(
        f"""SELECT {CAMPAIGN} FROM {_JOINED}
             WHERE o.id = $2 AND ($1::text IS NULL OR o.partner_id = $1)""",  # noqa: S608 - fixed list
        partner_id,
        offer_id,
    )


async def _hold(conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str) -> None:
    """By a statement of its own: one that waits for the row reads who accepted as of before it waited."""
    await conn.execute(
        "SELECT FROM merchants.offers WHERE id = $2 AND ($1::text IS NULL OR partner_id = $1) FOR UPDATE",
        partner_id,
        offer_id,
    )


async def page(
    conn: PoolConnectionProxy,
    *,
    partner_id: str | None,
    states: Sequence[str],
    before_id: str | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Newest first; a partner's, or everybody's for the bank (None)."""
    return await conn.fetch(
        f"""SELECT {CAMPAIGN} FROM {_JOINED}
             WHERE ($1::text IS NULL OR o.partner_id = $1) AND ($2::text[] = '{{}}' OR o.state = ANY ($2))
               AND ($3::text IS NULL OR o.id < $3)
             ORDER BY o.id DESC LIMIT $4""",  # noqa: S608 - fixed list
        partner_id,
        states,
        before_id,
        limit,
    )


async def due(conn: PoolConnectionProxy, *, day: date, limit: int) -> list[asyncpg.Record]:
    """Offers whose first day has come or whose last day is over; skips those somebody is changing."""
    return await conn.fetch(
        f"""SELECT {CAMPAIGN} FROM {_JOINED}
             WHERE (o.state = 'scheduled' AND v.starts_on <= $1)
                OR (o.state IN ('scheduled', 'live', 'paused', 'exhausted') AND v.ends_on < $1)
             ORDER BY o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED""",  # noqa: S608 - fixed list
        day,
        limit,
    )


async def of_owner_or_funder(
    conn: PoolConnectionProxy, *, partner_id: str, limit: int
) -> list[asyncpg.Record]:
    """Offers that are not over, this partner's own and those it would pay a share of; held in the order of ids."""
    return await conn.fetch(
        f"""SELECT {CAMPAIGN} FROM {_JOINED}
             WHERE o.id IN (SELECT id FROM merchants.offers WHERE partner_id = $1 AND state <> 'ended'
                            UNION
                            SELECT f.offer_id FROM merchants.offer_funders f
                              JOIN merchants.offers mine ON mine.partner_id = f.partner_id AND mine.id = f.offer_id
                                                        AND mine.version = f.version
                             WHERE f.funder_id = $1 AND mine.state <> 'ended')
             ORDER BY o.id LIMIT $2 FOR UPDATE OF o""",  # noqa: S608 - fixed list
        partner_id,
        limit,
    )


async def count_running(conn: PoolConnectionProxy, *, partner_id: str) -> int:
    counted: int = await conn.fetchval(
        """SELECT count(*) FROM merchants.offers
            WHERE partner_id = $1 AND state IN ('scheduled', 'live')""",
        partner_id,
    )
    return counted


async def unknown_places(
    conn: PoolConnectionProxy, *, partner_id: str, merchants: Iterable[str], stores: Iterable[str]
) -> list[str]:
    """Which of these ids are no merchant or store of this partner."""
    rows = await conn.fetch(
        """SELECT id FROM unnest($2::text[]) AS wanted (id)
            WHERE NOT EXISTS (SELECT FROM merchants.merchants m
                               WHERE m.partner_id = $1 AND m.id = wanted.id COLLATE "C")
           UNION ALL
           SELECT id FROM unnest($3::text[]) AS wanted (id)
            WHERE NOT EXISTS (SELECT FROM merchants.stores s
                               WHERE s.partner_id = $1 AND s.id = wanted.id COLLATE "C")""",
        partner_id,
        sorted(merchants),
        sorted(stores),
    )
    return [row["id"] for row in rows]
