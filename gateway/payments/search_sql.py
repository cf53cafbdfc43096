"""Statements that list and add up; every one names the partner and, where a window is given, its piece of the key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from gateway.payments.payment import Payment, Refund
from gateway.payments.sql import payment_of, refund_of

# $1 to $10 are what `Filters.values` gives; {row} is whose id, state and creation count.
_WHERE: Final = """
    {row}.partner_id = $1 AND ($2::text IS NULL OR p.merchant_id = $2) AND ($3::text IS NULL OR p.store_id = $3)
    AND ($4::text IS NULL OR p.terminal_id = $4) AND ($5::text IS NULL OR p.merchant_order_no = $5)
    AND ($6::text IS NULL OR {row}.state = $6)
    AND ($7::timestamptz IS NULL OR {row}.created_at >= $7) AND ($8::timestamptz IS NULL OR {row}.created_at < $8)
    AND ($9::text IS NULL OR {row}.id >= $9) AND ($10::text IS NULL OR {row}.id < $10)
"""
_PAYMENTS: Final = "gateway.payments p WHERE" + _WHERE.format(row="p")
_REFUNDS: Final = (
    "gateway.refunds r JOIN gateway.payments p ON p.partner_id = r.partner_id AND p.id = r.payment_id"
    " WHERE ($11::text IS NULL OR r.merchant_refund_no = $11) AND" + _WHERE.format(row="r")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTotals:
    """All payments found, and the money of those that succeeded, in one currency."""

    currency: str
    count: int
    succeeded: int
    order_minor: int
    discount_minor: int
    paid_minor: int
    fee_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTotals:
    """All refunds found, and the money of those that succeeded, in one currency."""

    currency: str
    count: int
    succeeded: int
    order_minor: int
    paid_minor: int
    funded_minor: int
    fee_minor: int


async def payments(pool: asyncpg.Pool, values: Sequence[Any], *, limit: int) -> list[Payment]:
    rows = await pool.fetch(
        f"SELECT p.* FROM {_PAYMENTS} ORDER BY p.id DESC LIMIT $11",  # noqa: S608 - fixed text
        *values, limit,
    )  # fmt: skip
    return [payment_of(row) for row in rows]


async def refunds(
    pool: asyncpg.Pool, values: Sequence[Any], *, merchant_refund_no: str | None, limit: int
) -> list[tuple[Refund, str]]:
    rows = await pool.fetch(
        f"""
        SELECT r.*, p.currency
          FROM {_REFUNDS} ORDER BY r.id DESC LIMIT $12
        """,  # noqa: S608 - fixed text
        *values, merchant_refund_no, limit,
    )  # fmt: skip
    return [_refund(dict(row)) for row in rows]


async def payment_totals(pool: asyncpg.Pool, values: Sequence[Any]) -> list[PaymentTotals]:
    rows = await pool.fetch(
        f"""
        WITH found AS (SELECT p.*, p.state = 'succeeded' AS paid FROM {_PAYMENTS})
        SELECT currency, count(*) AS count, count(*) FILTER (WHERE paid) AS succeeded,
               {_sum("order_minor")}, {_sum("discount_minor")}, {_sum("fee_minor")},
               {_sum("order_minor - discount_minor", "paid_minor")}, {_sum("refunded_order_minor", "refunded_minor")}
          FROM found GROUP BY currency ORDER BY currency
        """,  # noqa: S608 - fixed text
        *values,
    )
    return [PaymentTotals(**row) for row in rows]


async def refund_totals(
    pool: asyncpg.Pool, values: Sequence[Any], *, merchant_refund_no: str | None
) -> list[RefundTotals]:
    rows = await pool.fetch(
        f"""
        WITH found AS (SELECT r.*, p.currency, r.state = 'succeeded' AS paid FROM {_REFUNDS})
        SELECT currency, count(*) AS count, count(*) FILTER (WHERE paid) AS succeeded,
               {_sum("order_minor")}, {_sum("paid_minor")}, {_sum("funded_minor")}, {_sum("fee_minor")}
          FROM found GROUP BY currency ORDER BY currency
        """,  # noqa: S608 - fixed text
        *values, merchant_refund_no,
    )  # fmt: skip
    return [RefundTotals(**row) for row in rows]


def _sum(what: str, name: str = "") -> str:
    return f"COALESCE(sum({what}) FILTER (WHERE paid), 0)::bigint AS {name or what}"


def _refund(values: dict[str, Any]) -> tuple[Refund, str]:
    currency = values.pop("currency")
    return refund_of(values), currency
