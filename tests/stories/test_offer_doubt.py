"""Nobody knows whether the core has done it: what was reserved stays reserved, and each ending settles it once."""

import pytest

from merchants.offers.terms import AmountOff, Coupon, FeeWaiver, FirstPurchase, PointsPrice
from merchants.payer import PayerFacts
from tests.prove.shoppers import until_final
from tests.rewards import (
    CLUB,
    THREE_PERCENT,
    TWO_A_YUAN,
    behave,
    benefits,
    claim,
    club_of,
    holdings,
    left,
    pay,
    shop_with,
)
from tests.town import Supermarket, Town, a_town, cny

FIVE_OFF = AmountOff(off_minor=500)
FOR_150 = Coupon(
    gives=FIVE_OFF, handed_out="claimed", copies=1, price=PointsPrice(programme=CLUB, points=150)
)
# Done, and told badly: whoever asks again learns the truth.
DONE = ("reply_lost", "error_500", "error_404", "html")


async def earner(town: Town) -> tuple[Supermarket, str, PayerFacts]:
    """A shop, its coupon for 150 points, and a customer who has earned 200."""
    shop, [_, coupon] = await shop_with(town, TWO_A_YUAN, FOR_150)
    payer = await town.payer(50_000)
    await pay(town, shop, payer, 10_000)
    return shop, coupon, payer


async def counted(town: Town, offer_id: str) -> set[int]:
    """Copies and claims of an offer's coupon, as its counters have them."""
    rows = await town.pool.fetch("SELECT uses FROM merchants.offer_counters WHERE offer_id = $1", offer_id)
    return {row["uses"] for row in rows}


@pytest.mark.parametrize("behaviour", [*DONE, "late_arrival", "late_success"])
async def test_a_coupon_whose_points_were_taken_and_badly_told_is_held_and_paid_for_once(
    town: Town, behaviour: str
) -> None:
    shop, coupon, payer = await earner(town)
    await behave(town, payer, behaviour, seconds=1.0)
    claimed = await claim(town, payer, coupon)
    assert (claimed.status, claimed.body["state"]) == (202, "awaits_points")
    await pay(town, shop, await town.payer(), 10_000)
    await until_final(town.pool, within_s=20)
    found = await benefits(town, payer)
    assert [one["state"] for one in found["coupons"]] == ["held"]
    assert found["points"] == [{"programme": club_of(shop), "points": 50}]
    assert (await holdings(town))[f"payer:{payer.id}", club_of(shop)] == 50
    assert await counted(town, coupon) == {1}


async def test_a_coupon_whose_points_the_core_does_not_give_gives_points_and_copy_back(town: Town) -> None:
    shop, coupon, payer = await earner(town)
    await behave(town, payer, "insufficient_funds")
    assert (await claim(town, payer, coupon)).body["state"] == "refused"
    await until_final(town.pool, within_s=20)
    found = await benefits(town, payer)
    assert (found["coupons"], found["points"]) == ([], [{"programme": club_of(shop), "points": 200}])
    assert (await holdings(town))[f"payer:{payer.id}", club_of(shop)] == 200
    assert await counted(town, coupon) == {0}
    await behave(town, payer, "normal")
    assert (await claim(town, payer, coupon)).body["state"] == "held"


@pytest.mark.parametrize("behaviour", [*DONE, "late_arrival"])
async def test_cashback_and_points_in_doubt_are_given_once(town: Town, behaviour: str) -> None:
    shop, [cashback, points] = await shop_with(town, THREE_PERCENT, TWO_A_YUAN)
    payer = await town.payer(20_000, behaviour="slow", seconds=0.3)
    asked = await shop.ask(10_000, code=await town.code(payer), wait_s=0)
    assert asked.status == 202, asked.body
    # The debit stands by now, and its answer is on the way: only the credits meet this.
    while await town.balance(f"payer:{payer.id}") == 20_000:
        pass
    await behave(town, payer, behaviour, seconds=1.0)
    await until_final(town.pool, within_s=20)
    books = await holdings(town)
    assert books[f"payer:{payer.id}", "CNY"] == 10_300
    assert books[f"payer:{payer.id}", club_of(shop)] == 200
    assert [one["state"] for one in (await benefits(town, payer))["earned"]] == ["given", "given"]
    assert [(await left(town, shop, one))["reserved"]["amount_minor"] for one in (cashback, points)] == [0, 0]


@pytest.mark.parametrize("behaviour", ["reply_lost", "late_arrival"])
async def test_a_payment_in_doubt_keeps_coupon_and_budgets_until_its_one_end(
    town: Town, behaviour: str
) -> None:
    by_coupon = Coupon(gives=FIVE_OFF, handed_out="claimed", copies=1)
    shop, offers = await shop_with(town, by_coupon, THREE_PERCENT, TWO_A_YUAN, FeeWaiver())
    payer = await town.payer(50_000)
    assert (await claim(town, payer, offers[0])).body["state"] == "held"
    await behave(town, payer, behaviour, seconds=60.0)
    asked = await shop.ask(10_000, code=await town.code(payer), wait_s=0)
    assert asked.body["state"] == "processing", asked.body
    assert [(await left(town, shop, one))["reserved"]["amount_minor"] > 0 for one in offers] == [True] * 4
    assert (await benefits(town, payer))["coupons"] == []
    await until_final(town.pool, within_s=20)
    ended = (await shop.till.get(f"/v1/payments/{asked.body['id']}")).body
    figures = [await left(town, shop, one) for one in offers]
    assert [one["reserved"]["amount_minor"] for one in figures] == [0] * 4
    held = [one["state"] for one in (await benefits(town, payer))["coupons"]]
    if behaviour == "reply_lost":
        assert (ended["state"], ended["discount"], held) == ("succeeded", cny(500), [])
        assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 50_000 - 9_500 + 285
        assert all(one["payments"] == 1 for one in figures)
        return
    assert (ended["state"], held) == ("reversed", ["held"])
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 50_000
    assert {one["budget_left"]["amount_minor"] for one in figures} == {100_000_000}


@pytest.mark.parametrize("told", ["before the cancel", "never"])
async def test_a_payment_charged_against_our_word_gives_nothing_and_leaves_every_right_and_budget(
    database_url: str, core_database_url: str, told: str
) -> None:
    """The core charged it and would not take that back; a refund of all follows, and with it all that was given."""
    first = FirstPurchase(first_with="partner", gives=FIVE_OFF)
    async with a_town(database_url, core_database_url, QUERY_AFTER_S="3") as town:
        shop, offers = await shop_with(town, first, THREE_PERCENT, TWO_A_YUAN, FeeWaiver())
        payer = await town.payer(50_000, behaviour="slow", seconds=20.0 if told == "never" else 0.0)
        asked = await shop.ask(10_000, code=await town.code(payer), wait_s=0 if told == "never" else 5)
        while await town.balance(f"payer:{payer.id}") == 50_000:
            pass
        if told != "never":
            await until_final(town.pool, within_s=20)
        await behave(town, payer, "reversal_refused")
        canceled = await shop.till.post(f"/v1/payments/{asked.body['id']}/cancel", {})
        assert canceled.status in {200, 202}, canceled.body
        await until_final(town.pool, within_s=20)
        ended = (await shop.till.get(f"/v1/payments/{asked.body['id']}")).body
        assert (ended["state"], ended["refunded"]) == ("succeeded", cny(10_000)), ended
        books = await holdings(town)
        assert books[f"payer:{payer.id}", "CNY"] == 50_000
        assert books.get((f"payer:{payer.id}", club_of(shop)), 0) == 0
        figures = [await left(town, shop, one) for one in offers]
        assert [one["payments"] for one in figures] == ([1, 0, 0, 0] if told == "never" else [1, 1, 1, 1])
        assert [one["budget_left"]["amount_minor"] for one in figures] == [100_000_000] * 4
        await behave(town, payer, "normal")
        assert (await pay(town, shop, payer, 10_000)).body["discount"] == cny(500)
