"""What somebody was told about a payment stays true, whatever comes after it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.payments import expire, sql
from gateway.payments import refund as refunds
from gateway.payments.payment import Refund
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Settled
from gateway.wallet.core import Declined
from merchants import standing
from merchants.ids import new_id
from tests.onboarded import a_till
from tests.town import Answered, Supermarket, Town, a_town, cny

NO = Declined("payer_account_closed")


@pytest.fixture
async def still_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """Where nobody settles anything by themselves."""
    async with a_town(database_url, core_database_url, works=False) as opened:
        yield opened


async def test_a_merchants_refund_number_never_stands_in_the_way_of_giving_everything_back(
    still_town: Town,
) -> None:
    town, shop = still_town, await still_town.supermarket()
    paid = await _paid(town, shop, behaviour="reversal_refused")
    asked = refunds.Asked(
        refund_id=new_id("ref", 1), merchant_refund_no="automatic", order_minor=1_000, note=None
    )
    async with town.pool.acquire() as conn, conn.transaction():
        accepted = await refunds.accept(
            town.replica.parts.payments,
            conn,
            partner_id=shop.merchant.partner_id,
            payment_id=paid.body["id"],
            asked=asked,
        )
    assert (await _refused_by_core(town, accepted.refund.id)).state == "failed"
    canceled = await shop.till.post(f"/v1/payments/{paid.body['id']}/cancel", {})
    assert (canceled.status, canceled.body["state"]) == (200, "succeeded"), canceled.body
    assert canceled.body["refunded"] == cny(3_000)


async def test_what_we_promised_to_give_back_is_tried_until_the_core_takes_it(still_town: Town) -> None:
    town, shop = still_town, await still_town.supermarket()
    paid = await _paid(town, shop, behaviour="reversal_refused")
    path = f"/v1/payments/{paid.body['id']}/cancel"
    first = await shop.till.post(path, {})
    assert first.body["reason"]["code"] == "reversal_refused"
    refund_id = await town.pool.fetchval("SELECT id FROM gateway.refunds")
    assert (await _refused_by_core(town, refund_id)).state == "processing"
    assert (
        await town.pool.fetchval("SELECT max(n) FROM gateway.transfers WHERE owner_id = $1", refund_id) == 2
    )
    again = await shop.till.post(path, {})
    assert (again.status, again.body["refunded"]) == (200, cny(3_000)), again.body


async def test_a_payer_who_pays_is_not_told_that_they_declined(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer(10_000)
    scan = await _scanned(town, shop, payer.id, payer.person_id)
    path = f"/wallet/v1/payments/{scan['payment_id']}"
    paid = await town.wallet.post(f"{path}/confirm", {"scan_id": scan["id"], "payable": scan["payable"]})
    assert paid.body["state"] == "succeeded"
    declined = await town.wallet.post(f"{path}/decline", {"scan_id": scan["id"]})
    assert (declined.status, declined.body["code"]) == (409, "not_confirmable")
    assert declined.body["state"] == "succeeded"


async def test_a_payer_agrees_to_an_amount_in_its_currency(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer(10_000)
    scan = await _scanned(town, shop, payer.id, payer.person_id)
    body = {"scan_id": scan["id"], "payable": {**scan["payable"], "currency": "JPY"}}
    refused = await town.wallet.post(f"/wallet/v1/payments/{scan['payment_id']}/confirm", body)
    assert (refused.status, refused.body["code"]) == (409, "amount_changed")


async def test_a_suspended_merchant_is_not_paid_by_a_payer_who_confirms_late(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer(10_000, behaviour="confirmation_required")
    asked = await shop.ask(3_000, code=await town.code(payer), wait_s=1)
    assert asked.body["state"] == "requires_confirmation", asked.body
    async with town.pool.acquire() as conn, conn.transaction():
        await standing.suspend(conn, merchant_id=shop.merchant.id, actor="risk", reason="fraud")
    refused = await town.wallet.post(
        f"/wallet/v1/payments/{asked.body['id']}/confirm", {"payable": cny(3_000)}
    )
    assert (refused.status, refused.body["code"]) == (409, "merchant_not_active")
    assert await town.balance(f"payer:{payer.id}") == 10_000


async def test_two_tills_that_number_their_requests_alike_are_two_tills(town: Town) -> None:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        place = await a_till(conn, shop.merchant)
    other = await town.person(
        kind="terminal",
        partner_id=shop.merchant.partner_id,
        merchant_id=shop.merchant.id,
        store_id=place.store.id,
        terminal_id=place.terminal.id,
    )
    body = {"amount": cny(3_000), "merchant_order_no": "A-1"}
    first = await shop.till.post("/v1/payments", body, key="1")
    again = await shop.till.post("/v1/payments", body, key="1")
    assert (first.status, again.body["id"]) == (201, first.body["id"])
    second = await other.post("/v1/payments", {**body, "merchant_order_no": "B-1"}, key="1")
    assert (second.status, second.body.get("terminal_id")) == (201, place.terminal.id), second.body
    same = await other.post("/v1/payments", body, key="2")
    assert (same.status, same.body["code"]) == (409, "order_exists")


async def test_a_payment_that_cannot_lapse_keeps_no_other_from_lapsing(still_town: Town) -> None:
    town, shop = still_town, await still_town.supermarket()
    damaged, sound = await shop.ask(1_000), await shop.ask(2_000)
    await town.pool.execute("UPDATE gateway.payments SET expires_at = now() - interval '1 s'")
    await town.pool.execute("UPDATE gateway.payments SET terms = '{}' WHERE id = $1", damaged.body["id"])
    assert await expire.run_once(town.replica.parts.payments, limit=1) == 1, "though it fills a page"
    lapsed = await shop.till.get(f"/v1/payments/{sound.body['id']}")
    assert lapsed.body["state"] == "expired"


async def _paid(town: Town, shop: Supermarket, *, behaviour: str) -> Answered:
    payer = await town.payer(10_000, behaviour=behaviour)
    paid = await shop.ask(3_000, code=await town.code(payer))
    assert paid.body["state"] == "succeeded", paid.body
    return paid


async def _scanned(town: Town, shop: Supermarket, payer_id: str, person_id: str) -> dict[str, Any]:
    shown = await shop.ask(3_000)
    code = shown.body["next_action"]["qr_payload"]
    scanned = await town.wallet.post(
        "/wallet/v1/scans", {"code": code, "payer": {"id": payer_id, "person_id": person_id}}
    )
    body: dict[str, Any] = scanned.body
    return body


async def _refused_by_core(town: Town, refund_id: str) -> Refund:
    """The core's answer to the refund's open transfer is a refusal; the refund after that."""
    await town.pool.execute("UPDATE gateway.transfers SET due_at = now() WHERE owner_id = $1", refund_id)
    async with town.pool.acquire() as conn:
        [instruction] = await transfers.claim_due(conn, lease_s=60.0, limit=1)
    await refunds.conclude(
        town.replica.parts.payments, Settled(instruction=instruction, answer=NO, attempts=())
    )
    found = await sql.find_refund(
        town.pool, partner_id=instruction.partner_id, refund_id=instruction.owner_id
    )
    assert found is not None
    return found
