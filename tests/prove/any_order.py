"""Random offers, carts, hours and payers, and payments, refunds and coupons in any order: the sums hold at every step.

At the end everything is refunded whole, and all is as it was: budgets and counters of offers that say so, wallets, the
merchant, points. What was spent of points is missing, at their worth and as the refunds said, and nothing else.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from merchants.offers.funding import Funding, Share
from merchants.offers.offer import Budgets, Deal, Hours, PersonCaps, Target
from merchants.offers.terms import (
    AmountOff,
    Cashback,
    Coupon,
    FeeWaiver,
    FirstPurchase,
    PercentOff,
    Points,
    PointsPrice,
    Programme,
    Terms,
    ThresholdOff,
    Tier,
)
from merchants.payer import PayerFacts
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.machine import Stage
from tests.rewards import BY_THE_BANK, benefits, claim, holdings, left, refund
from tests.town import Answered, Supermarket, Town

_WHOLE_MINOR: Final = 100_000_000
_OPENING_MINOR: Final = 10_000_000
# What the reference core opens a funder's account with.
_FUNDERS_OPENING_MINOR: Final = 1_000_000_000_000
_WITHIN_S: Final = 30.0
_CLUB: Final = Programme(name="club")

_amount_off = st.builds(AmountOff, off_minor=st.integers(1, 900), min_spend_minor=st.integers(0, 2_000))
_percent_off = st.builds(PercentOff, off_basis_points=st.integers(1, 5_000))
_threshold_off = st.builds(
    lambda off: ThresholdOff(tiers=(Tier(threshold_minor=1_000, off_minor=off),), repeating=True),
    st.integers(1, 600),
)
_cashback = st.builds(Cashback, back_basis_points=st.integers(1, 2_000))
_discount = _amount_off | _percent_off | _threshold_off
_points = st.builds(
    Points,
    programme=st.just(_CLUB),
    points=st.integers(1, 9),
    per_minor=st.integers(20, 300),
    worth_minor=st.integers(1, 300),
)
_coupon = st.builds(
    Coupon,
    gives=_discount,
    handed_out=st.just("claimed"),
    per_person=st.just(9),
    price=st.none() | st.builds(PointsPrice, programme=st.just(_CLUB), points=st.integers(1, 40)),
)
_kinds: st.SearchStrategy[Terms] = (
    _discount
    | _cashback
    | _points
    | st.builds(FeeWaiver, waived_basis_points=st.integers(1, 10_000))
    | st.builds(FirstPurchase, first_with=st.just("partner"), gives=_discount | _cashback)
    | _coupon
)
_hours = st.builds(Hours, start=st.builds(time, st.integers(0, 23)), end=st.builds(time, st.integers(0, 23)))
_targets = st.builds(
    Target,
    starts_on=st.just(date(2026, 1, 1)),
    ends_on=st.just(date(2027, 12, 31)),
    hours=st.just(()) | st.tuples(_hours),
    segments=st.sampled_from([frozenset[str](), frozenset[str](), frozenset({"student"})]),
    categories=st.sampled_from([frozenset[str](), frozenset[str](), frozenset({"fresh"})]),
)
_budgets = st.builds(
    Budgets,
    total_minor=st.just(_WHOLE_MINOR),
    daily_minor=st.none() | st.integers(300, 3_000),
    per_store_minor=st.none() | st.integers(300, 3_000),
    refund_returns=st.sampled_from([True, True, True, False]),
)
_caps = st.builds(PersonCaps, uses=st.none() | st.integers(1, 3), amount_minor=st.none() | st.just(900))


@st.composite
def _deals(draw: st.DrawFn) -> Deal:
    terms, banks = draw(_kinds), draw(st.integers(1, 9_999))
    shares = (Share(funder="bank", basis_points=banks), Share(funder="partner", basis_points=10_000 - banks))
    funding = Funding(shares=shares, rounding=draw(st.sampled_from(["bank", "partner"])))
    if isinstance(terms, FeeWaiver):
        funding = BY_THE_BANK
    return a_deal(
        terms=terms,
        funding=funding,
        target=draw(_targets),
        budgets=draw(_budgets),
        person_caps=draw(_caps),
    )


@dataclass(frozen=True, slots=True)
class Buy:
    """A customer pays so much, of which so many hundredths are fresh goods."""

    who: int
    minor: int
    fresh: int


@dataclass(frozen=True, slots=True)
class Back:
    """So many hundredths of what is left of a payment come back; which, by a number that is taken round."""

    which: int
    hundredths: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A customer claims a copy of every coupon that they get one of."""

    who: int


# Two people, of whom one has two wallets.
_who = st.integers(0, 2)
_steps = (
    st.builds(Buy, _who, st.integers(2, 9_000), st.integers(0, 100))
    | st.builds(Back, st.integers(0, 99), st.integers(1, 100))
    | st.builds(Claim, _who)
)


@dataclass(slots=True)
class _Sold:
    paid: Answered
    who: int
    order_minor: int
    refunds: int = 0
    refunded_minor: int = 0


@dataclass(slots=True, kw_only=True)
class _Scene:
    """A shop with its offers, three wallets, and what was sold so far."""

    town: Town
    shop: Supermarket
    offers: dict[str, Deal]
    payers: list[PayerFacts]
    sold: list[_Sold] = field(default_factory=list)

    async def step(self, step: Buy | Back | Claim) -> None:
        match step:
            case Buy():
                await self._buy(step)
            case Back():
                for one in self.sold[step.which % len(self.sold) :][:1] if self.sold else ():
                    rest_minor = one.order_minor - one.refunded_minor
                    await self.refund(one, min(rest_minor, max(1, rest_minor * step.hundredths // 100)))
            case Claim():
                for offer_id, deal in self.offers.items():
                    if isinstance(deal.terms, Coupon):
                        asked = await claim(self.town, self.payers[step.who], offer_id)
                        assert asked.status in {201, 202, 409}, asked.body
        await _settled(self.town)
        await self.books_agree()

    async def _buy(self, buy: Buy) -> None:
        fresh_minor = buy.minor * buy.fresh // 100
        goods = [("milk", "fresh", fresh_minor), ("soap", "household", buy.minor - fresh_minor)]
        items = [{"sku": sku, "category": kind, "amount_minor": minor} for sku, kind, minor in goods if minor]
        code = await self.town.code(self.payers[buy.who])
        paid = await self.shop.ask(buy.minor, code=code, items=items)
        assert paid.body["state"] == "succeeded", paid.body
        discount_minor = paid.body["discount"]["amount_minor"]
        assert paid.body["paid"]["amount_minor"] + discount_minor == buy.minor
        given = [one["given"]["amount_minor"] for one in paid.body["offers"] if one["benefit"] == "discount"]
        assert sum(given) == discount_minor
        self.sold.append(_Sold(paid, buy.who, buy.minor))

    async def refund(self, one: _Sold, minor: int) -> None:
        if not minor:
            return
        shares = await refund(self.shop, one.paid, minor, f"{one.paid.body['id']}-{one.refunds}")
        one.refunds, one.refunded_minor = one.refunds + 1, one.refunded_minor + minor
        back = shares["to_payer"]["amount_minor"] + shares["deducted"]["amount_minor"]
        assert back + shares["to_funders"]["amount_minor"] == minor, shares

    async def books_agree(self) -> None:
        """Every share of everything given is the funder's, to the unit, and no budget says otherwise."""
        rows = await self.town.pool.fetch(_SHARES, self.shop.merchant.partner_id)
        assert rows == [], "a discount is not the sum of its shares"
        account, given_minor = f"funder:{self.shop.merchant.partner_id}", 0
        for offer_id, deal in self.offers.items():
            figures = await left(self.town, self.shop, offer_id)
            gone = figures["discount"]["amount_minor"]
            if deal.budgets.refund_returns:
                gone -= figures["clawed_back"]["amount_minor"]
            assert figures["budget_left"]["amount_minor"] == _WHOLE_MINOR - gone
            for one in figures["funders"]:
                in_cny = one["account"] == account and one["paid"]["currency"] == "CNY"
                if in_cny and figures["benefit"] != "fee_waiver":
                    given_minor += one["paid"]["amount_minor"] - one["clawed_back"]["amount_minor"]
        books = await holdings(self.town)
        had = books.get((account, "CNY"), _FUNDERS_OPENING_MINOR)
        assert _FUNDERS_OPENING_MINOR - had == given_minor

    async def all_is_as_it_was(self) -> None:
        """Everything was refunded; what is missing are points that were spent, at what the refunds said."""
        pool, books = self.town.pool, await holdings(self.town)
        assert books.get((f"merchant:{self.shop.merchant.id}", "CNY"), 0) == 0
        for payer in self.payers:
            missing = _OPENING_MINOR - books[f"payer:{payer.id}", "CNY"]
            spent, deducted_minor = await pool.fetchval(_SPENT, payer.id)
            assert missing == deducted_minor
            [owed] = [one["points"] for one in (await benefits(self.town, payer))["points"]] or [0]
            assert -spent <= owed <= 0, "points that are left, or more owed than were spent"
        returning = [one for one, deal in self.offers.items() if deal.budgets.refund_returns]
        assert await pool.fetch(_COUNTED, self.shop.merchant.partner_id, returning) == []
        used = await pool.fetch(_USED_UP, self.shop.merchant.partner_id, returning)
        assert used == [], "a refund gives rights back"


_SHARES: Final = """
    SELECT payment_id, offer_id FROM merchants.offer_reservations r WHERE partner_id = $1
       AND (discount_minor <> (SELECT sum(one) FROM unnest(shares_minor) AS one)
            OR returned_minor <> (SELECT sum(one) FROM unnest(shares_returned) AS one))
"""
_COUNTED: Final = """
    SELECT offer_id, scope, key, taken_minor, uses FROM merchants.offer_counters
     WHERE partner_id = $1 AND offer_id = ANY ($2) AND scope NOT IN ('copies', 'claimer')
       AND (taken_minor, uses) <> (0, 0)
"""
_USED_UP: Final = """
    SELECT id FROM merchants.coupons WHERE partner_id = $1 AND offer_id = ANY ($2) AND state = 'used'
"""
# Points that a payer paid for coupons, and what refunds deducted for points.
_SPENT: Final = """
    SELECT ((SELECT COALESCE(sum(points), 0)::bigint FROM merchants.coupons
             WHERE payer_id = $1 AND state <> 'refused'),
           (SELECT COALESCE(sum(part), 0)::bigint
              FROM gateway.refunds r JOIN gateway.payments p ON p.partner_id = r.partner_id AND p.id = r.payment_id
             CROSS JOIN jsonb_array_elements(r.credits_back) AS back
             CROSS JOIN LATERAL (SELECT value::bigint AS part FROM jsonb_array_elements_text(
                 COALESCE(back -> 'deducted', '[]'))) AS parts
             WHERE p.payer_id = $1 AND back ->> 'form' = 'points'))
"""
# Points that are owed are asked for again and again; all else comes to an end.
_UNDER_WAY: Final = """
    SELECT EXISTS (SELECT FROM gateway.transfers WHERE state <> 'final' AND NOT (purpose = 'credit_back' AND n > 2))
        OR EXISTS (SELECT FROM gateway.payments WHERE state IN ('processing', 'reversing', 'capturing'))
"""


async def _settled(town: Town) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while await town.pool.fetchval(_UNDER_WAY):  # noqa: ASYNC110 - the end of the last one is nobody's event
            await asyncio.sleep(0.02)


async def _opened(town: Town, deals: Sequence[Deal]) -> _Scene:
    shop, [first, second] = await town.supermarket(), [await town.payer(_OPENING_MINOR) for _ in range(2)]
    other_wallet = replace(await town.payer(_OPENING_MINOR), person_id=first.person_id)
    async with town.pool.acquire() as conn, conn.transaction():
        offers = {(await agreed(conn, shop.merchant.partner_id, deal)).id: deal for deal in deals}
    payers = [replace(first, segments=("student",)), second, other_wallet]
    return _Scene(town=town, shop=shop, offers=offers, payers=payers)


async def _play(
    town: Town, deals: Sequence[Deal], steps: Sequence[Buy | Back | Claim], ending: Sequence[int]
) -> None:
    scene = await _opened(town, deals)
    for step in steps:
        await scene.step(step)
    # What is left of each payment, in an order of its own.
    for place in sorted(range(len(scene.sold)), key=lambda one: (ending[one % len(ending)], one)):
        one = scene.sold[place]
        await scene.refund(one, one.order_minor - one.refunded_minor)
        await _settled(town)
        await scene.books_agree()
    await scene.all_is_as_it_was()


def run(stage: Stage, *, examples: int, steps: int, derandomize: bool) -> None:
    """So many scenes of so many steps at most."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        phases=[Phase.generate] if derandomize else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        deals=st.lists(_deals(), min_size=2, max_size=6),
        doings=st.lists(_steps, min_size=min(steps, 4), max_size=steps),
        ending=st.lists(st.integers(0, 99), min_size=5, max_size=5),
    )
    def play(deals: list[Deal], doings: list[Any], ending: list[int]) -> None:
        stage.do(_play(stage.town, deals, doings, ending))

    play()
