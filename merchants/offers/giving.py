"""What terms give for a cart, in which form, and in which unit.

Thresholds and minimum spends look at the goods' full price, as the customer reads it on the shelf; percentages and
points at what earlier offers have left to pay. No discount takes the last minor unit: a core moves no empty debit.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

from merchants.offers.terms import (
    WHOLE_BASIS_POINTS,
    AmountOff,
    Cashback,
    FeeWaiver,
    PercentOff,
    Points,
    Programme,
    Terms,
    ThresholdOff,
    plain,
)

# What the payer pays at least; Chinese wallets keep to one fen as well.
LEAST_PAYABLE_MINOR = 1
# A hundred points are what their worth is told for.
_HUNDRED = 100


class Form(StrEnum):
    """In which form something is given."""

    DISCOUNT = "discount"
    CASHBACK = "cashback"
    POINTS = "points"
    FEE = "fee_waiver"


# What is given after the payment, by a transfer of its own.
CREDITED = frozenset({Form.CASHBACK, Form.POINTS})

# (goods, left, fee) → what is given: the price of the goods that are meant, what earlier offers have left to pay of
# the order, and the merchant's fee, all in minor units.
Give = Callable[[int, int, int], int]


def form_of(terms: Terms) -> Form:
    """What the payer, or for a waived fee the merchant, gets."""
    match plain(terms):
        case AmountOff() | ThresholdOff() | PercentOff():
            return Form.DISCOUNT
        case Cashback():
            return Form.CASHBACK
        case Points():
            return Form.POINTS
        case FeeWaiver():
            return Form.FEE
        case _ as unreachable:
            assert_never(unreachable)


def points_unit(programme: Programme, partner_id: str) -> str:
    """The unit of a core's accounts: the owner stands in it, so a name cannot be taken away from anybody."""
    owner = "bank" if programme.owner == "bank" else partner_id
    return f"points:{owner}.{programme.name}"


def unit_of(terms: Terms, *, currency: str, partner_id: str) -> str:
    """What the offer's amounts, budgets and caps are counted in."""
    given = plain(terms)
    return points_unit(given.programme, partner_id) if isinstance(given, Points) else currency


def worth_of(points: int, terms: Points) -> int:
    """What points are worth in minor units; a fraction is not asked of anybody."""
    return points * terms.worth_minor // _HUNDRED


def discount_minor(terms: Terms, *, order_minor: int, remaining_minor: int) -> int:
    """What these terms give on a whole order now; 0 when they do not reach."""
    return give(terms)(order_minor, remaining_minor, 0)


def give(terms: Terms) -> Give:
    """These terms as a function, made once for many payments."""
    match plain(terms):
        case AmountOff() as given:
            return _amount_off(given)
        case ThresholdOff() as given:
            return _repeating_off(given) if given.repeating else _tiers_off(given)
        case PercentOff() as given:
            return _percent_off(given)
        case Cashback() as given:
            return _cashback(given)
        case Points() as given:
            return _points(given)
        case FeeWaiver() as given:
            waived = given.waived_basis_points
            return lambda _goods, _left, fee: fee * waived // WHOLE_BASIS_POINTS
        case _ as unreachable:
            assert_never(unreachable)


def least(terms: Terms) -> int:
    """The least these terms ever give."""
    match plain(terms):
        case AmountOff() as given:
            # Less than that is taken off a smaller cart.
            return 1 if given.min_spend_minor <= given.off_minor else given.off_minor
        case ThresholdOff() as given:
            off_minor = given.tiers[0].off_minor
            return off_minor if given.cap_minor is None else min(off_minor, given.cap_minor)
        case Points() as given:
            return given.points if given.cap_points is None else min(given.points, given.cap_points)
        case PercentOff() | Cashback() | FeeWaiver():
            return 1
        case _ as unreachable:
            assert_never(unreachable)


def least_spend_minor(terms: Terms) -> int:
    """Goods for less than this are given nothing; on more, it depends."""
    given = plain(terms)
    match given:
        case ThresholdOff():
            return given.tiers[0].threshold_minor
        case AmountOff() | PercentOff() | Cashback() | Points():
            return given.min_spend_minor
        case FeeWaiver():
            return 0
        case _ as unreachable:
            assert_never(unreachable)


def _amount_off(terms: AmountOff) -> Give:
    off, least = terms.off_minor, terms.min_spend_minor

    def given(goods: int, left: int, _fee: int) -> int:
        if goods < least:
            return 0
        return _within(off, goods, left)

    return given


def _repeating_off(terms: ThresholdOff) -> Give:
    (tier,) = terms.tiers
    threshold, off, cap = tier.threshold_minor, tier.off_minor, terms.cap_minor

    def given(goods: int, left: int, _fee: int) -> int:
        wanted = goods // threshold * off
        if cap is not None and wanted > cap:
            wanted = cap
        return _within(wanted, goods, left)

    return given


def _tiers_off(terms: ThresholdOff) -> Give:
    # The highest first.
    steps = [(tier.threshold_minor, tier.off_minor) for tier in reversed(terms.tiers)]
    cap = terms.cap_minor

    def given(goods: int, left: int, _fee: int) -> int:
        for threshold, off in steps:
            if goods >= threshold:
                return _within(off if cap is None or off < cap else cap, goods, left)
        return 0

    return given


def _percent_off(terms: PercentOff) -> Give:
    percent, least, cap = terms.off_basis_points, terms.min_spend_minor, terms.cap_minor

    def given(goods: int, left: int, _fee: int) -> int:
        if goods < least:
            return 0
        off = (min(goods, left)) * percent // WHOLE_BASIS_POINTS
        return _within(off if cap is None or off < cap else cap, goods, left)

    return given


def _cashback(terms: Cashback) -> Give:
    percent, least, cap = terms.back_basis_points, terms.min_spend_minor, terms.cap_minor

    def given(goods: int, left: int, _fee: int) -> int:
        if goods < least:
            return 0
        back = (min(goods, left)) * percent // WHOLE_BASIS_POINTS
        return back if cap is None or back < cap else cap

    return given


def _points(terms: Points) -> Give:
    points, per, least, cap = terms.points, terms.per_minor, terms.min_spend_minor, terms.cap_points

    def given(goods: int, left: int, _fee: int) -> int:
        if goods < least:
            return 0
        earned = (min(goods, left)) // per * points
        return earned if cap is None or earned < cap else cap

    return given


def _within(off: int, goods: int, left: int) -> int:
    """A discount takes no more than the goods cost, and leaves something to pay."""
    if off <= goods and off <= left - LEAST_PAYABLE_MINOR:
        return off
    return max(0, min(off, goods, left - LEAST_PAYABLE_MINOR))
