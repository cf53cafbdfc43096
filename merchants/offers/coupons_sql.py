"""The statements on coupons that payers claim."""

from collections.abc import Mapping
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_COUPON = """c.partner_id, c.id, c.offer_id, v.deal ->> 'name' AS name, c.issuer, c.payer_id, c.person, c.state,
    c.payment_id, c.points, c.unit, c.good_until, c.created_at"""
_JOINED = """merchants.coupons c JOIN merchants.offer_versions v
    ON v.partner_id = c.partner_id AND v.offer_id = c.offer_id AND v.version = c.version"""


async def count(
    conn: PoolConnectionProxy,
    coupon: Mapping[str, Any],
    *,
    by: int,
    copies: int | None,
    per_person: int | None,
) -> bool:
    """Count a claim against its offer's copies and its person's share, or take it back; false where one is full."""
    counted: bool = await conn.fetchval(
        "SELECT merchants.count_coupon($1, $2, $3, $4, $5, $6)",
        coupon["partner_id"],
        coupon["offer_id"],
        coupon["person"],
        by,
        copies,
        per_person,
    )
    return counted


async def insert(conn: PoolConnectionProxy, coupon: Mapping[str, Any]) -> None:
    await conn.execute(
        """INSERT INTO merchants.coupons (partner_id, id, offer_id, version, issuer, payer_id, person, state, points,
                                          unit, good_until)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        *(coupon[name] for name in _INSERTED),
    )


_INSERTED = (
    "partner_id", "id", "offer_id", "version", "issuer", "payer_id", "person", "state", "points", "unit", "good_until",
)  # fmt: skip


async def move(conn: PoolConnectionProxy, *, partner_id: str, coupon_id: str, to: str) -> bool:
    """What became of one that awaited its points; false when that was said before."""
    row = await conn.fetchrow(
        """UPDATE merchants.coupons SET state = $3, updated_at = now()
            WHERE partner_id = $1 AND id = $2 AND state = 'awaits_points' RETURNING id""",
        partner_id,
        coupon_id,
        to,
    )
    return row is not None


async def find(conn: PoolConnectionProxy, *, partner_id: str, coupon_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_COUPON} FROM {_JOINED} WHERE c.partner_id = $1 AND c.id = $2",  # noqa: S608 - fixed list
        partner_id,
        coupon_id,
    )


async def find_of_issuer(conn: PoolConnectionProxy, *, issuer: str, coupon_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_COUPON} FROM {_JOINED} WHERE c.issuer = $1 AND c.id = $2",  # noqa: S608 - fixed list
        issuer,
        coupon_id,
    )


async def of_person(conn: PoolConnectionProxy, *, person: str, limit: int) -> list[asyncpg.Record]:
    """What they may still use, newest first."""
    return await conn.fetch(
        f"""SELECT {_COUPON} FROM {_JOINED}
             WHERE c.person = $1 AND c.state IN ('awaits_points', 'held') AND c.good_until > now()
             ORDER BY c.id DESC LIMIT $2""",  # noqa: S608 - fixed list
        person,
        limit,
    )
