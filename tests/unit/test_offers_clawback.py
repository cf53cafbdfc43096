import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.offers.clawback import Legs, none_of, refund_legs


def refunded(totals: Legs, parts: list[int]) -> list[Legs]:
    """What each of these refunds gives back, one after the other."""
    already, given_back = none_of(totals), []
    for part in parts:
        legs = refund_legs(totals, already, part)
        already = already.plus(legs)
        given_back.append(legs)
    return given_back


def paid(payer: int, *funders: int, fee: int = 0) -> Legs:
    return Legs(payer_minor=payer, funders_minor=funders, fee_minor=fee)


def test_ninety_percent_then_the_rest_of_an_order_with_a_voucher() -> None:
    first, second = refunded(paid(700, 300), [900, 100])
    assert (first.payer_minor, second.payer_minor) == (630, 70)
    assert (first.funders_minor, second.funders_minor) == ((270,), (30,))


def test_ten_refunds_of_a_tenth_end_at_what_was_paid_and_none_is_negative() -> None:
    parts = refunded(paid(5, 5), [1] * 10)
    assert sum(part.payer_minor for part in parts) == 5
    assert all(part.payer_minor in {0, 1} for part in parts)


def test_five_hundred_refunds_of_a_fen_stay_within_what_was_paid() -> None:
    parts = refunded(paid(250, 250), [1] * 500)
    assert sum(part.payer_minor for part in parts) == 250
    assert all(part.payer_minor + sum(part.funders_minor) == 1 for part in parts)


# Worked by hand. Each: what payer and funders paid, the refunds, and what payer and funders get each time.
CASES = [
    # No discount: the payer gets what is refunded.
    ((1000,), [1], [(1,)]),
    ((1000,), [999, 1], [(999,), (1,)]),
    # A whole refund at once gives every leg back what it paid.
    ((700, 300), [1000], [(700, 300)]),
    ((10800, 1000, 1000), [12800], [(10800, 1000, 1000)]),
    # 128.00 paid as 108.00: refunding 64.00 gives half.
    ((10800, 2000), [6400], [(5400, 1000)]),
    ((10800, 1000, 1000), [6400], [(5400, 500, 500)]),
    # 108/128 of 28.00 is 23.625 → 23.62 or 23.63; remainders tie at .5, the earlier leg (payer) takes it.
    ((10800, 2000), [2800], [(2363, 437)]),
    # … and the next 1.00 is due 24.46875 - 23.63 = 0.83875 → 0.84.
    ((10800, 2000), [2800, 100], [(2363, 437), (84, 16)]),
    # A third each: 1 fen has the same remainder three times, legs take turns.
    ((1, 1, 1), [1, 1, 1], [(1, 0, 0), (0, 1, 0), (0, 0, 1)]),
    ((1, 1, 1), [2, 1], [(1, 1, 0), (0, 0, 1)]),
    # 0.01 of an order of 10.00 paid 3.00 / 7.00: 0.3 and 0.7 fen → the funder.
    ((300, 700), [1, 1, 1], [(0, 1), (1, 0), (0, 1)]),
    # Funded almost wholly: the payer's one fen comes back with the half.
    ((1, 999), [499, 2, 499], [(0, 499), (1, 1), (0, 499)]),
    # Bank 60 %, partner 40 % of 20.00 off 100.00: 33.33 back.
    ((8000, 1200, 800), [3333], [(2666, 400, 267)]),
    ((8000, 1200, 800), [3333, 6667], [(2666, 400, 267), (5334, 800, 533)]),
    # A mall's campaign at a tenant's till: the mall 70 %, the tenant 30 % of 30.00 off 200.00.
    ((17000, 2100, 900), [9999], [(8499, 1050, 450)]),
    ((17000, 2100, 900), [9999, 1], [(8499, 1050, 450), (1, 0, 0)]),
    # Two offers, one of the bank alone: their shares are legs of their own.
    ((7500, 2000, 250, 250), [5000, 5000], [(3750, 1000, 125, 125), (3750, 1000, 125, 125)]),
    ((7500, 2000, 250, 250), [1], [(1, 0, 0, 0)]),
    # 30/101: 0.297, 0.594, 0.109 of one fen → the largest part; then the payer is furthest behind.
    ((30, 60, 11), [1, 1], [(0, 1, 0), (1, 0, 0)]),
    # Quotas 0.45, 5.4, 1.15 → floors 0, 5, 1, and the odd fen goes to the largest remainder, .45.
    ((45, 540, 115), [7], [(1, 5, 1)]),
]


@pytest.mark.parametrize(("totals", "parts", "expected"), CASES)
def test_refunds_worked_by_hand(
    totals: tuple[int, ...], parts: list[int], expected: list[tuple[int, ...]]
) -> None:
    legs = refunded(paid(*totals), parts)
    assert [(one.payer_minor, *one.funders_minor) for one in legs] == expected


def test_the_fee_comes_back_in_the_same_part_half_up() -> None:
    parts = refunded(paid(10800, 2000, fee=77), [6400, 6400])
    assert [part.fee_minor for part in parts] == [39, 38]


def test_a_leg_that_was_rounded_up_waits_while_the_others_catch_up() -> None:
    """A failed refund may leave legs ahead of their due: nobody gets less than nothing."""
    totals, ahead = paid(60, 20, 20), paid(0, 2, 2)
    legs = refund_legs(totals, ahead, 1)
    assert (legs.payer_minor, *legs.funders_minor) == (1, 0, 0)


@st.composite
def payments_and_refunds(draw: st.DrawFn) -> tuple[Legs, list[int]]:
    amounts = st.integers(0, 5000)
    totals = Legs(
        payer_minor=draw(st.integers(1, 20_000)),
        funders_minor=tuple(draw(st.lists(amounts, max_size=4))),
        fee_minor=draw(st.integers(0, 300)),
    )
    left, parts = totals.order_minor, []
    for _ in range(draw(st.integers(1, 12))):
        if left:
            parts.append(draw(st.integers(1, left)))
            left -= parts[-1]
    return totals, [*parts, left] if left else parts


@given(payments_and_refunds())
def test_any_refunds_sum_to_what_is_refunded_and_end_where_the_payment_began(
    case: tuple[Legs, list[int]],
) -> None:
    totals, parts = case
    already = none_of(totals)
    for part, legs in zip(parts, refunded(totals, parts), strict=True):
        assert legs.order_minor == part
        assert min(legs.payer_minor, legs.fee_minor, *legs.funders_minor) >= 0
        already = already.plus(legs)
        assert already.payer_minor <= totals.payer_minor
        assert already.fee_minor <= totals.fee_minor
        for one, most in zip(already.funders_minor, totals.funders_minor, strict=True):
            assert one <= most
    assert already == totals


@given(payments_and_refunds())
def test_no_leg_is_ever_two_units_off_its_part(case: tuple[Legs, list[int]]) -> None:
    totals, parts = case
    already = none_of(totals)
    for legs in refunded(totals, parts):
        already = already.plus(legs)
        refunded_minor, order_minor = already.order_minor, totals.order_minor
        assert abs(already.payer_minor * order_minor - totals.payer_minor * refunded_minor) < 2 * order_minor
