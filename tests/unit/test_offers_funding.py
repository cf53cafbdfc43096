"""Who pays how much of what an offer gives, worked by hand."""

import pytest

from merchants.offers.errors import Fault
from merchants.offers.funding import Funding, Share, split
from merchants.offers.giving import give
from merchants.offers.offer import _fee_faults
from merchants.offers.terms import (
    AmountOff,
    Cashback,
    Coupon,
    FeeWaiver,
    FirstPurchase,
    Points,
    Programme,
    Terms,
)
from tests.builders import a_deal

BANK, MALL, TENANT, BRAND = "bank:offers", "funder:mer_mall", "funder:mer_tenant", "funder:mer_brand"


def shares(*parts: tuple[str, int], rounding: str) -> Funding:
    return Funding(
        shares=tuple(
            Share(funder="other", basis_points=part, partner_id=name)
            if name.startswith("mer_")
            else Share(funder=name, basis_points=part)  # type: ignore[arg-type] # the names of funders
            for name, part in parts
        ),
        rounding=rounding,  # type: ignore[arg-type] # likewise
    )


ALL_BANK = shares(("bank", 10_000), rounding="bank")
SIXTY_FORTY = shares(("bank", 6_000), ("partner", 4_000), rounding="bank")
MALLS_OWN = shares(("partner", 10_000), rounding="partner")
MALL_AND_TENANT = shares(("partner", 7_000), ("seller", 3_000), rounding="partner")
THIRDS = shares(("bank", 3_334), ("partner", 3_333), ("seller", 3_333), rounding="seller")
WITH_BRAND = shares(("bank", 2_500), ("partner", 2_500), ("mer_brand", 5_000), rounding="other")


# At a tenant's till, whose mall is the partner: what is given, and what each account pays of it.
@pytest.mark.parametrize(
    ("funding", "given", "expected"),
    [
        (ALL_BANK, 1, {BANK: 1}),
        (ALL_BANK, 2_000, {BANK: 2_000}),
        (SIXTY_FORTY, 2_000, {BANK: 1_200, MALL: 800}),
        # 0.6 and 0.4 of a fen are nothing each; the bank absorbs it.
        (SIXTY_FORTY, 1, {BANK: 1}),
        # 1.2 → 1 and 0.8 → 0: the odd fen is the bank's.
        (SIXTY_FORTY, 2, {BANK: 2}),
        (SIXTY_FORTY, 3, {BANK: 2, MALL: 1}),
        (SIXTY_FORTY, 999, {BANK: 600, MALL: 399}),
        # The mall's campaign at a tenant's till: the tenant never pays for it.
        (MALLS_OWN, 3_000, {MALL: 3_000}),
        (MALL_AND_TENANT, 3_000, {MALL: 2_100, TENANT: 900}),
        (MALL_AND_TENANT, 1, {MALL: 1}),
        (MALL_AND_TENANT, 9, {MALL: 7, TENANT: 2}),
        # 333.4, 333.3, 333.3: two rounded down, the seller takes what is left over.
        (THIRDS, 1_000, {BANK: 333, MALL: 333, TENANT: 334}),
        (THIRDS, 1, {TENANT: 1}),
        (WITH_BRAND, 1_000, {BANK: 250, MALL: 250, BRAND: 500}),
        # 0.75, 0.75, 1.5: the brand absorbs two.
        (WITH_BRAND, 3, {BRAND: 3}),
        (WITH_BRAND, 7, {BANK: 1, MALL: 1, BRAND: 5}),
    ],
)
def test_shares_at_a_tenants_till_worked_by_hand(
    funding: Funding, given: int, expected: dict[str, int]
) -> None:
    parts = split(funding, given, partner_id="mer_mall", merchant_id="mer_tenant")
    assert {one.account: one.amount_minor for one in parts} == expected


def test_at_its_own_till_a_partners_two_shares_are_one_account() -> None:
    parts = split(MALL_AND_TENANT, 1_001, partner_id="mer_mall", merchant_id="mer_mall")
    assert [(one.account, one.amount_minor) for one in parts] == [(MALL, 1_001)]


THREE_PERCENT = Cashback(back_basis_points=300, min_spend_minor=1_000, cap_minor=500)
TWO_A_YUAN = Points(
    programme=Programme(name="club"), points=2, per_minor=100, worth_minor=100, cap_points=500
)
HALF_THE_FEE = FeeWaiver(waived_basis_points=5_000)


# Goods, what earlier offers left of the order, and the fee; and what is given.
@pytest.mark.parametrize(
    ("terms", "goods", "left", "fee", "given"),
    [
        (THREE_PERCENT, 10_000, 10_000, 0, 300),
        (THREE_PERCENT, 999, 999, 0, 0),
        (THREE_PERCENT, 1_033, 1_033, 0, 30),
        (THREE_PERCENT, 100_000, 100_000, 0, 500),
        # 20.00 were taken off before: the cashback is on what is paid.
        (THREE_PERCENT, 10_000, 8_000, 0, 240),
        # Only 50.00 of the cart are meant.
        (THREE_PERCENT, 5_000, 12_000, 0, 150),
        (TWO_A_YUAN, 12_850, 12_850, 0, 256),
        (TWO_A_YUAN, 99, 99, 0, 0),
        (TWO_A_YUAN, 12_850, 10_799, 0, 214),
        (TWO_A_YUAN, 1_000_000, 1_000_000, 0, 500),
        (FeeWaiver(), 10_000, 10_000, 38, 38),
        (HALF_THE_FEE, 10_000, 10_000, 77, 38),
        (HALF_THE_FEE, 10_000, 10_000, 0, 0),
        (FirstPurchase(first_with="wallet", gives=AmountOff(off_minor=800)), 10_000, 10_000, 0, 800),
        (FirstPurchase(first_with="partner", gives=THREE_PERCENT), 10_000, 10_000, 0, 300),
        (Coupon(gives=AmountOff(off_minor=800), handed_out="pushed"), 10_000, 10_000, 0, 800),
        # The goods that are meant cost 5.00: no more than that comes off.
        (AmountOff(off_minor=800), 500, 10_000, 0, 500),
        (AmountOff(off_minor=800), 800, 800, 0, 799),
    ],
)
def test_each_kind_gives_what_the_poster_says(
    terms: Terms, goods: int, left: int, fee: int, given: int
) -> None:
    assert give(terms)(goods, left, fee) == given


def test_a_further_funder_is_named_and_only_the_bank_gives_its_fee_away() -> None:
    nameless = Funding(shares=(Share(funder="other", basis_points=10_000),), rounding="other")
    assert Fault("/funding/shares", "funder_unnamed") in list(nameless.faults())
    assert list(WITH_BRAND.faults()) == []
    shared = a_deal(terms=FeeWaiver(), funding=SIXTY_FORTY)
    assert [fault.code for fault in _fee_faults(shared)] == ["fee_is_the_banks"]
