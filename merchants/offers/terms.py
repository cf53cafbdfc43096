"""What an offer gives, by kind; one tagged union, so that each kind is added here and matched to the end.

Three kinds take something off the order, one pays back after it, one gives points, one spares the merchant its fee;
a first purchase and a coupon say to whom one of these is given. What each gives for a cart is in `giving.py`.
"""

from collections.abc import Iterable
from typing import Literal, assert_never

from msgspec import Struct

from merchants.offers.errors import Fault

WHOLE_BASIS_POINTS = 10_000
# More steps than a customer can read on a poster.
MAX_TIERS = 10

# Whom a first purchase is the first with: any merchant of this wallet, or this partner.
FirstWith = Literal["wallet", "partner"]
HandedOut = Literal["claimed", "pushed"]
ProgrammeOwner = Literal["bank", "partner"]


class AmountOff(Struct, frozen=True, kw_only=True, tag_field="kind", tag="amount_off", omit_defaults=True):
    """A fixed amount off, from a minimum spend on."""

    off_minor: int
    min_spend_minor: int = 0


class Tier(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Spend this much, get this much off."""

    threshold_minor: int
    off_minor: int


class ThresholdOff(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="threshold_off", omit_defaults=True
):
    """满减: the highest tier reached, or one tier taken as often as the order holds it; capped.

    Attributes:
        tiers: rising in threshold and in amount off.
        repeating: "20 off every 100": a single tier, multiplied.
        cap_minor: the most it ever takes off.
    """

    tiers: tuple[Tier, ...]
    repeating: bool = False
    cap_minor: int | None = None


class PercentOff(Struct, frozen=True, kw_only=True, tag_field="kind", tag="percent_off", omit_defaults=True):
    """A percentage off, fractions of a minor unit dropped; capped."""

    off_basis_points: int
    min_spend_minor: int = 0
    cap_minor: int | None = None


class Cashback(Struct, frozen=True, kw_only=True, tag_field="kind", tag="cashback", omit_defaults=True):
    """A percentage of what was paid, back into the wallet after the payment; capped."""

    back_basis_points: int
    min_spend_minor: int = 0
    cap_minor: int | None = None


class Programme(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points' programme: the name is its owner's own, so nobody gives away or takes another's points."""

    name: str
    owner: ProgrammeOwner = "partner"


class Points(Struct, frozen=True, kw_only=True, tag_field="kind", tag="points", omit_defaults=True):
    """So many points for every whole `per_minor` that was paid, after the payment; capped.

    Budgets and caps of such an offer count points. "Double on members' day" is a second offer of the same group.

    Attributes:
        worth_minor: what a hundred points are worth: points that were spent when the payment is refunded are deducted
            from the refund at this rate.
    """

    programme: Programme
    points: int
    per_minor: int
    worth_minor: int
    min_spend_minor: int = 0
    cap_points: int | None = None


class FeeWaiver(Struct, frozen=True, kw_only=True, tag_field="kind", tag="fee_waiver", omit_defaults=True):
    """The merchant is spared its fee, or a part of it: on a payer's first payment, or in the offer's window."""

    waived_basis_points: int = WHOLE_BASIS_POINTS
    first_with: FirstWith | None = None


class FirstPurchase(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="first_purchase", omit_defaults=True
):
    """Given once to a natural person, on the first payment with the wallet or with this partner."""

    first_with: FirstWith
    gives: AmountOff | ThresholdOff | PercentOff | Cashback


class PointsPrice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a coupon costs its claimer; by this, points are redeemed."""

    programme: Programme
    points: int


class Coupon(Struct, frozen=True, kw_only=True, tag_field="kind", tag="coupon", omit_defaults=True):
    """Taken off by itself when it is the best for whoever holds it.

    Attributes:
        handed_out: `claimed` in the wallet beforehand; `pushed`: everybody in the offer's segments holds it.
        copies: how many are handed out at most.
        per_person: how many one natural person may claim, or use where they are pushed.
        good_for_days: how long a claimed one may be used, the day of the claim included; at most until the offer ends.
        price: what claiming one costs, in points.
    """

    gives: AmountOff | ThresholdOff | PercentOff
    handed_out: HandedOut
    copies: int | None = None
    per_person: int = 1
    good_for_days: int | None = None
    price: PointsPrice | None = None


Plain = AmountOff | ThresholdOff | PercentOff | Cashback | Points | FeeWaiver
Terms = Plain | FirstPurchase | Coupon


def plain(terms: Terms) -> Plain:
    """What is given, without to whom."""
    return terms.gives if isinstance(terms, FirstPurchase | Coupon) else terms


def first_with(terms: Terms) -> FirstWith | None:
    """Whom it must be the payer's first payment with."""
    return terms.first_with if isinstance(terms, FirstPurchase | FeeWaiver) else None


def faults_of(terms: Terms) -> list[Fault]:
    """Everything about these terms that cannot be meant."""
    if isinstance(terms, FirstPurchase):
        return _plain_faults(terms.gives, "/terms/gives")
    if isinstance(terms, Coupon):
        return [*_plain_faults(terms.gives, "/terms/gives"), *_coupon_faults(terms)]
    return _plain_faults(terms, "/terms")


def _plain_faults(terms: Plain, at: str) -> list[Fault]:
    match terms:
        case AmountOff():
            return _positive(f"{at}/off_minor", terms.off_minor)
        case ThresholdOff():
            return [*_tier_faults(terms, at), *_positive(f"{at}/cap_minor", terms.cap_minor)]
        case PercentOff():
            whole = 0 < terms.off_basis_points < WHOLE_BASIS_POINTS
            share = [] if whole else [Fault(f"{at}/off_basis_points", "percent_out_of_range")]
            return [*share, *_positive(f"{at}/cap_minor", terms.cap_minor)]
        case Cashback():
            whole = 0 < terms.back_basis_points < WHOLE_BASIS_POINTS
            share = [] if whole else [Fault(f"{at}/back_basis_points", "percent_out_of_range")]
            return [*share, *_positive(f"{at}/cap_minor", terms.cap_minor)]
        case Points():
            names = ("points", "per_minor", "worth_minor", "cap_points")
            return [one for name in names for one in _positive(f"{at}/{name}", getattr(terms, name))]
        case FeeWaiver():
            whole = 0 < terms.waived_basis_points <= WHOLE_BASIS_POINTS
            return [] if whole else [Fault(f"{at}/waived_basis_points", "percent_out_of_range")]
        case _ as unreachable:
            assert_never(unreachable)


def _coupon_faults(terms: Coupon) -> Iterable[Fault]:
    for name in ("copies", "per_person", "good_for_days"):
        yield from _positive(f"/terms/{name}", getattr(terms, name))
    if terms.price is not None:
        yield from _positive("/terms/price/points", terms.price.points)
    claims = {"copies": terms.copies, "good_for_days": terms.good_for_days, "price": terms.price}
    if terms.handed_out == "pushed":
        yield from (
            Fault(f"/terms/{name}", "claimed_coupons_only")
            for name, value in claims.items()
            if value is not None
        )


def _tier_faults(terms: ThresholdOff, at: str) -> list[Fault]:
    faults = []
    if not 1 <= len(terms.tiers) <= MAX_TIERS or (terms.repeating and len(terms.tiers) != 1):
        faults.append(Fault(f"{at}/tiers", "tiers_out_of_range"))
    for place, tier in enumerate(terms.tiers):
        if not 0 < tier.off_minor < tier.threshold_minor:
            faults.append(Fault(f"{at}/tiers/{place}/off_minor", "off_reaches_threshold"))
    for place, (lower, higher) in enumerate(zip(terms.tiers, terms.tiers[1:], strict=False), start=1):
        if lower.threshold_minor >= higher.threshold_minor or lower.off_minor >= higher.off_minor:
            faults.append(Fault(f"{at}/tiers/{place}", "tiers_do_not_rise"))
    return faults


def _positive(pointer: str, amount: int | None) -> list[Fault]:
    return [Fault(pointer, "amount_not_positive")] if amount is not None and amount < 1 else []
