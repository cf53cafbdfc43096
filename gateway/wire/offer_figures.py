"""What offers did, and what they would take off a cart."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.offers import CodeKind, Segment
from gateway.wire.payments import ResourceId
from gateway.wire.time import Time


class StoreFigures(Struct, frozen=True, kw_only=True):
    """One store's part; null for sales online."""

    store_id: str | None
    payments: int
    order: Amount
    discount: Amount


class HourFigures(Struct, frozen=True, kw_only=True):
    """One hour's part."""

    hour: Time
    payments: int
    order: Amount
    discount: Amount


class FunderFigures(Struct, frozen=True, kw_only=True):
    """What one funder's account has paid, and got back by refunds."""

    account: str
    paid: Amount
    clawed_back: Amount


class Figures(Struct, frozen=True, kw_only=True):
    """What the offer has done, from the rows the money moves by.

    Attributes:
        payments: with a redeemed discount; `payers` are the distinct people among them.
        order, discount: of those payments, before refunds.
        clawed_back: what refunds gave back to the funders.
        reserved: claimed by payments that are not final yet.
        budget_left, day_left: as of now; `day_left` where there is a daily budget.
        stores: the hundred with the largest discount.
        hours: of the last 48, those with a payment.
    """

    offer_id: ResourceId
    as_of: Time
    payments: int
    payers: int
    order: Amount
    average_order: Amount | None
    discount: Amount
    clawed_back: Amount
    reserved: Amount
    budget_left: Amount
    day_left: Amount | None
    funders: list[FunderFigures]
    stores: list[StoreFigures]
    hours: list[HourFigures]


class QuoteRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cart to be quoted; the payer is unknown, so say which segments to assume."""

    amount: PositiveAmount
    merchant_id: ResourceId | None = None
    store_id: ResourceId | None = None
    code_kind: CodeKind = "payment_code"
    segments: Annotated[list[Segment], Meta(max_length=20)] = []


class QuotedOffer(Struct, frozen=True, kw_only=True):
    """An offer that would be applied."""

    offer_id: ResourceId
    version: int
    name: str
    discount: Amount


class LeftOut(Struct, frozen=True, kw_only=True):
    """An offer that would not be applied, and why."""

    offer_id: ResourceId
    reason: Annotated[str, Meta(examples=["spend_too_small"])]


class Quote(Struct, frozen=True, kw_only=True):
    """The best result for a payer: `order` = `payable` + `discount`. It reserves nothing."""

    order: Amount
    discount: Amount
    payable: Amount
    applied: list[QuotedOffer]
    left_out: list[LeftOut]
    hash: str
    as_of: Time
