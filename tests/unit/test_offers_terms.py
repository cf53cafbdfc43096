from datetime import date, time

import pytest

from merchants.offers.errors import OfferUnsound
from merchants.offers.funding import Funding, Share, split
from merchants.offers.giving import discount_minor
from merchants.offers.offer import Budgets, Deal, Hours, Offer, PersonCaps, Target, check, hash_of
from merchants.offers.terms import AmountOff, PercentOff, Terms, ThresholdOff, Tier
from tests.builders import a_deal, an_offer

EVERY_100 = ThresholdOff(tiers=(Tier(threshold_minor=10_000, off_minor=2_000),), repeating=True)
TIERS = ThresholdOff(
    tiers=(Tier(threshold_minor=10_000, off_minor=1_000), Tier(threshold_minor=20_000, off_minor=3_000))
)
CAPPED = ThresholdOff(tiers=EVERY_100.tiers, repeating=True, cap_minor=5_000)
TWELVE_PERCENT = PercentOff(off_basis_points=1_200, cap_minor=3_000)
FIVE_OFF = AmountOff(off_minor=500, min_spend_minor=1_000)


@pytest.mark.parametrize(
    ("terms", "order", "off"),
    [
        (EVERY_100, 9_999, 0),
        (EVERY_100, 10_000, 2_000),
        (EVERY_100, 12_800, 2_000),
        (EVERY_100, 20_000, 4_000),
        (CAPPED, 30_000, 5_000),
        (TIERS, 9_999, 0),
        (TIERS, 19_999, 1_000),
        (TIERS, 50_000, 3_000),
        (TWELVE_PERCENT, 10_000, 1_200),
        (TWELVE_PERCENT, 33, 3),
        (TWELVE_PERCENT, 8, 0),
        (TWELVE_PERCENT, 100_000, 3_000),
        (FIVE_OFF, 999, 0),
        (FIVE_OFF, 1_000, 500),
        (AmountOff(off_minor=500), 300, 299),
        (AmountOff(off_minor=500), 1, 0),
    ],
)
def test_terms_take_off_what_the_poster_says(terms: Terms, order: int, off: int) -> None:
    assert discount_minor(terms, order_minor=order, remaining_minor=order) == off


def test_a_threshold_looks_at_the_order_and_a_percentage_at_what_is_left() -> None:
    assert discount_minor(EVERY_100, order_minor=10_000, remaining_minor=9_000) == 2_000
    assert discount_minor(TWELVE_PERCENT, order_minor=10_000, remaining_minor=5_000) == 600


def test_hours_may_run_past_midnight() -> None:
    night = Hours(start=time(22), end=time(2))
    assert [night.holds(time(hour)) for hour in (21, 22, 23, 0, 1, 2)] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    until_midnight = Hours(start=time(18), end=time(0))
    assert until_midnight.holds(time(23, 59))
    assert not until_midnight.holds(time(0))


@pytest.mark.parametrize(
    ("shares", "rounding", "discount", "expected"),
    [
        ((("bank", 5_000), ("partner", 5_000)), "bank", 2_001, {"bank:offers": 1_001, "funder:mer_p": 1_000}),
        (
            (("bank", 5_000), ("partner", 5_000)),
            "partner",
            2_001,
            {"bank:offers": 1_000, "funder:mer_p": 1_001},
        ),
        ((("bank", 3_333), ("partner", 6_667)), "partner", 100, {"bank:offers": 33, "funder:mer_p": 67}),
        ((("bank", 10_000),), "bank", 7, {"bank:offers": 7}),
        # One fen: rounded down to nothing for both, so the absorber pays it alone.
        ((("bank", 6_000), ("partner", 4_000)), "partner", 1, {"funder:mer_p": 1}),
        # A mall's campaign at a tenant's till: the tenant pays its own share and nothing of the mall's.
        (
            (("partner", 7_000), ("seller", 3_000)),
            "partner",
            3_001,
            {"funder:mer_p": 2_101, "funder:mer_tenant": 900},
        ),
        (
            (("bank", 3_334), ("partner", 3_333), ("seller", 3_333)),
            "seller",
            100,
            {"bank:offers": 33, "funder:mer_p": 33, "funder:mer_tenant": 34},
        ),
    ],
)
def test_funding_worked_by_hand(
    shares: tuple[tuple[str, int], ...], rounding: str, discount: int, expected: dict[str, int]
) -> None:
    funding = Funding(
        shares=tuple(Share(funder=funder, basis_points=part) for funder, part in shares),  # type: ignore[arg-type]
        rounding=rounding,  # type: ignore[arg-type]
    )
    parts = split(funding, discount, partner_id="mer_p", merchant_id="mer_tenant")
    assert {part.account: part.amount_minor for part in parts} == expected


def test_a_partner_at_its_own_till_is_one_funder() -> None:
    funding = Funding(
        shares=(Share(funder="partner", basis_points=5_000), Share(funder="seller", basis_points=5_000)),
        rounding="seller",
    )
    (only,) = split(funding, 2_001, partner_id="mer_p", merchant_id="mer_p")
    assert (only.account, only.amount_minor) == ("funder:mer_p", 2_001)


def test_the_hash_is_of_the_terms_and_of_whose_they_are() -> None:
    offer = an_offer()
    same = Offer(id=offer.id, partner_id=offer.partner_id, version=1, deal=a_deal())
    assert hash_of(offer) == hash_of(same)
    others = [
        an_offer(version=2),
        an_offer(id="ofr_2"),
        an_offer(deal=a_deal(terms=TIERS)),
        an_offer(deal=a_deal(budgets=Budgets(total_minor=1))),
    ]
    assert len({hash_of(one) for one in (offer, *others)}) == 5


def test_the_hash_does_not_depend_on_the_order_of_a_set() -> None:
    days = date(2026, 11, 1), date(2026, 11, 30)
    one, other = (
        Target(starts_on=days[0], ends_on=days[1], stores=frozenset(stores))
        for stores in ([f"sto_{n}" for n in range(50)], [f"sto_{n}" for n in reversed(range(50))])
    )
    assert hash_of(an_offer(deal=a_deal(target=one))) == hash_of(an_offer(deal=a_deal(target=other)))


@pytest.mark.parametrize(
    ("deal", "pointer"),
    [
        (a_deal(terms=ThresholdOff(tiers=())), "/terms/tiers"),
        (a_deal(terms=ThresholdOff(tiers=TIERS.tiers, repeating=True)), "/terms/tiers"),
        (a_deal(terms=ThresholdOff(tiers=TIERS.tiers[::-1])), "/terms/tiers/1"),
        (
            a_deal(terms=ThresholdOff(tiers=(Tier(threshold_minor=100, off_minor=100),))),
            "/terms/tiers/0/off_minor",
        ),
        (a_deal(terms=ThresholdOff(tiers=EVERY_100.tiers, cap_minor=0)), "/terms/cap_minor"),
        (a_deal(terms=AmountOff(off_minor=0)), "/terms/off_minor"),
        (a_deal(terms=PercentOff(off_basis_points=10_000)), "/terms/off_basis_points"),
        (a_deal(currency="RMB"), "/currency"),
        (a_deal(budgets=Budgets(total_minor=0)), "/budgets/total_minor"),
        (a_deal(person_caps=PersonCaps(uses_per_day=0)), "/person_caps/uses_per_day"),
        (a_deal(target=Target(starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1))), "/target/ends_on"),
        (
            a_deal(
                target=Target(starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 1), weekdays=frozenset({0}))
            ),
            "/target/weekdays",
        ),
        (
            a_deal(funding=Funding(shares=(Share(funder="bank", basis_points=9_999),), rounding="bank")),
            "/funding/shares",
        ),
        (
            a_deal(funding=Funding(shares=(Share(funder="bank", basis_points=10_000),), rounding="seller")),
            "/funding/rounding",
        ),
    ],
)
def test_terms_that_cannot_be_meant_are_refused_at_their_place(deal: Deal, pointer: str) -> None:
    with pytest.raises(OfferUnsound) as refusal:
        check(deal)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]
    assert all(fault.detail for fault in refusal.value.faults)


def test_sound_terms_of_every_kind_pass() -> None:
    for terms in (EVERY_100, TIERS, CAPPED, TWELVE_PERCENT, FIVE_OFF):
        check(a_deal(terms=terms))
