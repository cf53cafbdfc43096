import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.offers.cart import Cart
from merchants.offers.giving import discount_minor
from merchants.offers.live import LiveOffers, Room
from merchants.offers.offer import Budgets, Hours, Offer, PersonCaps, Stacking, Target
from merchants.offers.quote import Quote
from merchants.offers.quote import best as best_of_live
from merchants.offers.reason import Reason
from merchants.offers.stacking import TOGETHER
from merchants.offers.terms import AmountOff, PercentOff, Terms, ThresholdOff, Tier
from merchants.payer import PayerFacts
from tests.builders import a_cart, a_deal, a_payer, an_offer

# 15:00 on Wednesday, 11 November 2026 in Shanghai.
NOW = datetime(2026, 11, 11, 7, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def best(offers: Iterable[Offer], cart: Cart, payer: PayerFacts | None, now: datetime, **known: Any) -> Quote:
    return best_of_live(LiveOffers.of(1, offers), cart, payer, now, **known)


def amount_off(no: int, off_minor: int, **stacking: object) -> Offer:
    return an_offer(
        id=f"ofr_{no}",
        deal=a_deal(terms=AmountOff(off_minor=off_minor), stacking=Stacking(**stacking)),  # type: ignore[arg-type]
    )


def test_twenty_off_every_hundred_makes_128_into_108() -> None:
    quote = best([an_offer()], a_cart(order_minor=12_800), a_payer(), NOW)
    assert (quote.order_minor, quote.discount_minor, quote.payable_minor) == (12_800, 2_000, 10_800)
    (applied,) = quote.applied
    assert [(share.account, share.amount_minor) for share in applied.funders] == [
        ("bank:offers", 1_200),
        ("funder:mer_1", 800),
    ]


@pytest.mark.parametrize(
    ("target", "cart", "reason"),
    [
        (Target(starts_on=date(2026, 11, 12), ends_on=LAST), a_cart(), Reason.NOT_STARTED),
        (Target(starts_on=FIRST, ends_on=date(2026, 11, 10)), a_cart(), Reason.ENDED),
        (Target(starts_on=FIRST, ends_on=LAST, weekdays=frozenset({6, 7})), a_cart(), Reason.OTHER_WEEKDAY),
        (
            Target(starts_on=FIRST, ends_on=LAST, hours=(Hours(start=time(8), end=time(15)),)),
            a_cart(),
            Reason.OTHER_HOUR,
        ),
        (
            Target(starts_on=FIRST, ends_on=LAST, merchants=frozenset({"mer_2"})),
            a_cart(),
            Reason.OTHER_MERCHANT,
        ),
        (Target(starts_on=FIRST, ends_on=LAST, stores=frozenset({"sto_2"})), a_cart(), Reason.OTHER_STORE),
        (
            Target(starts_on=FIRST, ends_on=LAST, stores=frozenset({"sto_2"})),
            a_cart(store_id=None),
            Reason.OTHER_STORE,
        ),
        (
            Target(starts_on=FIRST, ends_on=LAST, code_kinds=frozenset({"store_code"})),
            a_cart(),
            Reason.OTHER_CODE_KIND,
        ),
        (
            Target(starts_on=FIRST, ends_on=LAST, segments=frozenset({"age_60"})),
            a_cart(),
            Reason.OTHER_SEGMENT,
        ),
        (Target(starts_on=FIRST, ends_on=LAST), a_cart(currency="HKD"), Reason.OTHER_CURRENCY),
        (Target(starts_on=FIRST, ends_on=LAST), a_cart(order_minor=9_999), Reason.SPEND_TOO_SMALL),
    ],
)
def test_an_offer_that_does_not_apply_says_why(target: Target, cart: Cart, reason: Reason) -> None:
    quote = best([an_offer(deal=a_deal(target=target))], cart, a_payer(), NOW)
    assert quote.applied == ()
    assert [one.reason for one in quote.looked_at] == [reason]


def test_the_last_day_ends_at_midnight_in_shanghai() -> None:
    offer = an_offer(deal=a_deal(target=Target(starts_on=FIRST, ends_on=date(2026, 11, 11))))
    assert best([offer], a_cart(), a_payer(), datetime(2026, 11, 11, 15, 59, 59, tzinfo=UTC)).applied
    assert not best([offer], a_cart(), a_payer(), datetime(2026, 11, 11, 16, tzinfo=UTC)).applied


def test_an_unknown_payer_gets_no_offer_for_a_segment() -> None:
    offer = an_offer(deal=a_deal(target=Target(starts_on=FIRST, ends_on=LAST, segments=frozenset({"new"}))))
    assert not best([offer], a_cart(), None, NOW).applied
    assert best([offer], a_cart(), a_payer(segments=("new", "student")), NOW).applied


@pytest.mark.parametrize(
    ("budgets", "reason"),
    [
        (Budgets(total_minor=1_999), Reason.BUDGET_USED_UP),
        (Budgets(total_minor=9_999, daily_minor=1_999), Reason.DAILY_BUDGET_USED_UP),
        (Budgets(total_minor=9_999, per_store_minor=1_999), Reason.STORE_BUDGET_USED_UP),
    ],
)
def test_a_discount_that_does_not_fit_its_budget_is_not_given_in_part(
    budgets: Budgets, reason: Reason
) -> None:
    quote = best([an_offer(deal=a_deal(budgets=budgets))], a_cart(), a_payer(), NOW)
    assert [one.reason for one in quote.looked_at] == [reason]


def test_what_is_known_to_be_used_up_gives_way_to_the_next_best() -> None:
    strong, weak = amount_off(1, 900, group="a"), amount_off(2, 500, group="a")
    used_up = {strong.id: Room(0, Reason.PERSON_CAP_REACHED)}
    quote = best([strong, weak], a_cart(), a_payer(), NOW, room=used_up)
    assert [one.offer_id for one in quote.applied] == [weak.id]
    assert [(one.offer_id, one.reason) for one in quote.looked_at] == [(strong.id, Reason.PERSON_CAP_REACHED)]


def test_of_a_group_one_is_taken_and_an_exclusive_offer_stands_alone() -> None:
    together = [amount_off(1, 500, group="a"), amount_off(2, 600, group="a"), amount_off(3, 100)]
    quote = best(together, a_cart(), a_payer(), NOW)
    assert [one.offer_id for one in quote.applied] == ["ofr_2", "ofr_3"]
    alone = amount_off(4, 701, exclusive=True)
    assert [one.offer_id for one in best([*together, alone], a_cart(), a_payer(), NOW).applied] == ["ofr_4"]


def test_a_tie_goes_to_fewer_offers_and_then_to_the_earliest() -> None:
    quote = best(
        [amount_off(1, 300), amount_off(2, 300), amount_off(3, 600, exclusive=True)], a_cart(), None, NOW
    )
    assert [one.offer_id for one in quote.applied] == ["ofr_3"]
    quote = best([amount_off(2, 300, group="a"), amount_off(1, 300, group="a")], a_cart(), None, NOW)
    assert [one.offer_id for one in quote.applied] == ["ofr_1"]
    assert [one.reason for one in quote.looked_at] == [Reason.OTHERS_GIVE_MORE]


def test_the_order_of_the_offers_does_not_change_the_quote() -> None:
    offers = [
        amount_off(1, 300),
        amount_off(2, 900, group="a"),
        an_offer(id="ofr_3"),
        amount_off(4, 901, group="a"),
    ]
    quotes = {best(order, a_cart(), a_payer(), NOW) for order in itertools.permutations(offers)}
    assert len(quotes) == 1


def test_the_hash_changes_with_what_the_payer_pays_or_gets() -> None:
    quotes = [
        best([], a_cart(), None, NOW),
        best([], a_cart(order_minor=12_801), None, NOW),
        best([an_offer()], a_cart(), None, NOW),
        best([an_offer(version=2)], a_cart(), None, NOW),
    ]
    assert len({quote.hash for quote in quotes}) == 4


def test_a_payer_pays_at_least_one_minor_unit() -> None:
    quote = best([amount_off(1, 10_000), amount_off(2, 10_000)], a_cart(order_minor=5_000), None, NOW)
    assert quote.payable_minor == 1
    assert [one.offer_id for one in quote.applied] == ["ofr_1"]


TERMS = st.one_of(
    st.builds(AmountOff, off_minor=st.integers(1, 3_000), min_spend_minor=st.integers(0, 4_000)),
    st.builds(
        PercentOff,
        off_basis_points=st.integers(1, 9_999),
        cap_minor=st.one_of(st.none(), st.integers(1, 2_000)),
    ),
    st.builds(
        lambda threshold, off, cap: ThresholdOff(
            tiers=(Tier(threshold_minor=threshold + off, off_minor=off),), repeating=True, cap_minor=cap
        ),
        st.integers(1, 2_000),
        st.integers(1, 500),
        st.one_of(st.none(), st.integers(1, 2_000)),
    ),
)


@st.composite
def offers_with_room(draw: st.DrawFn) -> tuple[list[Offer], dict[str, Room]]:
    offers, room = [], {}
    for no in range(draw(st.integers(0, 8))):
        stacking = Stacking(
            group=draw(st.sampled_from([None, None, "a", "b"])),
            priority=draw(st.integers(0, 2)),
            exclusive=draw(st.integers(0, 5)) == 0,
        )
        offer = an_offer(id=f"ofr_{no}", deal=a_deal(terms=draw(TERMS), stacking=stacking))
        offers.append(offer)
        if draw(st.booleans()):
            room[offer.id] = Room(draw(st.integers(0, 3_000)), Reason.BUDGET_USED_UP)
    return offers, room


def brute_force(offers: list[Offer], room: dict[str, Room], order_minor: int) -> dict[str, int]:
    """Try every subset; the rules once more, in the plainest words."""
    results: list[tuple[int, int, list[tuple[int, str]], dict[str, int]]] = []
    for size in range(min(len(offers), TOGETHER) + 1):
        for subset in itertools.combinations(offers, size):
            groups = [one.deal.stacking.group for one in subset if one.deal.stacking.group]
            alone = any(one.deal.stacking.exclusive for one in subset)
            if len(set(groups)) < len(groups) or (alone and size > 1):
                continue
            left, taken = order_minor, {}
            in_order = sorted(subset, key=lambda one: (one.deal.stacking.priority, one.id))
            for one in in_order:
                off = discount_minor(one.deal.terms, order_minor=order_minor, remaining_minor=left)
                if off == 0 or (one.id in room and off > room[one.id].minor):
                    break
                taken[one.id], left = off, left - off
            else:
                order = [(one.deal.stacking.priority, one.id) for one in in_order]
                results.append((left, size, order, taken))
    return min(results)[3]


@given(offers_with_room(), st.integers(1, 6_000))
def test_the_best_result_is_that_of_brute_force_and_every_discount_is_the_sum_of_its_shares(
    case: tuple[list[Offer], dict[str, Room]], order_minor: int
) -> None:
    offers, room = case
    quote = best(offers, a_cart(order_minor=order_minor), a_payer(), NOW, room=room)
    assert {one.offer_id: one.discount_minor for one in quote.applied} == brute_force(
        offers, room, order_minor
    )
    assert quote.order_minor == quote.payable_minor + sum(one.discount_minor for one in quote.applied)
    for one in quote.applied:
        assert one.discount_minor == sum(share.amount_minor for share in one.funders)
    told = {one.offer_id for one in quote.applied} | {one.offer_id for one in quote.looked_at}
    assert told == {one.id for one in offers}
    assert len(quote.applied) + len(quote.looked_at) == len(offers)


def test_with_many_offers_the_search_stays_bounded_and_takes_the_best_of_each_group() -> None:
    many: list[Terms] = [AmountOff(off_minor=100 + no) for no in range(60)]
    offers = [
        an_offer(id=f"ofr_{no:02}", deal=a_deal(terms=terms, stacking=Stacking(group=f"g{no % 3}")))
        for no, terms in enumerate(many)
    ]
    quote = best(offers, a_cart(), a_payer(), NOW)
    assert {one.offer_id for one in quote.applied} == {"ofr_57", "ofr_58", "ofr_59"}
    capped = an_offer(id="ofr_a", deal=a_deal(person_caps=PersonCaps(uses=1)))
    assert best([capped], a_cart(), a_payer(), NOW).applied


def test_of_12_equals_in_groups_of_their_own_the_4_earliest_are_given_whatever_else_they_ask() -> None:
    """More than are searched; the later ones ask for less."""
    deals = [
        a_deal(
            terms=AmountOff(off_minor=100, min_spend_minor=2_000 - number),
            stacking=Stacking(group=f"g{number}"),
        )
        for number in range(12)
    ]
    offers = [an_offer(id=f"ofr_{number:02}", deal=deal) for number, deal in enumerate(deals)]
    quote = best(offers, a_cart(), a_payer(), NOW)
    assert [one.offer_id for one in quote.applied] == ["ofr_00", "ofr_01", "ofr_02", "ofr_03"]
