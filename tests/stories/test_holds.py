"""Amounts that are held, captured in whole or part, and let go, against a real core."""

import asyncio
from typing import Any

import pytest

from merchants.offers.offer import Budgets
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.told import published
from tests.town import Answered, Supermarket, Town, a_town, cny


async def held(town: Town, shop: Supermarket, amount_minor: int, *, balance_minor: int = 20_000) -> Any:
    """A payment whose amount is held; with the payer's account beside it."""
    payer = await town.payer(balance_minor)
    asked = await shop.ask(amount_minor, code=await town.code(payer), capture="manual")
    assert (asked.status, asked.body["state"]) == (201, "authorized"), asked.body
    return asked.body, f"payer:{payer.id}"


async def capture(shop: Supermarket, payment: Any, amount_minor: int | None = None, **more: Any) -> Answered:
    body = {} if amount_minor is None else {"amount": cny(amount_minor)}
    return await shop.till.post(f"/v1/payments/{payment['id']}/capture", {**body, **more})


async def with_an_offer(town: Town, shop: Supermarket) -> None:
    """20 off every 100, which the bank pays three fifths of."""
    async with town.pool.acquire() as conn, conn.transaction():
        deal = a_deal(budgets=Budgets(total_minor=1_000_000, daily_minor=1_000_000))
        await agreed(conn, shop.merchant.partner_id, deal)


async def taken_of_budgets(town: Town) -> set[tuple[int, int]]:
    rows = await town.pool.fetch("SELECT taken_minor, uses FROM merchants.offer_counters")
    return {(row["taken_minor"], row["uses"]) for row in rows}


async def test_what_is_held_is_captured_whole(town: Town) -> None:
    shop = await town.supermarket()
    payment, payer = await held(town, shop, 5_000)
    assert (payment["authorized"], payment["next_action"]["type"]) == (cny(5_000), "capture")
    assert payment["resolves_by"] == payment["expires_at"]
    assert await town.balance(payer) == 15_000
    assert await town.balance(f"merchant:{shop.merchant.id}") == 0
    taken = await capture(shop, payment)
    assert (taken.status, taken.body["state"], taken.body["paid"]) == (200, "succeeded", cny(5_000))
    fee = taken.body["fee"]["amount_minor"]
    assert await town.balance(f"merchant:{shop.merchant.id}") == 5_000 - fee
    assert await town.balance(payer) == 15_000


async def test_what_is_not_captured_goes_back_at_once_and_refunds_count_from_what_was(town: Town) -> None:
    shop = await town.supermarket()
    payment, payer = await held(town, shop, 5_000)
    taken = await capture(shop, payment, 3_000)
    assert taken.body["order"] == taken.body["paid"] == cny(3_000)
    assert taken.body["authorized"] == cny(5_000)
    assert await town.balance(payer) == 17_000
    path = f"/v1/payments/{payment['id']}/refunds"
    above = await shop.office.post(path, {"merchant_refund_no": "R-1", "amount": cny(3_001)})
    assert (above.status, above.body["code"]) == (422, "refund_above_remainder")
    for number in range(3):
        part = {"merchant_refund_no": f"R-{number}", "amount": cny(1_000)}
        assert (await shop.office.post(path, part)).body["state"] == "succeeded"
    assert await town.balance(payer) == 20_000
    assert await town.balance(f"merchant:{shop.merchant.id}") == 0


@pytest.mark.parametrize("captured_minor", [12_800, 9_601, 7, 1])
async def test_of_a_part_payer_and_funders_each_pay_their_part(town: Town, captured_minor: int) -> None:
    shop = await town.supermarket()
    await with_an_offer(town, shop)
    payment, payer = await held(town, shop, 12_800)
    assert (payment["discount"], payment["paid"]) == (cny(2_000), cny(10_800))
    taken = (await capture(shop, payment, captured_minor)).body
    discount, paid = (taken[name]["amount_minor"] for name in ("discount", "paid"))
    assert taken["state"] == "succeeded"
    assert discount + paid == captured_minor
    assert abs(discount - 2_000 * captured_minor / 12_800) < 1
    assert sum(one["discount"]["amount_minor"] for one in taken["offers"]) == discount
    assert await town.balance(payer) == 20_000 - paid
    assert await town.balance(f"merchant:{shop.merchant.id}") == captured_minor - taken["fee"]["amount_minor"]
    assert await taken_of_budgets(town) == {(discount, 1 if discount else 0)}
    refund = {"merchant_refund_no": "R-1", "amount": cny(captured_minor)}
    back = await shop.office.post(f"/v1/payments/{payment['id']}/refunds", refund)
    assert back.body["state"] == "succeeded", back.body
    assert await town.balance(payer) == 20_000
    assert await town.balance(f"merchant:{shop.merchant.id}") == 0


async def test_more_than_is_held_is_not_captured_and_nothing_twice(town: Town) -> None:
    shop = await town.supermarket()
    payment, payer = await held(town, shop, 5_000)
    above = await capture(shop, payment, 5_001)
    assert (above.status, above.body["code"], above.body["authorized_minor"]) == (
        422,
        "capture_above_authorized",
        5_000,
    )
    answers = await asyncio.gather(*(capture(shop, payment, 1_000) for _ in range(8)))
    assert sorted(one.status for one in answers) == [200] + [409] * 7
    assert {one.body["code"] for one in answers if one.status == 409} == {"not_capturable"}
    assert await town.balance(payer) == 19_000


async def test_a_repeated_capture_answers_as_the_first_did(town: Town) -> None:
    shop = await town.supermarket()
    payment, payer = await held(town, shop, 5_000)
    path, body = f"/v1/payments/{payment['id']}/capture", {"amount": cny(2_000)}
    answers = await asyncio.gather(*(shop.till.post(path, body, key="one") for _ in range(8)))
    assert {(one.status, one.body["state"]) for one in answers} == {(200, "succeeded")}
    assert await town.balance(payer) == 18_000


async def test_a_cancel_lets_go_of_what_is_held(town: Town) -> None:
    shop = await town.supermarket()
    await with_an_offer(town, shop)
    payment, payer = await held(town, shop, 12_800)
    canceled = await shop.till.post(f"/v1/payments/{payment['id']}/cancel", {})
    assert (canceled.status, canceled.body["state"]) == (200, "canceled"), canceled.body
    late = await capture(shop, payment)
    assert (late.status, late.body["code"], late.body["state"]) == (409, "not_capturable", "canceled")
    assert await town.balance(payer) == 20_000
    assert await taken_of_budgets(town) == {(0, 0)}


async def test_a_captured_payment_that_is_canceled_ends_uncharged(town: Town) -> None:
    shop = await town.supermarket()
    payment, payer = await held(town, shop, 5_000)
    await capture(shop, payment, 3_000)
    canceled = await shop.till.post(f"/v1/payments/{payment['id']}/cancel", {})
    assert canceled.body["state"] == "canceled", canceled.body
    assert await town.balance(payer) == 20_000
    assert await town.balance(f"merchant:{shop.merchant.id}") == 0


async def test_captures_and_cancels_at_once_end_one_way_or_the_other(town: Town) -> None:
    shop = await town.supermarket()
    for _ in range(4):
        payment, payer = await held(town, shop, 5_000)
        await asyncio.gather(
            *(capture(shop, payment, 3_000) for _ in range(3)),
            *(shop.till.post(f"/v1/payments/{payment['id']}/cancel", {}) for _ in range(3)),
        )
        ended = await shop.till.get(f"/v1/payments/{payment['id']}?wait_s=10")
        assert ended.body["state"] == "canceled", ended.body
        assert await town.balance(payer) == 20_000


async def test_nobody_captured_in_time_so_the_order_may_be_paid_again(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, AUTHORIZATION_LIFE_S="0.2") as town:
        shop = await town.supermarket()
        payer = await town.payer(20_000)
        asked = await shop.ask(5_000, code=await town.code(payer), capture="manual", merchant_order_no="A-1")
        payment = asked.body
        async with town.replica.parts.hub.waiting_for(payment["id"]) as told, asyncio.timeout(30):
            while (payment := (await shop.till.get(f"/v1/payments/{payment['id']}")).body)[
                "state"
            ] != "expired":
                await told.wait()
                told.clear()
        assert payment["reason"]["code"] == "authorization_expired"
        assert await town.balance(f"payer:{payer.id}") == 20_000
        again = await shop.ask(5_000, code=await town.code(payer), merchant_order_no="A-1")
        assert again.body["state"] == "succeeded", again.body


async def test_a_shop_page_may_hold_too(town: Town) -> None:
    shop = await town.supermarket()
    shown = (await shop.ask(3_000, capture="manual")).body
    payer = await town.payer(10_000)
    who = {"id": payer.id, "person_id": payer.person_id}
    scan = (
        await town.wallet.post("/wallet/v1/scans", {"code": shown["next_action"]["qr_payload"], "payer": who})
    ).body
    confirmed = await town.wallet.post(
        f"/wallet/v1/payments/{shown['id']}/confirm", {"scan_id": scan["id"], "payable": scan["payable"]}
    )
    assert confirmed.body["state"] == "authorized", confirmed.body
    assert (await capture(shop, shown, 2_000)).body["state"] == "succeeded"
    assert await town.balance(f"payer:{payer.id}") == 8_000


@pytest.mark.parametrize("behaviour", ["reply_lost", "error_500", "error_404", "html"])
async def test_a_core_that_misbehaves_about_a_hold_is_asked_until_the_truth_is_known(
    town: Town, behaviour: str
) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour=behaviour)
    asked = await shop.ask(5_000, code=await town.code(payer), capture="manual")
    assert asked.body["state"] == "authorized", asked.body
    taken = await capture(shop, asked.body, 3_000)
    assert taken.body["state"] == "succeeded", taken.body
    assert await town.balance(f"payer:{payer.id}") == 17_000


async def test_a_hold_that_the_core_will_not_reverse_is_released(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour="reversal_refused")
    asked = await shop.ask(5_000, code=await town.code(payer), capture="manual")
    canceled = await shop.till.post(f"/v1/payments/{asked.body['id']}/cancel", {})
    assert canceled.body["state"] == "canceled", canceled.body
    assert await town.balance(f"payer:{payer.id}") == 20_000


async def test_a_capture_that_the_core_will_not_undo_is_refunded(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour="reversal_refused")
    asked = await shop.ask(5_000, code=await town.code(payer), capture="manual")
    await capture(shop, asked.body, 3_000)
    canceled = await shop.till.post(f"/v1/payments/{asked.body['id']}/cancel", {})
    assert canceled.body["reason"]["code"] == "reversal_refused", canceled.body
    assert canceled.body["refunded"] == cny(3_000)


async def test_what_is_not_decided_when_the_till_gives_up_is_undone(crowded_town: Town) -> None:
    """Of itself this town would be patient for 45 seconds."""
    town = crowded_town
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour="late_success", seconds=30)
    asked = await shop.ask(5_000, code=await town.code(payer), give_up_after_s=1, wait_s=0)
    assert asked.body["state"] == "processing"
    ended = await shop.till.get(f"/v1/payments/{asked.body['id']}?wait_s=30")
    assert ended.body["state"] == "reversed", ended.body
    assert await town.balance(f"payer:{payer.id}") == 20_000


async def test_a_till_that_gives_up_gives_a_confirmation_no_longer_than_that(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000, behaviour="confirmation_required")
    asked = await shop.ask(3_000, code=await town.code(payer), give_up_after_s=1)
    ended = await shop.till.get(f"/v1/payments/{asked.body['id']}?wait_s=20")
    assert (ended.body["state"], ended.body["reason"]["code"]) == ("expired", "not_confirmed_in_time")


async def test_a_discount_that_waits_for_the_payer_and_then_for_the_capture_is_told_once(town: Town) -> None:
    shop = await town.supermarket()
    await with_an_offer(town, shop)
    payer = await town.payer(20_000, behaviour="confirmation_required")
    asked = await shop.ask(12_800, code=await town.code(payer), capture="manual", wait_s=0)
    path = f"/wallet/v1/payments/{asked.body['id']}/confirm"
    while (await town.wallet.post(path, {"payable": cny(10_800)})).status != 200:
        pass  # the core has yet to ask
    waits = await shop.till.get(f"/v1/payments/{asked.body['id']}?wait_s=20")
    assert waits.body["state"] == "authorized", waits.body
    assert (await capture(shop, waits.body)).body["state"] == "succeeded"
    told = [one["type"] for one in await published(town.pool) if one["type"].startswith("discount.")]
    assert sorted(told) == ["discount.redeemed", "discount.reserved"]
