"""Every webhook is what `openapi.yaml` says: each town and each bank checks it at its end, here all kinds at once."""

from gateway.api.event_table import EVENTS
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.told import broken_promises, published
from tests.town import Town, cny
from webhooks.event import TYPES


async def test_each_kind_of_news_that_a_day_brings_fits_its_schema(town: Town) -> None:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.merchant.partner_id, a_deal())
    rich, poor = await town.payer(50_000), await town.payer(10)
    unsure = await town.payer(50_000, behaviour="confirmation_required")
    silent = await town.payer(50_000, behaviour="late_arrival", seconds=4.0)

    paid = await shop.ask(12_800, code=await town.code(rich))
    refund = {"merchant_refund_no": "R-1", "amount": cny(6_400)}
    refunded = await shop.office.post(f"/v1/payments/{paid.body['id']}/refunds", refund)
    assert refunded.body["state"] == "succeeded", refunded.body
    await shop.ask(12_800, code=await town.code(poor))
    await shop.till.post(f"/v1/payments/{(await shop.ask(500)).body['id']}/cancel", {})
    asked = await shop.ask(12_800, code=await town.code(unsure), wait_s=5)
    declined = await town.wallet.post(f"/wallet/v1/payments/{asked.body['id']}/decline", {})
    assert declined.status == 204, declined.body
    lost = await shop.ask(12_800, code=await town.code(silent), wait_s=0)
    await shop.till.get(f"/v1/payments/{lost.body['id']}?wait_s=20")

    bodies = await published(town.pool)
    assert broken_promises(bodies) == []
    assert {one["type"] for one in bodies} >= {
        "payment.succeeded",
        "payment.declined",
        "payment.canceled",
        "payment.requires_confirmation",
        "payment.reversed",
        "refund.succeeded",
        "discount.redeemed",
        "discount.released",
        "discount.clawed_back",
        "offer.live",
        "merchant.activated",
    }


def test_every_type_that_can_be_subscribed_to_has_a_schema() -> None:
    assert {one.type for one in EVENTS} == TYPES
