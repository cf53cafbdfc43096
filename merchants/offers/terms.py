"""What an offer takes off, by kind; one tagged union, so that each kind is added here and matched to the end.

Thresholds and minimum spends look at the order's amount, as the customer reads it on the shelf; a percentage
takes from what earlier offers have left. No offer takes the last minor unit: a core moves no empty debit.
"""

from typing import assert_never

from msgspec import Struct

from merchants.offers.errors import Fault

# What the payer pays at least; Chinese wallets keep to one fen as well.
LEAST_PAYABLE_MINOR = 1
WHOLE_BASIS_POINTS = 10_000
# More steps than a customer can read on a poster.
MAX_TIERS = 10


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


Terms = AmountOff | ThresholdOff | PercentOff


def discount_minor(terms: Terms, *, order_minor: int, remaining_minor: int) -> int:
    """What these terms take off now; 0 when they do not reach.

    Args:
        terms: of any kind.
        order_minor: the order's full amount, which thresholds are measured against.
        remaining_minor: what earlier offers have left to pay.
    """
    match terms:
        case ThresholdOff():
            off = _threshold_off(terms, order_minor)
        case PercentOff():
            off = remaining_minor * terms.off_basis_points // WHOLE_BASIS_POINTS
            off = 0 if order_minor < terms.min_spend_minor else off
            off = off if terms.cap_minor is None else min(off, terms.cap_minor)
        case AmountOff():
            off = 0 if order_minor < terms.min_spend_minor else terms.off_minor
        case _ as unreachable:
            assert_never(unreachable)
    return max(0, min(off, remaining_minor - LEAST_PAYABLE_MINOR))


def faults_of(terms: Terms) -> list[Fault]:
    """Everything about these terms that cannot be meant."""
    match terms:
        case AmountOff():
            return _positive("/terms/off_minor", terms.off_minor)
        case ThresholdOff():
            return [*_tier_faults(terms), *_positive("/terms/cap_minor", terms.cap_minor)]
        case PercentOff():
            whole = 0 < terms.off_basis_points < WHOLE_BASIS_POINTS
            share = [] if whole else [Fault("/terms/off_basis_points", "percent_out_of_range")]
            return [*share, *_positive("/terms/cap_minor", terms.cap_minor)]
        case _ as unreachable:
            assert_never(unreachable)


def _threshold_off(terms: ThresholdOff, order_minor: int) -> int:
    if terms.repeating:
        (tier,) = terms.tiers
        off = order_minor // tier.threshold_minor * tier.off_minor
    else:
        off = 0
        for tier in terms.tiers:
            if order_minor < tier.threshold_minor:
                break
            off = tier.off_minor
    return off if terms.cap_minor is None else min(off, terms.cap_minor)


def _tier_faults(terms: ThresholdOff) -> list[Fault]:
    faults = []
    if not 1 <= len(terms.tiers) <= MAX_TIERS or (terms.repeating and len(terms.tiers) != 1):
        faults.append(Fault("/terms/tiers", "tiers_out_of_range"))
    for place, tier in enumerate(terms.tiers):
        if not 0 < tier.off_minor < tier.threshold_minor:
            faults.append(Fault(f"/terms/tiers/{place}/off_minor", "off_reaches_threshold"))
    for place, (lower, higher) in enumerate(zip(terms.tiers, terms.tiers[1:], strict=False), start=1):
        if lower.threshold_minor >= higher.threshold_minor or lower.off_minor >= higher.off_minor:
            faults.append(Fault(f"/terms/tiers/{place}", "tiers_do_not_rise"))
    return faults


def _positive(pointer: str, amount_minor: int | None) -> list[Fault]:
    return [Fault(pointer, "amount_not_positive")] if amount_minor is not None and amount_minor < 1 else []
