"""An online order from the shop's side and the customer's: a session, its payments, how it ends."""

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.checkout import ending, opening
from tests.shopping import a_web_shop, confirm, pay, scan, time_is_up, try_again
from tests.town import Town, a_town, cny

LINES = [
    {"name": "冻顶乌龙 500 g", "amount_minor": 9_800, "quantity": 2, "sku": "6901234567892"},
    {"name": "Shipping", "amount_minor": 3_000},
]


async def test_a_shop_opens_a_session_and_its_customer_pays_it(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(20_000)
    session = await shop.opened(12_800, lines=LINES, customer_reference="c-7")
    assert (session["state"], session["attempts"], session["paid"]) == ("open", 1, None)
    assert session["url"].startswith(f"{town.settings.public_url}/checkout/{session['id']}.")
    paid = await pay(town, shop, session, payer)
    assert paid.body["state"] == "succeeded", paid.body
    completed = await shop.read(session)
    assert (completed["state"], completed["paid"], completed["reason"]) == ("completed", cny(12_800), None)
    [told] = await shop.events(session)
    assert (told["type"], told["data"]["checkout"]["customer_reference"]) == ("checkout.completed", "c-7")
    assert told["data"]["sequence"] == completed["sequence"]
    assert "url" not in told["data"]["checkout"]


async def test_a_request_repeated_is_one_session_and_an_order_has_one_at_a_time(town: Town) -> None:
    shop = await a_web_shop(town)
    first, again = [await shop.open(key="one", merchant_order_no="W-1") for _ in range(2)]
    assert (again.status, again.body) == (201, first.body)
    other = await shop.open(key="two", merchant_order_no="W-1")
    assert (other.status, other.body["code"]) == (409, "order_exists")


async def test_a_declined_customer_tries_again_in_the_same_session(town: Town) -> None:
    shop, poor, rich = await a_web_shop(town), await town.payer(100), await town.payer(20_000)
    session = await shop.opened()
    declined = await pay(town, shop, session, poor)
    assert declined.body["state"] == "declined"
    assert (await shop.read(session))["state"] == "open"
    pressed = await asyncio.gather(*(try_again(town, session) for _ in range(5)))
    assert sorted(pressed) == ["nothing_to_retry"] * 4 + ["tried"]
    assert (await shop.read(session))["attempts"] == 2
    await pay(town, shop, session, rich)
    completed = await shop.read(session)
    assert (completed["state"], completed["attempts"]) == ("completed", 2)
    assert [one["type"] for one in await shop.events(session)] == ["checkout.completed"]


async def test_a_session_nobody_pays_expires_with_its_code(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer()
    session = await shop.opened()
    code = (await shop.payment(session))["next_action"]["qr_payload"]
    seen = await scan(town, payer, code)
    await time_is_up(town, session)
    expired = await shop.ended(session)
    assert (expired["state"], expired["reason"]["code"]) == ("expired", "not_paid_in_time")
    assert (await confirm(town, seen)).body["code"] == "not_confirmable"
    assert [one["type"] for one in await shop.events(session)] == ["checkout.expired"]


async def test_a_payment_in_the_moment_of_expiry_completes_the_session(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(behaviour="late_success", seconds=0.5)
    session = await shop.opened()
    seen = await scan(town, payer, (await shop.payment(session))["next_action"]["qr_payload"])
    paying = await confirm(town, seen, wait_s=0)
    assert paying.body["state"] == "processing"
    await time_is_up(town, session)
    refused = await shop.server.post(f"/v1/checkout-sessions/{session['id']}/expire", None)
    assert (refused.status, refused.body["code"]) == (409, "checkout_being_paid")
    completed = await shop.ended(session)
    assert completed["state"] == "completed"
    assert [one["type"] for one in await shop.events(session)] == ["checkout.completed"]


async def test_a_decline_after_the_time_is_over_ends_the_session(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(100)
    session = await shop.opened()
    await pay(town, shop, session, payer)
    await time_is_up(town, session)
    [told] = await shop.told(session, 1)
    assert (told["type"], told["data"]["checkout"]["reason"]["code"]) == (
        "checkout.expired",
        "not_paid_in_time",
    )
    assert await try_again(town, session) == "nothing_to_retry"


async def test_a_session_that_cannot_expire_keeps_no_other_from_expiring(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False) as town:
        shop, poor = await a_web_shop(town), await town.payer(100)
        damaged, sound = await shop.opened(), await shop.opened()
        for session in (damaged, sound):
            assert (await pay(town, shop, session, poor)).body["state"] == "declined"
            await time_is_up(town, session)
        await town.pool.execute(
            "UPDATE gateway.checkout_sessions SET terms = '{}' WHERE id = $1", damaged["id"]
        )
        assert await ending.run_once(town.replica.parts.payments, limit=1) == 1, "though it fills a page"
        assert (await shop.read(sound))["state"] == "expired"


async def test_a_shop_ends_its_session_and_may_ask_for_the_order_again(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer()
    session = await shop.opened(merchant_order_no="W-9")
    path = f"/v1/checkout-sessions/{session['id']}/expire"
    ended, again = await shop.server.post(path, None), await shop.server.post(path, None)
    assert (ended.status, ended.body["state"]) == (200, "expired")
    assert ended.body["reason"]["code"] == "ended_by_merchant"
    assert again.body == ended.body
    second = await shop.opened(merchant_order_no="W-9")
    await pay(town, shop, second, payer)
    refused = await shop.server.post(f"/v1/checkout-sessions/{second['id']}/expire", None)
    assert (refused.status, refused.body["code"]) == (409, "checkout_completed")


async def test_a_declined_session_can_be_ended_by_its_shop(town: Town) -> None:
    shop, poor = await a_web_shop(town), await town.payer(1)
    session = await shop.opened()
    await pay(town, shop, session, poor)
    ended = await shop.server.post(f"/v1/checkout-sessions/{session['id']}/expire", None)
    assert (ended.status, ended.body["reason"]["code"]) == (200, "ended_by_merchant")


async def test_ending_beside_a_retry_ends_the_retry_and_locks_nothing_meanwhile(town: Town) -> None:
    shop, poor = await a_web_shop(town), await town.payer(1)
    session = await shop.opened()
    await pay(town, shop, session, poor)
    whose = {"session_id": session["id"], "partner_id": shop.partner_id}
    async with town.pool.acquire() as conn:
        async with conn.transaction():
            tried = await opening.try_again(town.replica.parts.payments, conn, **whose, now=datetime.now(UTC))
            ending = asyncio.ensure_future(
                shop.server.post(f"/v1/checkout-sessions/{session['id']}/expire", None)
            )
            async with asyncio.timeout(30):
                while not await town.pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                    pass
        ended = await ending
    assert (ended.status, ended.body["reason"]["code"], ended.body["attempts"]) == (
        200,
        "ended_by_merchant",
        2,
    )
    assert (await shop.payment(ended.body))["state"] == "expired"
    assert ended.body["payment_id"] == tried.payment.id
    assert [one["type"] for one in await shop.events(session)] == ["checkout.expired"]


async def test_canceling_the_payment_ends_the_session(town: Town) -> None:
    shop = await a_web_shop(town)
    session = await shop.opened()
    canceled = await shop.server.post(f"/v1/payments/{session['payment_id']}/cancel", {})
    assert canceled.body["state"] == "canceled"
    assert (await shop.read(session))["reason"]["code"] == "payment_canceled"


async def test_a_payment_undone_in_doubt_ends_the_session_uncharged(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(20_000, behaviour="late_arrival", seconds=2.0)
    session = await shop.opened()
    seen = await scan(town, payer, (await shop.payment(session))["next_action"]["qr_payload"])
    await confirm(town, seen, wait_s=0)
    ended = await shop.ended(session)
    assert (ended["state"], ended["reason"]["code"]) == ("expired", "payment_undone")
    assert await town.balance(f"payer:{payer.id}") == 20_000


async def test_a_cancel_that_the_core_refuses_is_no_success(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(20_000, behaviour="reversal_refused")
    session = await shop.opened()
    seen = await scan(town, payer, (await shop.payment(session))["next_action"]["qr_payload"])
    paid = await confirm(town, seen)
    assert paid.body["state"] == "succeeded"
    await shop.server.post(f"/v1/payments/{session['payment_id']}/cancel", {"wait_s": 20})
    assert (await shop.read(session))["state"] == "completed"
    assert [one["type"] for one in await shop.events(session)] == ["checkout.completed"]


async def test_lines_have_to_sum_to_the_order(town: Town) -> None:
    shop = await a_web_shop(town)
    refused = await shop.open(12_801, lines=LINES)
    assert (refused.status, refused.body["code"]) == (422, "lines_do_not_add_up")
    assert refused.body["lines_minor"] == 12_800


@pytest.mark.parametrize("hurry", ["merchant ends", "time is up", "merchant cancels"])
async def test_who_pays_and_who_ends_at_once_agree_on_what_happened(crowded_town: Town, hurry: str) -> None:
    town = crowded_town
    shop = await a_web_shop(town)
    sessions = [await shop.opened() for _ in range(12)]
    seen = [
        await scan(town, await town.payer(), (await shop.payment(one))["next_action"]["qr_payload"])
        for one in sessions
    ]

    async def end(session: dict[str, str]) -> None:
        match hurry:
            case "merchant ends":
                await shop.server.post(f"/v1/checkout-sessions/{session['id']}/expire", None)
            case "merchant cancels":
                await shop.server.post(f"/v1/payments/{session['payment_id']}/cancel", {})
            case _:
                await time_is_up(town, session)

    await asyncio.gather(*(confirm(town, one) for one in seen), *(end(one) for one in sessions))
    for session in sessions:
        ended, payment = await shop.ended(session), await shop.payment(session)
        told = [one["type"] for one in await shop.events(session)]
        assert told == [f"checkout.{ended['state']}"], (ended, payment["state"])
        # A payment that succeeded may have been canceled since; one that did not never completes a session.
        succeeded = payment["state"] == "succeeded"
        assert ended["state"] == "completed" or not succeeded
        assert succeeded or ended["state"] == "expired" or hurry == "merchant cancels"
