"""Webhooks about co-branded offers and the discounts they gave."""

from datetime import date
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from gateway.wire.money import Amount, Given
from gateway.wire.offers import OfferState, Party
from gateway.wire.payments import Benefit
from gateway.wire.time import Time
from gateway.wire.told import Sequence, Told


class DiscountShare(Struct, frozen=True, kw_only=True):
    """What one funder's account pays of the discount, and what refunds gave back of it so far."""

    account: str
    share: Given
    clawed_back: Given


class DiscountNews(Struct, frozen=True, kw_only=True):
    """An offer's part in a payment, as it is after the change that is told.

    Attributes:
        audience: `funder` where you pay a share of it, which adds the last three members; else `merchant`.
        sequence: the payment's.
        benefit: in which form the offer gives something.
        discount: what it gives: a discount is part of the order; cashback and points follow the payment, and are in
            their own unit; a waived fee is yours.
        clawed_back: of that, what all refunds so far gave back to the funders.
        refund_id: of the refund that is told of.
        budget_left: of the offer's total budget, as of `budget_left_as_of`.
    """

    audience: Literal["merchant", "funder"]
    sequence: Sequence
    payment_id: str
    offer_id: str
    offer_version: int
    state: Literal["reserved", "redeemed", "released"]
    merchant_id: str
    store_id: str | None
    order: Amount
    benefit: Benefit
    discount: Given
    clawed_back: Given
    refund_id: str | UnsetType = UNSET
    shares: list[DiscountShare] | UnsetType = UNSET
    budget_left: Given | UnsetType = UNSET
    budget_left_as_of: Time | UnsetType = UNSET


class DiscountEvent(Told, frozen=True, kw_only=True):
    """A payment reserved a discount, redeemed it or let it go, or a refund took part of it back."""

    type: Literal["discount.reserved", "discount.redeemed", "discount.released", "discount.clawed_back"]
    data: DiscountNews


class OfferNews(Struct, frozen=True, kw_only=True):
    """An offer as it is after the change that is told.

    `paused_by` is who wants it paused, `withdrawn` which third parties took their share of this version back.
    """

    audience: Literal["merchant", "funder"]
    sequence: Sequence
    offer_id: str
    offer_version: int
    hash: str
    name: str
    state: OfferState
    reason: str
    paused_by: list[Party]
    withdrawn: list[str] = []
    starts_on: date
    ends_on: date


class OfferEvent(Told, frozen=True, kw_only=True):
    """An offer took a step."""

    type: Literal[
        "offer.proposed",
        "offer.countered",
        "offer.agreed",
        "offer.live",
        "offer.paused",
        "offer.funding_withdrawn",
        "offer.budget_80",
        "offer.exhausted",
        "offer.ended",
    ]
    data: OfferNews
