"""The statements on what is left of offers and on what payments took; those on terms are in `life_sql.py`."""

from collections.abc import Sequence

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_RESERVATION = """partner_id, payment_id, offer_id, version, state, merchant_id, store_id, person_id, currency,
    form, COALESCE(unit, currency) AS unit, order_minor,
    discount_minor, returned_minor, accounts, tenants, shares_minor, shares_returned,
    refund_returns, reserved_at, settled_at,
    (SELECT GREATEST(0, counter.limit_minor - counter.taken_minor) FROM merchants.offer_counters counter
      WHERE counter.partner_id = r.partner_id AND counter.offer_id = r.offer_id
        AND counter.scope = 'total' AND counter.key = '') AS left_minor"""


async def offers_version(conn: PoolConnectionProxy, *, partner_id: str) -> int | None:
    version: int | None = await conn.fetchval(
        "SELECT offers_version FROM merchants.merchants WHERE partner_id = $1 AND id = $1", partner_id
    )
    return version


async def live_offers(conn: PoolConnectionProxy, *, partner_id: str) -> list[asyncpg.Record]:
    """Version and offers in one statement, so that they belong together; one row of nulls when none is live."""
    return await conn.fetch(
        """SELECT m.offers_version, o.id, v.version, v.deal
             FROM merchants.merchants m
             LEFT JOIN (merchants.offers o
                        JOIN merchants.offer_versions v
                          ON v.partner_id = o.partner_id AND v.offer_id = o.id AND v.version = o.version)
               ON o.partner_id = m.partner_id AND o.state IN ('scheduled', 'live')
            WHERE m.partner_id = $1 AND m.id = $1
            ORDER BY o.id""",
        partner_id,
    )


async def reserve(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    merchant_id: str,
    store_id: str | None,
    person_id: str,
    currency: str,
    order_minor: int,
    applied: str,
    bounds: str,
) -> str:
    outcome: str = await conn.fetchval(
        "SELECT merchants.reserve_offers($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)",
        partner_id,
        payment_id,
        merchant_id,
        store_id,
        person_id,
        currency,
        order_minor,
        applied,
        bounds,
    )
    return outcome


async def reserve_rights(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    person: str,
    coupon_ids: Sequence[str],
    firsts_with: Sequence[str],
) -> bool:
    reserved: bool = await conn.fetchval(
        "SELECT merchants.reserve_rights($1, $2, $3, $4, $5)",
        partner_id,
        payment_id,
        person,
        coupon_ids,
        firsts_with,
    )
    return reserved


async def hold_rights(conn: PoolConnectionProxy, *, person: str) -> None:
    """Nobody else takes a right of this person until the transaction ends."""
    await conn.execute("SELECT merchants.hold_rights($1)", person)


async def return_rights(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    person: str,
    coupon_offers: Sequence[str],
    firsts: bool,
) -> None:
    await conn.execute(
        "SELECT merchants.return_rights($1, $2, $3, $4, $5)",
        partner_id,
        payment_id,
        person,
        coupon_offers,
        firsts,
    )


async def meet_customers(
    conn: PoolConnectionProxy, *, partners: Sequence[str], people: Sequence[str], payments: Sequence[str]
) -> None:
    await conn.execute("SELECT merchants.meet_customers($1, $2, $3)", partners, people, payments)


async def history(conn: PoolConnectionProxy, *, partner_id: str, person: str) -> asyncpg.Record:
    """Whom this person has paid before, and what coupons of the partner they hold."""
    row = await conn.fetchrow(
        """SELECT EXISTS (SELECT FROM merchants.customers WHERE owner = $1 AND person = $2) AS partner,
                  EXISTS (SELECT FROM merchants.customers WHERE owner = 'wallet' AND person = $2) AS wallet,
                  ARRAY(SELECT DISTINCT ON (offer_id) offer_id || ' ' || id FROM merchants.coupons
                         WHERE partner_id = $1 AND person = $2 AND state = 'held' AND good_until > now()
                         ORDER BY offer_id, good_until, id) AS coupons""",
        partner_id,
        person,
    )
    assert row is not None, "a row of facts is always there"
    return row


async def read_counters(conn: PoolConnectionProxy, *, partner_id: str, bounds: str) -> list[asyncpg.Record]:
    return await conn.fetch(
        """SELECT counter.offer_id, counter.scope, counter.taken_minor, counter.uses
             FROM jsonb_to_recordset($2::jsonb) AS bound (offer_id text, scope text, key text)
             JOIN merchants.offer_counters counter
               ON counter.partner_id = $1 AND counter.offer_id = bound.offer_id
              AND counter.scope = bound.scope AND counter.key = bound.key""",
        partner_id,
        bounds,
    )


async def hold_counters(conn: PoolConnectionProxy, *, partner_id: str, bounds: str) -> list[asyncpg.Record]:
    return await conn.fetch("SELECT * FROM merchants.hold_offer_counters($1, $2::jsonb)", partner_id, bounds)


async def settle(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    state: str,
    forms: Sequence[str] | None = None,
) -> list[asyncpg.Record]:
    """End what is still reserved, in any form or in one of these; none the second time."""
    return await conn.fetch(
        f"""UPDATE merchants.offer_reservations r SET state = $3, settled_at = now()
             WHERE r.partner_id = $1 AND r.payment_id = $2 AND r.state = 'reserved'
               AND ($4::text[] IS NULL OR r.form = ANY ($4))
            RETURNING {_RESERVATION}""",  # noqa: S608 - fixed list
        partner_id,
        payment_id,
        state,
        forms,
    )


async def shrink_reservations(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    order_minor: int,
    offer_ids: Sequence[str],
    accounts: Sequence[str],
    amounts_minor: Sequence[int],
) -> None:
    """What is still reserved of these offers becomes these shares; an account not named gives nothing."""
    await conn.execute(
        """WITH kept AS (
               SELECT * FROM unnest($4::text[], $5::text[], $6::bigint[]) AS k (offer_id, account, minor)
           )
           UPDATE merchants.offer_reservations r
              SET order_minor = $3,
                  discount_minor = (SELECT sum(kept.minor)::bigint FROM kept WHERE kept.offer_id = r.offer_id),
                  shares_minor = ARRAY(
                      SELECT COALESCE((SELECT kept.minor FROM kept
                                        WHERE kept.offer_id = r.offer_id AND kept.account = share.account), 0)
                        FROM unnest(r.accounts) WITH ORDINALITY AS share (account, place)
                       ORDER BY share.place)
            WHERE r.partner_id = $1 AND r.payment_id = $2 AND r.state = 'reserved'
              AND r.offer_id IN (SELECT kept.offer_id FROM kept)""",
        partner_id,
        payment_id,
        order_minor,
        offer_ids,
        accounts,
        amounts_minor,
    )


async def release_reservations(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str, offer_ids: Sequence[str]
) -> None:
    """End some of a payment's reservations; their counters are the caller's to put right."""
    await conn.execute(
        """UPDATE merchants.offer_reservations SET state = 'released', settled_at = now()
            WHERE partner_id = $1 AND payment_id = $2 AND state = 'reserved' AND offer_id = ANY ($3)""",
        partner_id,
        payment_id,
        offer_ids,
    )


async def redeem_all(conn: PoolConnectionProxy, payments: Sequence[tuple[str, str]]) -> list[asyncpg.Record]:
    """Redeem what these payments, each named by partner and id, still have reserved."""
    return await conn.fetch(
        f"""UPDATE merchants.offer_reservations r SET state = 'redeemed', settled_at = now()
              FROM unnest($1::text[], $2::text[]) AS done (partner, payment)
             WHERE r.partner_id = done.partner AND r.payment_id = done.payment AND r.state = 'reserved'
            RETURNING {_RESERVATION}""",  # noqa: S608 - fixed list
        [partner_id for partner_id, _ in payments],
        [payment_id for _, payment_id in payments],
    )


async def return_shares(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    offer_ids: Sequence[str],
    accounts: Sequence[str],
    amounts_minor: Sequence[int],
) -> list[asyncpg.Record]:
    """Add to what funders got back; a share that exceeds what its funder paid fails the row's check."""
    return await conn.fetch(
        f"""WITH back AS (
                SELECT * FROM unnest($3::text[], $4::text[], $5::bigint[]) AS b (offer_id, account, minor)
            )
            UPDATE merchants.offer_reservations r
               SET returned_minor = r.returned_minor
                       + (SELECT sum(back.minor)::bigint FROM back WHERE back.offer_id = r.offer_id),
                   shares_returned = ARRAY(
                       SELECT share.returned + COALESCE(
                              (SELECT sum(back.minor)::bigint FROM back
                                WHERE back.offer_id = r.offer_id AND back.account = share.account), 0)
                         FROM unnest(r.accounts, r.shares_returned)
                              WITH ORDINALITY AS share (account, returned, place)
                        ORDER BY share.place)
             WHERE r.partner_id = $1 AND r.payment_id = $2 AND r.state = 'redeemed'
               AND r.offer_id IN (SELECT back.offer_id FROM back)
            RETURNING {_RESERVATION}""",  # noqa: S608 - fixed list
        partner_id,
        payment_id,
        offer_ids,
        accounts,
        amounts_minor,
    )


async def return_to_counters(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    offer_ids: Sequence[str],
    amounts_minor: Sequence[int],
    uses: Sequence[int],
) -> None:
    await conn.execute(
        "SELECT merchants.return_to_offer_counters($1, $2, $3, $4, $5)",
        partner_id,
        payment_id,
        offer_ids,
        amounts_minor,
        uses,
    )


async def reservations(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_RESERVATION} FROM merchants.offer_reservations r
             WHERE r.partner_id = $1 AND r.payment_id = $2
             ORDER BY r.offer_id""",  # noqa: S608 - fixed list
        partner_id,
        payment_id,
    )
