"""What offers give beside discounts, in real payments: after the payment, once, and back again as it is refunded."""

from merchants.offers.offer import Budgets, Target
from merchants.offers.terms import AmountOff, Coupon, FeeWaiver, FirstPurchase, PointsPrice
from tests.builders import a_deal
from tests.prove.shoppers import until_final
from tests.rewards import (
    CLUB,
    THREE_PERCENT,
    TWO_A_YUAN,
    benefits,
    club_of,
    holdings,
    left,
    pay,
    refund,
    shop_with,
)
from tests.town import Town, cny


async def test_cashback_follows_the_payment_once_and_comes_off_its_refund(town: Town) -> None:
    shop, [offer] = await shop_with(town, THREE_PERCENT)
    payer = await town.payer(20_000)
    paid = await pay(town, shop, payer, 10_000)
    assert (paid.body["discount"], paid.body["paid"]) == (cny(0), cny(10_000))
    assert [(one["benefit"], one["given"]) for one in paid.body["offers"]] == [("cashback", cny(300))]
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 20_000 - 10_000 + 300
    assert (await benefits(town, payer))["earned"][0]["state"] == "given"
    shares = await refund(shop, paid, 5_000)
    assert (shares["to_payer"], shares["deducted"], shares["to_funders"]) == (cny(4_850), cny(150), cny(0))
    await refund(shop, paid, 5_000, "R-2")
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 20_000
    figures = await left(town, shop, offer)
    assert (figures["discount"], figures["clawed_back"]) == (cny(300), cny(300))
    assert figures["budget_left"] == cny(100_000_000)
    assert [one["clawed_back"] for one in figures["funders"]] == [cny(180), cny(120)]


async def test_cancelling_a_payment_takes_its_cashback_out_of_the_wallet_again(town: Town) -> None:
    shop, [offer] = await shop_with(town, THREE_PERCENT)
    payer = await town.payer(20_000)
    paid = await pay(town, shop, payer, 10_000)
    canceled = await shop.till.post(f"/v1/payments/{paid.body['id']}/cancel", {})
    assert canceled.body["state"] == "canceled"
    await until_final(town.pool, within_s=20)
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 20_000
    assert (await benefits(town, payer))["earned"][0]["taken_back"] == cny(300)
    assert (await left(town, shop, offer))["budget_left"] == cny(100_000_000)


async def test_points_are_given_taken_back_and_what_was_spent_comes_off_the_refund(town: Town) -> None:
    price = PointsPrice(programme=CLUB, points=150)
    shop, [earns, buys] = await shop_with(
        town, TWO_A_YUAN, Coupon(gives=AmountOff(off_minor=500), handed_out="claimed", price=price)
    )
    unit, payer = club_of(shop), await town.payer(50_000)
    paid = await pay(town, shop, payer, 10_000)
    assert (await holdings(town))[f"payer:{payer.id}", unit] == 200
    claimed = await town.wallet.post(
        "/wallet/v1/coupons", {"offer_id": buys, "payer": {"id": payer.id, "person_id": payer.person_id}}
    )
    assert claimed.status in {201, 202}, claimed.body
    await until_final(town.pool, within_s=20)
    assert [one["state"] for one in (await benefits(town, payer))["coupons"]] == ["held"]
    assert (await holdings(town))[f"payer:{payer.id}", unit] == 50
    shares = await refund(shop, paid, 10_000)
    # 200 points were earned: 50 are still there, 150 were spent, and a hundred are worth a yuan.
    assert shares["taken"] == [{"amount_minor": 50, "currency": unit}]
    assert (shares["to_payer"], shares["deducted"]) == (cny(9_850), cny(150))
    await until_final(town.pool, within_s=20)
    assert (await holdings(town))[f"payer:{payer.id}", unit] == 0
    assert (await benefits(town, payer))["points"] == [{"programme": unit, "points": 0}]
    assert (await left(town, shop, earns))["budget_left"]["amount_minor"] == 100_000_000


async def test_a_coupon_is_used_by_itself_and_is_held_again_after_a_full_refund(town: Town) -> None:
    shop, [offer] = await shop_with(town, Coupon(gives=AmountOff(off_minor=500), handed_out="claimed"))
    payer = await town.payer(50_000)
    assert (await pay(town, shop, payer, 1_000)).body["discount"] == cny(0)
    asked = {"offer_id": offer, "payer": {"id": payer.id, "person_id": payer.person_id}}
    claimed = await town.wallet.post("/wallet/v1/coupons", asked)
    assert claimed.body["state"] == "held"
    again = await town.wallet.post("/wallet/v1/coupons", asked)
    assert (again.status, again.body["code"]) == (409, "coupons_handed_out")
    paid = await pay(town, shop, payer, 1_000)
    assert paid.body["discount"] == cny(500)
    assert (await benefits(town, payer))["coupons"] == []
    assert (await pay(town, shop, payer, 1_000)).body["discount"] == cny(0)
    await refund(shop, paid, 1_000)
    assert [one["state"] for one in (await benefits(town, payer))["coupons"]] == ["held"]


async def test_a_coupon_nobody_has_the_points_for_is_refused_and_leaves_its_copy(town: Town) -> None:
    price = PointsPrice(programme=CLUB, points=150)
    shop, [offer] = await shop_with(
        town, Coupon(gives=AmountOff(off_minor=500), handed_out="claimed", copies=1, price=price)
    )
    payer = await town.payer(50_000)
    asked = {"offer_id": offer, "payer": {"id": payer.id, "person_id": payer.person_id}}
    refused = await town.wallet.post("/wallet/v1/coupons", asked)
    assert (refused.status, refused.body["code"]) == (409, "points_short")
    assert await town.pool.fetchval("SELECT count(*) FROM merchants.coupons") == 0
    assert shop.merchant.id


async def test_a_first_purchase_is_a_persons_first_and_again_after_its_refund(town: Town) -> None:
    shop, [offer] = await shop_with(
        town, FirstPurchase(first_with="partner", gives=AmountOff(off_minor=1_000, min_spend_minor=5_000))
    )
    payer, other = await town.payer(50_000), await town.payer(50_000)
    first = await pay(town, shop, payer, 6_000)
    assert first.body["discount"] == cny(1_000)
    assert (await pay(town, shop, payer, 6_000)).body["discount"] == cny(0)
    assert (await pay(town, shop, other, 1_000)).body["discount"] == cny(0)
    assert (await pay(town, shop, other, 6_000)).body["discount"] == cny(0)
    assert (await left(town, shop, offer))["new_payers"] == 1
    newcomer = await town.payer(50_000)
    paid = await pay(town, shop, newcomer, 6_000)
    await refund(shop, paid, 6_000)
    assert (await pay(town, shop, newcomer, 6_000)).body["discount"] == cny(1_000)


async def test_a_waived_fee_is_the_merchants_and_its_budget_comes_back_with_the_refund(town: Town) -> None:
    shop, [offer] = await shop_with(town, FeeWaiver(), budgets=Budgets(total_minor=10_000))
    payer = await town.payer(50_000)
    paid = await pay(town, shop, payer, 10_000)
    fee_minor = 10_000 * shop.merchant.fee_basis_points // 10_000
    assert fee_minor > 0
    assert (paid.body["fee"], paid.body["offers"][0]["given"]) == (cny(0), cny(fee_minor))
    books = await holdings(town)
    assert books[f"merchant:{shop.merchant.id}", "CNY"] == 10_000
    assert (await left(town, shop, offer))["budget_left"] == cny(10_000 - fee_minor)
    await refund(shop, paid, 10_000)
    assert (await left(town, shop, offer))["budget_left"] == cny(10_000)


async def test_goods_and_membership_are_what_the_till_says(town: Town) -> None:
    fresh = Target(
        starts_on=a_deal().target.starts_on,
        ends_on=a_deal().target.ends_on,
        categories=frozenset({"fresh"}),
        members=True,
    )
    shop, _ = await shop_with(town, AmountOff(off_minor=500, min_spend_minor=2_000), target=fresh)
    payer = await town.payer(50_000)
    goods = [
        {"sku": "milk", "category": "fresh", "amount_minor": 1_500},
        {"sku": "tv", "amount_minor": 8_500},
    ]
    member = {"membership_no": "M-1"}
    assert (await pay(town, shop, payer, 10_000, items=goods, **member)).body["discount"] == cny(0)
    goods[0]["amount_minor"] = 2_000
    assert (await pay(town, shop, payer, 10_500, items=goods)).body["discount"] == cny(0)
    assert (await pay(town, shop, payer, 10_500, items=goods, **member)).body["discount"] == cny(500)


async def test_part_of_an_authorization_earns_part_of_the_cashback_and_spares_part_of_the_fee(
    town: Town,
) -> None:
    shop, [back, fee] = await shop_with(town, THREE_PERCENT, FeeWaiver())
    payer = await town.payer(50_000)
    held = await shop.ask(10_000, code=await town.code(payer), capture="manual")
    assert held.body["state"] == "authorized", held.body
    taken = await shop.office.post(f"/v1/payments/{held.body['id']}/capture", {"amount": cny(4_000)})
    assert taken.body["state"] == "succeeded", taken.body
    await until_final(town.pool, within_s=20)
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 50_000 - 4_000 + 120
    assert taken.body["fee"] == cny(0)
    assert (await left(town, shop, back))["discount"] == cny(120)
    assert (await left(town, shop, fee))["budget_left"]["amount_minor"] == 100_000_000 - (
        4_000 * shop.merchant.fee_basis_points // 10_000
    )
