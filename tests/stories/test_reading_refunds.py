"""One refund, read and waited for by whoever may see it; and what scans leave behind."""

import asyncio

from gateway import jobs
from tests.town import Town, cny


async def test_a_refund_is_read_by_its_id_and_waited_for(town: Town) -> None:
    shop, other = await town.supermarket(), await town.supermarket()
    payer = await town.payer(10_000)
    paid = (await shop.ask(3_000, code=await town.code(payer))).body
    slow = {"balance_minor": 7_000, "currency": "CNY", "behaviour": "slow", "seconds": 0.3}
    async with town.http.put(f"{town.core}/sandbox/wallets/{payer.id}", json=slow) as said:
        assert said.status < 300
    asked = await shop.office.post(
        f"/v1/payments/{paid['id']}/refunds", {"merchant_refund_no": "R-1", "amount": cny(1_000), "wait_s": 0}
    )
    assert (asked.status, asked.body["state"]) == (202, "processing")
    path = f"/v1/refunds/{asked.body['id']}"
    by_office, by_till = await asyncio.gather(
        shop.office.get(f"{path}?wait_s=10"), shop.till.get(f"{path}?wait_s=10")
    )
    assert by_office.body["state"] == "succeeded", by_office.body
    assert by_till.body == by_office.body
    for stranger in (other.till, other.office):
        refused = await stranger.get(path)
        assert (refused.status, refused.body["code"]) == (404, "refund_not_found")


async def test_what_was_shown_of_orders_is_forgotten_a_day_later(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer()
    shown = (await shop.ask(100)).body
    who = {"id": payer.id, "person_id": payer.person_id}
    for _ in range(2):
        seen = await town.wallet.post(
            "/wallet/v1/scans", {"code": shown["next_action"]["qr_payload"], "payer": who}
        )
    await town.pool.execute(
        "UPDATE gateway.scans SET created_at = now() - interval '25 h' WHERE id <> $1", seen.body["id"]
    )
    assert await jobs.sweep(town.pool, town.settings) == 1
    assert await town.pool.fetchval("SELECT id FROM gateway.scans") == seen.body["id"]
