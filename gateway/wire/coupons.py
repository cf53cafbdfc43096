"""What a payer holds and may claim, for the wallet's backend."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.money import Given
from gateway.wire.offers import OfferId
from gateway.wire.payments import PayerStatement, ResourceId
from gateway.wire.time import Time

CouponState = Literal["awaits_points", "held", "used", "refused"]


class CouponClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payer claims a coupon; one that costs points is held once the core has taken them."""

    offer_id: OfferId
    payer: PayerStatement


class Coupon(Struct, frozen=True, kw_only=True):
    """A claimed coupon. It is used by itself by the first payment that it is the best for.

    Attributes:
        state: `awaits_points` until the core has taken what it costs, or `refused` to; `used` by a payment under way or
            made, and held again when that fails.
        cost: in points; null where it costs nothing.
    """

    id: ResourceId
    offer_id: ResourceId
    name: str
    state: CouponState
    payment_id: str | None
    cost: Given | None
    good_until: Time
    created_at: Time


class BenefitsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose benefits: the payer's account, and the natural person behind it."""

    payer_id: Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", examples=["wallet-1001"])]
    person_id: Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", examples=["person-1001"])]


class EarnedBenefit(Struct, frozen=True, kw_only=True):
    """Cashback or points that a payment earned.

    Attributes:
        state: `owed` until the core has credited them, then `given`.
        taken_back: what came back from the wallet since.
    """

    payment_id: ResourceId
    offer_id: ResourceId
    benefit: Literal["cashback", "points"]
    state: Literal["owed", "given"]
    amount: Given
    taken_back: Given


class PointsBalance(Struct, frozen=True, kw_only=True):
    """Points of one programme, as far as they were earned and spent here; below zero is owed to it."""

    programme: Annotated[str, Meta(examples=["points:mer_0193a2b4c5d67e8f9a0b1c2d00000007.club"])]
    points: int


class Benefits(Struct, frozen=True, kw_only=True):
    """What a payer has: coupons that may still be used, points, and the latest they earned, newest first."""

    coupons: list[Coupon]
    points: list[PointsBalance]
    earned: list[EarnedBenefit]
