"""Co-branded discounts inside real payments, told to a partner's consumer on a real socket."""

import asyncio
from typing import Any

from merchants.offers.funding import Funding, Share
from merchants.offers.offer import Budgets
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.receivers import Receiver, receiving
from tests.town import Supermarket, Town, cny

# 20 off every 100, of which the bank carries 60 % and the supermarket 40 %.
SHARED = Funding(
    shares=(Share(funder="bank", basis_points=6_000), Share(funder="partner", basis_points=4_000)),
    rounding="bank",
)


async def with_offer(town: Town, **changes: Any) -> Supermarket:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.merchant.partner_id, a_deal(funding=SHARED, **changes))
    return shop


async def listens(shop: Supermarket, receiver: Receiver) -> str:
    made = await shop.office.post("/v1/webhook-endpoints", {"url": receiver.url})
    assert made.status == 201, made.body
    secret: str = made.body["secret"]
    return secret


async def test_128_becomes_108_and_every_share_lands_where_it_belongs(town: Town) -> None:
    shop = await with_offer(town)
    payer = await town.payer(20_000)
    async with receiving() as receiver:
        secret = await listens(shop, receiver)
        paid = await shop.ask(12_800, code=await town.code(payer))
        assert (paid.body["state"], paid.body["discount"], paid.body["paid"]) == (
            "succeeded",
            cny(2_000),
            cny(10_800),
        )
        arrived = await receiver.wait_for(2)
        events = {one.verified(secret)["type"]: one.verified(secret)["data"] for one in arrived}
    assert set(events) == {"payment.succeeded", "discount.redeemed"}
    assert events["payment.succeeded"]["payment"]["paid"] == cny(10_800)
    assert events["discount.redeemed"]["discount"] == cny(2_000)
    fee = paid.body["fee"]["amount_minor"]
    assert await town.balance(f"payer:{payer.id}") == 20_000 - 10_800
    assert await town.balance(f"merchant:{shop.merchant.id}") == 12_800 - fee


async def test_a_partial_refund_gives_payer_and_funders_their_part_back(town: Town) -> None:
    shop = await with_offer(town)
    payer = await town.payer(20_000)
    async with receiving() as receiver:
        secret = await listens(shop, receiver)
        paid = await shop.ask(12_800, code=await town.code(payer))
        path = f"/v1/payments/{paid.body['id']}/refunds"
        preview = await shop.office.post(f"{path}/preview", {"amount": cny(6_400)})
        assert preview.body["to_payer"] == cny(5_400)
        assert preview.body["to_funders"] == cny(1_000)
        given = await shop.office.post(path, {"merchant_refund_no": "R-1", "amount": cny(6_400)})
        assert (given.body["state"], given.body["shares"]) == ("succeeded", preview.body)
        arrived = await receiver.wait_for(4)
        events = {one.verified(secret)["type"]: one.verified(secret)["data"] for one in arrived}
    assert events["discount.clawed_back"]["clawed_back"] == cny(1_000)
    assert events["discount.clawed_back"]["refund_id"] == given.body["id"]
    assert events["refund.succeeded"]["refund"]["id"] == given.body["id"]
    assert await town.balance(f"payer:{payer.id}") == 20_000 - 10_800 + 5_400


async def test_forty_payments_at_once_on_a_budget_for_ten_discounts_give_ten(crowded_town: Town) -> None:
    town = crowded_town
    shop = await with_offer(town, budgets=Budgets(total_minor=20_000))
    payers = [await town.payer(20_000) for _ in range(40)]
    codes = [await town.code(payer) for payer in payers]
    paid = await asyncio.gather(*(shop.ask(12_800, code=code) for code in codes))
    assert {one.body["state"] for one in paid} == {"succeeded"}
    discounts = [one.body["discount"]["amount_minor"] for one in paid]
    assert sum(discounts) == 20_000


async def test_what_was_reserved_for_a_payment_that_fails_is_there_for_the_next(town: Town) -> None:
    shop = await with_offer(town, budgets=Budgets(total_minor=2_000))
    poor, slow, rich = (
        await town.payer(10),
        await town.payer(20_000, behaviour="late_arrival", seconds=30.0),
        await town.payer(20_000),
    )
    declined = await shop.ask(12_800, code=await town.code(poor))
    assert (declined.body["state"], declined.body["discount"]) == ("declined", cny(2_000))
    doubtful = await shop.ask(12_800, code=await town.code(slow), wait_s=0)
    assert doubtful.body["discount"] == cny(2_000)
    meanwhile = await shop.ask(12_800, code=await town.code(rich))
    assert meanwhile.body["discount"] == cny(0)
    ended = await shop.till.get(f"/v1/payments/{doubtful.body['id']}?wait_s=20")
    assert ended.body["state"] == "reversed"
    now = await shop.ask(12_800, code=await town.code(rich))
    assert (now.body["state"], now.body["discount"]) == ("declined", cny(2_000)), now.body


async def test_undoing_a_paid_discount_gives_its_budget_back(town: Town) -> None:
    shop = await with_offer(town, budgets=Budgets(total_minor=2_000))
    first, second = await town.payer(20_000), await town.payer(20_000)
    paid = await shop.ask(12_800, code=await town.code(first))
    canceled = await shop.till.post(f"/v1/payments/{paid.body['id']}/cancel", {})
    assert canceled.body["state"] == "canceled"
    again = await shop.ask(12_800, code=await town.code(second))
    assert again.body["discount"] == cny(2_000)
    await town.ledger()
