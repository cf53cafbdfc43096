"""The statements on the merchants themselves; stores, applications and access have their own."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_MERCHANT = """partner_id, id, kind, status, version, reason, merchant_number, credit_code, licence_name,
    short_name, city, mcc, currency, fee_basis_points, payment_limit_minor, settlement_last_four,
    created_at"""


async def paying_context(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    merchant_id: str,
    terminal_id: str | None,
    store_id: str | None,
) -> asyncpg.Record | None:
    return await conn.fetchrow(
        "SELECT * FROM merchants.paying_context($1, $2, $3, $4)",
        partner_id,
        merchant_id,
        terminal_id,
        store_id,
    )


async def merchant(conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_MERCHANT} FROM merchants.merchants WHERE partner_id = $1 AND id = $2",  # noqa: S608 - fixed list
        partner_id,
        merchant_id,
    )


async def merchant_for_operator(conn: PoolConnectionProxy, *, merchant_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_MERCHANT} FROM merchants.merchants WHERE id = $1",  # noqa: S608 - fixed list
        merchant_id,
    )


async def sub_merchants(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_MERCHANT} FROM merchants.merchants
             WHERE partner_id = $1 AND id <> $1 AND ($2::text IS NULL OR id < $2)
             ORDER BY id DESC LIMIT $3""",  # noqa: S608 - fixed list
        partner_id,
        before_id,
        limit,
    )


async def search(
    conn: PoolConnectionProxy, *, text: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_MERCHANT} FROM merchants.merchants
             WHERE ($2::text IS NULL OR id < $2)
               AND ($1 = '' OR id IN (
                   SELECT id FROM merchants.merchants WHERE id = $1 OR merchant_number = $1 OR credit_code = $1
                   UNION SELECT id FROM merchants.merchants
                          WHERE licence_name COLLATE "C" >= $1 AND licence_name COLLATE "C" < $1 || U&'\\+10FFFF'
                   UNION SELECT id FROM merchants.merchants
                          WHERE short_name COLLATE "C" >= $1 AND short_name COLLATE "C" < $1 || U&'\\+10FFFF'))
             ORDER BY id DESC LIMIT $3""",  # noqa: S608 - fixed list
        text,
        before_id,
        limit,
    )


async def merchants_of_ids(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_ids: Sequence[str]
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_MERCHANT} FROM merchants.merchants
             WHERE partner_id = $1 AND id = ANY($2::text[]) ORDER BY id""",  # noqa: S608 - fixed list
        partner_id,
        merchant_ids,
    )


async def move(
    conn: PoolConnectionProxy, *, merchant_id: str, target: str, sources: Iterable[str], reason: str
) -> datetime | None:
    """Change the state where it is one of `sources`; None where it is not, or there is no such merchant."""
    at: datetime | None = await conn.fetchval(
        """UPDATE merchants.merchants
              SET status = $2, version = version + 1, reason = $4, updated_at = clock_timestamp()
            WHERE id = $1 AND status = ANY($3)
        RETURNING updated_at""",
        merchant_id,
        target,
        list(sources),
        reason,
    )
    return at


async def raise_offers_version(conn: PoolConnectionProxy, *, partner_id: str) -> int | None:
    version: int | None = await conn.fetchval(
        """UPDATE merchants.merchants SET offers_version = offers_version + 1
            WHERE partner_id = $1 AND id = $1 RETURNING offers_version""",
        partner_id,
    )
    return version


async def begin_wind_down(conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str) -> None:
    """Leave what is still open to the worker, in the transaction that stops the merchant."""
    await conn.execute(
        """INSERT INTO merchants.wind_downs (partner_id, merchant_id, version, status)
           SELECT partner_id, id, version, status FROM merchants.merchants WHERE partner_id = $1 AND id = $2""",
        partner_id,
        merchant_id,
    )


async def claim_wind_down(conn: PoolConnectionProxy) -> asyncpg.Record | None:
    """One that is due, held; with the merchants whose payments it ends: a partner's are all of its own."""
    return await conn.fetchrow(
        """SELECT w.partner_id, w.merchant_id, w.version, w.status, w.after_id, m.status AS status_now,
                  w.since > now() - interval '2 minutes' AS is_young,
                  CASE WHEN w.merchant_id = w.partner_id THEN NULL ELSE w.merchant_id END AS only_merchant
             FROM merchants.wind_downs w
             JOIN merchants.merchants m ON m.partner_id = w.partner_id AND m.id = w.merchant_id
            WHERE w.done_at IS NULL AND w.due_at <= now() ORDER BY w.due_at LIMIT 1 FOR UPDATE OF w SKIP LOCKED"""
    )


async def wind_down_done(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str, version: int
) -> None:
    await conn.execute(
        """UPDATE merchants.wind_downs SET done_at = clock_timestamp()
            WHERE partner_id = $1 AND merchant_id = $2 AND version = $3""",
        partner_id,
        merchant_id,
        version,
    )


async def wind_down_later(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    merchant_id: str,
    version: int,
    after_s: float,
    after_id: str,
) -> None:
    """Go on in so many seconds, behind this payment; from the beginning where it is empty."""
    await conn.execute(
        """UPDATE merchants.wind_downs SET due_at = now() + $4 * interval '1 s', after_id = $5
            WHERE partner_id = $1 AND merchant_id = $2 AND version = $3""",
        partner_id,
        merchant_id,
        version,
        after_s,
        after_id,
    )
