import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.errors import UnknownCurrency
from merchants.ids import new_id, partner_no_of
from merchants.money import Money, allot, exponent, format_amount, numeric_code


def test_amounts_are_written_with_the_digits_of_their_currency() -> None:
    assert format_amount(Money(12800, "CNY")) == "128.00"
    assert format_amount(Money(5, "CNY")) == "0.05"
    assert format_amount(Money(-70, "CNY")) == "-0.70"
    assert format_amount(Money(128, "JPY")) == "128"
    assert format_amount(Money(1234, "KWD")) == "1.234"


def test_currencies_carry_their_iso_4217_number() -> None:
    assert numeric_code("CNY") == "156"
    assert numeric_code("AUD") == "036"


@pytest.mark.parametrize("code", ["", "cny ", "RMB", "XAU", "XXX", "¥"])
def test_what_is_no_money_of_iso_4217_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(code)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10_000), min_size=1).filter(any))
def test_a_split_sums_exactly_and_no_part_is_off_by_a_whole_unit(total: int, weights: list[int]) -> None:
    parts = allot(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@given(st.integers(0, 2**32 - 1))
def test_an_id_names_its_partner(partner_no: int) -> None:
    assert partner_no_of(new_id("pay", partner_no)) == partner_no


def test_ids_sort_by_the_millisecond_they_were_made_in_and_do_not_repeat() -> None:
    ids = [new_id("pay", 7) for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert [made[4:16] for made in ids] == sorted(made[4:16] for made in ids)


def test_a_foreign_text_names_no_partner() -> None:
    assert partner_no_of("order-7") is None
    assert partner_no_of("pay_" + "z" * 32) is None
