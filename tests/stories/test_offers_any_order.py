"""Random offers of all kinds, carts, payers and refunds in any order, in real payments: the sums hold at every step."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from merchants.offers.funding import Funding, Share
from merchants.offers.terms import (
    AmountOff,
    Cashback,
    Coupon,
    FeeWaiver,
    FirstPurchase,
    PercentOff,
    Points,
    Programme,
    Terms,
    ThresholdOff,
    Tier,
)
from tests.machine import a_stage
from tests.prove.shoppers import until_final
from tests.rewards import benefits, claim, holdings, left, pay, refund, shop_with
from tests.town import Answered, Supermarket, Town, a_town

WHOLE_MINOR = 100_000_000
OPENING_MINOR = 10_000_000
# What the reference core opens a funder's account with.
FUNDERS_OPENING_MINOR = 1_000_000_000_000

amount_off = st.builds(AmountOff, off_minor=st.integers(1, 900), min_spend_minor=st.integers(0, 2_000))
percent_off = st.builds(PercentOff, off_basis_points=st.integers(1, 5_000))
threshold_off = st.builds(
    lambda off: ThresholdOff(tiers=(Tier(threshold_minor=1_000, off_minor=off),), repeating=True),
    st.integers(1, 600),
)
cashback = st.builds(Cashback, back_basis_points=st.integers(1, 2_000))
discount = amount_off | percent_off | threshold_off
kinds: st.SearchStrategy[Terms] = (
    discount
    | cashback
    | st.builds(
        Points,
        programme=st.just(Programme(name="club")),
        points=st.integers(1, 9),
        per_minor=st.integers(1, 300),
        worth_minor=st.integers(1, 300),
    )
    | st.builds(FeeWaiver, waived_basis_points=st.integers(1, 10_000))
    | st.builds(FirstPurchase, first_with=st.just("partner"), gives=discount | cashback)
    | st.builds(Coupon, gives=discount, handed_out=st.just("claimed"))
)


@st.composite
def fundings(draw: st.DrawFn) -> Funding:
    banks = draw(st.integers(1, 9_999))
    shares = (Share(funder="bank", basis_points=banks), Share(funder="partner", basis_points=10_000 - banks))
    return Funding(shares=shares, rounding=draw(st.sampled_from(["bank", "partner"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a shop agreed, what its customers buy (who, for how much), and how each payment is refunded."""

    terms: list[Terms]
    funding: Funding
    sales: list[tuple[int, int]]
    cuts: list[list[int]] = field(default_factory=list)


scenes = st.builds(
    Scene,
    terms=st.lists(kinds, min_size=1, max_size=5),
    funding=fundings(),
    sales=st.lists(st.tuples(st.integers(0, 1), st.integers(2, 9_000)), min_size=1, max_size=3),
    cuts=st.lists(st.lists(st.integers(1, 99), max_size=2), min_size=3, max_size=3),
)


def test_in_6_random_scenes_every_sum_holds_and_full_refunds_leave_all_as_it_was(
    database_url: str, core_database_url: str
) -> None:
    with a_stage(lambda: a_town(database_url, core_database_url)) as stage:

        @settings(
            max_examples=6,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(scenes)
        def play(scene: Scene) -> None:
            stage.do(_play(stage.town, scene))

        play()


async def _play(town: Town, scene: Scene) -> None:
    shop, offers = await shop_with(town, *scene.terms, funding=scene.funding)
    payers = [await town.payer(OPENING_MINOR) for _ in range(2)]
    for offer_id, terms in zip(offers, scene.terms, strict=True):
        if isinstance(terms, Coupon):
            await claim(town, payers[0], offer_id)
    held = (await benefits(town, payers[0]))["coupons"]
    sold = []
    for who, amount_minor in scene.sales:
        paid = await pay(town, shop, payers[who], amount_minor)
        _adds_up(paid, amount_minor)
        await _books_agree(town, shop, offers)
        sold.append((paid, amount_minor))
    # The latest first, then the others: each in parts, and by the last part whole.
    for (paid, order_minor), cuts in zip(reversed(sold), scene.cuts, strict=False):
        for number, part_minor in enumerate(_parts(order_minor, cuts)):
            shares = await refund(shop, paid, part_minor, f"{paid.body['id']}-{number}")
            back = shares["to_payer"]["amount_minor"] + shares["deducted"]["amount_minor"]
            assert back + shares["to_funders"]["amount_minor"] == part_minor, shares
            await until_final(town.pool, within_s=20)
            await _books_agree(town, shop, offers)
    books = await holdings(town)
    for payer in payers:
        assert books[f"payer:{payer.id}", "CNY"] == OPENING_MINOR
        found = await benefits(town, payer)
        assert all(one["points"] == 0 for one in found["points"]), found["points"]
    assert (await benefits(town, payers[0]))["coupons"] == held
    assert books.get((f"merchant:{shop.merchant.id}", "CNY"), 0) == 0
    counters = await town.pool.fetch(
        """SELECT offer_id, scope, taken_minor, uses FROM merchants.offer_counters
            WHERE partner_id = $1 AND scope NOT IN ('copies', 'claimer') AND (taken_minor, uses) <> (0, 0)""",
        shop.merchant.partner_id,
    )
    assert counters == []


def _adds_up(paid: Answered, order_minor: int) -> None:
    """The order is what was paid and what was taken off, and each discount stands there by itself."""
    discount_minor = paid.body["discount"]["amount_minor"]
    assert paid.body["paid"]["amount_minor"] + discount_minor == order_minor
    taken_off = [one["given"]["amount_minor"] for one in paid.body["offers"] if one["benefit"] == "discount"]
    assert sum(taken_off) == discount_minor


async def _books_agree(town: Town, shop: Supermarket, offers: list[str]) -> None:
    """Every share of everything given is the funder's, to the unit, and no budget says otherwise."""
    rows = await town.pool.fetch(
        """SELECT discount_minor, returned_minor, shares_minor, shares_returned
             FROM merchants.offer_reservations WHERE partner_id = $1""",
        shop.merchant.partner_id,
    )
    for row in rows:
        assert sum(row["shares_minor"]) == row["discount_minor"]
        assert sum(row["shares_returned"]) == row["returned_minor"]
    account, given_minor = f"funder:{shop.merchant.partner_id}", 0
    for offer_id in offers:
        figures = await left(town, shop, offer_id)
        net = figures["discount"]["amount_minor"] - figures["clawed_back"]["amount_minor"]
        assert figures["budget_left"]["amount_minor"] == WHOLE_MINOR - net
        for one in figures["funders"]:
            in_cny = one["account"] == account and one["paid"]["currency"] == "CNY"
            if in_cny and figures["benefit"] != "fee_waiver":
                given_minor += one["paid"]["amount_minor"] - one["clawed_back"]["amount_minor"]
    books = await holdings(town)
    assert FUNDERS_OPENING_MINOR - books.get((account, "CNY"), FUNDERS_OPENING_MINOR) == given_minor


def _parts(order_minor: int, cuts: list[int]) -> list[int]:
    """The order in so many refunds, cut at these hundredths of it."""
    at = sorted({order_minor * cut // 100 for cut in cuts} - {0})
    return [end - start for start, end in zip([0, *at], [*at, order_minor], strict=True)]
