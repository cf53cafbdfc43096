"""Finding payments and refunds again, and what a shift took: lists by place, number, state and time, with totals.

Ids begin with the time they were made at, so a window of time is a piece of the primary key; the index serves every
list, whatever else it is filtered by. Totals read the whole window, which is why they need one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from gateway.payments import search_sql as sql
from gateway.payments.payment import Payment, Refund
from gateway.payments.search_sql import PaymentTotals, RefundTotals

# Longer windows are asked for in pieces: a month's takings is the longest anybody closes a till over.
LONGEST_WINDOW: Final = timedelta(days=31)
# An id is drawn a moment before its row is written, and replicas' clocks differ a little.
_DRAWN_BEFORE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to look for; None is anything. The window is by creation, `until` left out."""

    partner_id: str
    merchant_id: str | None = None
    store_id: str | None = None
    terminal_id: str | None = None
    merchant_order_no: str | None = None
    merchant_refund_no: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self, prefix: str, *, before_id: str | None = None) -> list[Any]:
        """The arguments that all statements here have in common."""
        return [
            self.partner_id, self.merchant_id, self.store_id, self.terminal_id, self.merchant_order_no, self.state,
            self.since, self.until,
            None if self.since is None else _id_at(prefix, self.since - _DRAWN_BEFORE),
            before_id or (None if self.until is None else _id_at(prefix, self.until + _DRAWN_BEFORE)),
        ]  # fmt: skip

    def has_window(self, now: datetime) -> bool:
        """Whether totals may be read over it."""
        return self.since is not None and (self.until or now) - self.since <= LONGEST_WINDOW


async def payments(
    pool: asyncpg.Pool, filters: Filters, *, before_id: str | None, limit: int
) -> list[Payment]:
    """A page of the partner's payments, newest first."""
    return await sql.payments(pool, filters.values("pay", before_id=before_id), limit=limit)


async def refunds(
    pool: asyncpg.Pool, filters: Filters, *, before_id: str | None, limit: int
) -> list[tuple[Refund, str]]:
    """A page of refunds with their currency, newest first."""
    values = filters.values("ref", before_id=before_id)
    return await sql.refunds(pool, values, merchant_refund_no=filters.merchant_refund_no, limit=limit)


async def payment_totals(
    pool: asyncpg.Pool, filters: Filters, *, now: datetime
) -> Sequence[PaymentTotals] | None:
    """By currency; None without a window, or with one that is too long."""
    return await sql.payment_totals(pool, filters.values("pay")) if filters.has_window(now) else None


async def refund_totals(
    pool: asyncpg.Pool, filters: Filters, *, now: datetime
) -> Sequence[RefundTotals] | None:
    """Likewise for refunds."""
    if not filters.has_window(now):
        return None
    return await sql.refund_totals(pool, filters.values("ref"), merchant_refund_no=filters.merchant_refund_no)


def _id_at(prefix: str, moment: datetime) -> str:
    """What an id drawn at this moment begins with."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return f"{prefix}_{milliseconds:012x}"
