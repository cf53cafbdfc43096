"""The best of all kinds together, against every subset there is."""

import itertools
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from merchants.offers.giving import Form, form_of, give
from merchants.offers.live import LiveOffers
from merchants.offers.offer import Offer, Stacking
from merchants.offers.quote import Quote, best
from merchants.offers.stacking import TOGETHER
from merchants.offers.terms import AmountOff, Cashback, FeeWaiver, PercentOff, Plain, Points, Programme
from tests.builders import a_cart, a_deal, a_payer, an_offer

NOW = datetime(2026, 11, 11, 7, tzinfo=UTC)
FEE_MINOR = 77
_TURN = [Form.DISCOUNT, Form.CASHBACK, Form.POINTS, Form.FEE]

KINDS: st.SearchStrategy[Plain] = st.one_of(
    st.builds(AmountOff, off_minor=st.integers(1, 900)),
    st.builds(PercentOff, off_basis_points=st.integers(1, 9_000)),
    st.builds(Cashback, back_basis_points=st.integers(1, 5_000), cap_minor=st.none() | st.integers(1, 300)),
    st.builds(
        Points,
        programme=st.just(Programme(name="club")),
        points=st.integers(1, 5),
        per_minor=st.sampled_from([10, 100]),
        worth_minor=st.just(100),
    ),
    st.builds(FeeWaiver, waived_basis_points=st.integers(1, 10_000)),
)


@st.composite
def offers_of_all_kinds(draw: st.DrawFn) -> list[Offer]:
    return [
        an_offer(
            id=f"ofr_{no}",
            deal=a_deal(
                terms=draw(KINDS),
                stacking=Stacking(
                    group=draw(st.sampled_from([None, None, "a"])),
                    priority=draw(st.integers(0, 2)),
                    exclusive=draw(st.integers(0, 6)) == 0,
                ),
            ),
        )
        for no in range(draw(st.integers(0, 8)))
    ]


def turn(offer: Offer) -> tuple[int, int, str]:
    return _TURN.index(form_of(offer.deal.terms)), offer.deal.stacking.priority, offer.id


def allowed(subset: tuple[Offer, ...]) -> bool:
    groups = [one.deal.stacking.group for one in subset if one.deal.stacking.group]
    fees = [one for one in subset if form_of(one.deal.terms) is Form.FEE]
    alone = any(one.deal.stacking.exclusive for one in subset)
    return len(set(groups)) == len(groups) and len(fees) <= 1 and not (alone and len(subset) > 1)


def brute_force(offers: list[Offer], order_minor: int) -> tuple[int, int, int]:
    """Money to the payer, points, and fee spared, of the best subset."""
    results = [(0, 0, 0)]
    for size in range(1, min(len(offers), TOGETHER) + 1):
        for subset in filter(allowed, itertools.combinations(offers, size)):
            left, worth = order_minor, dict.fromkeys(Form, 0)
            for one in sorted(subset, key=turn):
                form = form_of(one.deal.terms)
                given_minor = give(one.deal.terms)(order_minor, left, FEE_MINOR)
                worth[form] += given_minor
                left -= given_minor if form is Form.DISCOUNT else 0
            results.append((worth[Form.DISCOUNT] + worth[Form.CASHBACK], worth[Form.POINTS], worth[Form.FEE]))
    return max(results)


def worth_of(quote: Quote) -> tuple[int, int, int]:
    worth = dict.fromkeys(Form, 0)
    for one in quote.applied:
        worth[one.form] += one.given_minor
    return worth[Form.DISCOUNT] + worth[Form.CASHBACK], worth[Form.POINTS], worth[Form.FEE]


@settings(max_examples=150, deadline=None)
@given(offers_of_all_kinds(), st.integers(1, 3_000))
def test_no_subset_of_all_kinds_is_worth_more_and_every_gift_is_the_sum_of_its_shares(
    offers: list[Offer], order_minor: int
) -> None:
    cart = a_cart(order_minor=order_minor, fee_minor=FEE_MINOR)
    quote = best(LiveOffers.of(1, offers), cart, a_payer(), NOW)
    assert worth_of(quote) == brute_force(offers, order_minor)
    assert quote.order_minor == quote.payable_minor + sum(one.given_minor for one in quote.discounts)
    assert quote.fee_waived_minor <= FEE_MINOR
    for one in quote.applied:
        assert one.given_minor == sum(share.amount_minor for share in one.funders)
    assert len(quote.applied) + len(quote.looked_at) == len(offers)
