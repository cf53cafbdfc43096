"""What offers did, and what they would take off a cart."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.money import Amount, Given, PositiveAmount
from gateway.wire.offers import CodeKind, FirstWith, OfferId, Segment, StoreId
from gateway.wire.payments import Benefit, CartLine, MembershipNo, ResourceId
from gateway.wire.time import Time


class _Part(Struct, frozen=True, kw_only=True):
    """What a part of the payments comes to; `new_payers` paid you for the first time by one of them."""

    payments: int
    payers: int
    new_payers: int
    order: Amount
    discount: Given
    clawed_back: Given


class StoreFigures(_Part, frozen=True, kw_only=True):
    """One store's part; null for sales online."""

    store_id: str | None


class DayFigures(_Part, frozen=True, kw_only=True):
    """One day's part, by the day of the payment in Asia/Shanghai, which refunds count for as well."""

    day: date


class HourFigures(_Part, frozen=True, kw_only=True):
    """One hour's part, by the hour of the payment."""

    hour: Time


class FunderFigures(Struct, frozen=True, kw_only=True):
    """What one funder's account has paid, and got back by refunds."""

    account: str
    paid: Given
    clawed_back: Given


class Figures(Struct, frozen=True, kw_only=True):
    """What the offer has done, from the rows the money moves by.

    Attributes:
        payments: with a redeemed discount; `payers` are the distinct people among them, `new_payers` those who paid you
            for the first time by such a payment.
        order: of those payments, before refunds; `discount` is what the offer gave, in its `benefit`'s unit.
        clawed_back: what refunds gave back to the funders.
        reserved: claimed by payments that are not final yet.
        budget_left, day_left: as of now; `day_left` where there is a daily budget.
        stores: the hundred with the largest discount.
        days: with a payment, the earliest first, the last 366 of them.
        hours: of the last 48, those with a payment.
    """

    offer_id: ResourceId
    as_of: Time
    payments: int
    payers: int
    new_payers: int
    order: Amount
    average_order: Amount | None
    benefit: Benefit
    discount: Given
    clawed_back: Given
    reserved: Given
    budget_left: Given
    day_left: Given | None
    funders: list[FunderFigures]
    stores: list[StoreFigures]
    days: list[DayFigures]
    hours: list[HourFigures]


class FiguresFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one store alone, by day and by hour as well; what is left of budgets is always the whole offer's."""

    store_id: StoreId | None = None


class QuoteRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cart to be quoted; the payer is unknown, so say what to assume.

    Attributes:
        segments: the payer's.
        known_to: whom the payer has paid before; offers on first purchases look at it.
        holds_coupons: of these offers, as if they had claimed one.
    """

    amount: PositiveAmount
    merchant_id: ResourceId | None = None
    store_id: ResourceId | None = None
    code_kind: CodeKind = "payment_code"
    segments: Annotated[list[Segment], Meta(max_length=20)] = []
    known_to: Annotated[list[FirstWith], Meta(max_length=2)] = []
    holds_coupons: Annotated[list[OfferId], Meta(max_length=20)] = []
    items: Annotated[list[CartLine], Meta(max_length=200)] = []
    membership_no: MembershipNo | None = None


class QuotedOffer(Struct, frozen=True, kw_only=True):
    """An offer that would be applied."""

    offer_id: ResourceId
    version: int
    name: str
    discount: Amount
    benefit: Benefit
    given: Given


class LeftOut(Struct, frozen=True, kw_only=True):
    """An offer that would not be applied, and why."""

    offer_id: ResourceId
    reason: Annotated[str, Meta(examples=["spend_too_small"])]


class Quote(Struct, frozen=True, kw_only=True):
    """The best result for a payer: `order` = `payable` + `discount`. It reserves nothing.

    `fee_waived` is what the merchant is spared.
    """

    order: Amount
    discount: Amount
    payable: Amount
    fee_waived: Amount
    applied: list[QuotedOffer]
    left_out: list[LeftOut]
    hash: str
    as_of: Time
