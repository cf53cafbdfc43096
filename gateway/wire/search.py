"""Lists of payments and refunds with what a shift took."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.wire.money import Amount
from gateway.wire.page import Cursor, PageQuery, next_id
from gateway.wire.payments import OrderNo, Payment, PaymentState, Refund, RefundNo, RefundState, ResourceId
from gateway.wire.time import Time

From = Annotated[Time, Meta(description="Made at or after this; totals need it")]
To = Annotated[Time, Meta(description="Made before this")]


class PlaceFilter(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and when; `from` up to `to`, at most 31 days apart, brings totals."""

    merchant_id: ResourceId | None = None
    store_id: ResourceId | None = None
    terminal_id: ResourceId | None = None
    merchant_order_no: OrderNo | None = None
    since: From | None = msgspec.field(default=None, name="from")
    until: To | None = msgspec.field(default=None, name="to")


class PaymentFilter(PlaceFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which payments to list."""

    cursor: Annotated[str, next_id("pay")] | None = None
    state: PaymentState | None = None


class RefundFilter(PlaceFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which refunds to list; the places are those of the payments they belong to."""

    cursor: Annotated[str, next_id("ref")] | None = None
    merchant_refund_no: RefundNo | None = None
    state: RefundState | None = None


class PaymentTotals(Struct, frozen=True, kw_only=True):
    """All payments that the filters find, on whichever page they stand; one entry for each currency.

    `count` has them all, `succeeded` those whose money moved; the amounts are of the latter. A shift's takings are
    `paid` plus `discount`, less `refunded` and `fee`.
    """

    count: int
    succeeded: int
    order: Amount
    discount: Amount
    paid: Amount
    fee: Amount
    refunded: Amount


class RefundTotals(Struct, frozen=True, kw_only=True):
    """Likewise of refunds."""

    count: int
    succeeded: int
    order: Amount
    to_payer: Amount
    to_funders: Amount
    fee_returned: Amount


class PaymentPage(Struct, frozen=True, kw_only=True):
    """Newest first. `totals` come with a window of time on the first page, else they are null."""

    items: list[Payment]
    next: Cursor | None
    totals: list[PaymentTotals] | None


class RefundPage(Struct, frozen=True, kw_only=True):
    """Newest first. `totals` come with a window of time on the first page, else they are null."""

    items: list[Refund]
    next: Cursor | None
    totals: list[RefundTotals] | None
