"""Above the step-up amount, and where a velocity rule says so, a scanned code is not enough."""

import asyncio
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.payments.velocity_rules import Rules
from gateway.settings import SettingsInvalid, read
from merchants.payer import PayerFacts
from tests.receivers import receiving
from tests.town import MASTER_KEY, Answered, Supermarket, Town, a_town, cny
from tests.visiting import an_operator_at_the_console


async def _seen(town: Town, payment_id: str, state: str) -> Answered:
    seen = await town.wallet.get(f"/wallet/v1/payments/{payment_id}")
    assert seen.body["state"] == state, seen.body
    return seen


async def test_above_the_amount_the_wallet_is_told_and_the_payers_confirmation_pays(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(500_000)
    async with receiving() as wallets_backend:
        endpoint = {"url": wallets_backend.url, "event_types": ["payment.requires_confirmation"]}
        made = await town.wallet.post("/v1/webhook-endpoints", endpoint)
        assert made.status == 201, made.body
        code = await town.code(payer)
        till = asyncio.create_task(shop.ask(200_001, code=code, wait_s=25))
        [told] = await wallets_backend.wait_for(1)
        payment = told.json["data"]["payment"]
        assert (payment["state"], payment["reason"]["code"]) == ("requires_confirmation", "step_up")
        assert payment["payer_id"] == payer.id
        assert await town.balance(f"payer:{payer.id}") == 500_000
        confirmed = await town.wallet.post(
            f"/wallet/v1/payments/{payment['id']}/confirm", {"payable": cny(200_001)}
        )
        assert (confirmed.status, confirmed.body["state"]) == (200, "succeeded"), confirmed.body
        paid = await till
    assert (paid.status, paid.body["state"], paid.body["id"]) == (201, "succeeded", payment["id"])
    assert await town.balance(f"payer:{payer.id}") == 299_999


async def test_at_the_amount_nobody_is_asked_and_a_decline_gives_the_day_back(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(1_000_000)
    paid = await shop.ask(200_000, code=await town.code(payer))
    assert paid.body["state"] == "succeeded"
    asked = await shop.ask(300_000, code=await town.code(payer), wait_s=0)
    assert (asked.status, asked.body["reason"]["code"]) == (202, "step_up")
    declined = await town.wallet.post(f"/wallet/v1/payments/{asked.body['id']}/decline", {})
    assert declined.status == 204
    ended = await shop.till.get(f"/v1/payments/{asked.body['id']}")
    assert (ended.body["state"], ended.body["reason"]["code"]) == ("declined", "declined_by_payer")
    again = await shop.ask(300_000, code=await town.code(payer), wait_s=0)
    assert again.body["state"] == "requires_confirmation", again.body
    assert await town.balance(f"payer:{payer.id}") == 800_000


async def test_a_payment_that_nobody_confirms_in_time_expires_uncharged(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(
        database_url, core_database_url, STEP_UP_ABOVE="CNY=100", CONFIRM_WITHIN_S="0.2"
    ) as town:
        shop = await town.supermarket()
        payer = await town.payer(1_000)
        ended = await shop.ask(101, code=await town.code(payer))
        assert (ended.body["state"], ended.body["reason"]["code"]) == ("expired", "not_confirmed_in_time")
        assert await town.balance(f"payer:{payer.id}") == 1_000


async def test_rules_decline_and_step_up_and_name_themselves_to_operators_alone(
    database_url: str, core_database_url: str
) -> None:
    rules = (
        "burst=payer:count>3/60:decline,much=payer:amount>1000/60:step_up,other=terminal:count>99/60:decline"
    )
    async with a_town(database_url, core_database_url, VELOCITY_RULES=rules) as town:
        shop = await town.supermarket()
        payer, another = await town.payer(10_000), await town.payer(10_000)
        first = await shop.ask(600, code=await town.code(payer))
        assert first.body["state"] == "succeeded"
        second = await shop.ask(600, code=await town.code(payer), wait_s=0)
        assert (second.body["state"], second.body["reason"]["code"]) == ("requires_confirmation", "step_up")
        third = await shop.ask(1, code=await town.code(payer), wait_s=0)
        assert third.body["state"] == "requires_confirmation"
        for _ in range(2):
            fourth = await shop.ask(1, code=await town.code(payer))
            assert (fourth.body["state"], fourth.body["reason"]["code"]) == ("declined", "declined_by_risk")
            assert "burst" not in str(fourth.body)
        assert (await shop.ask(600, code=await town.code(another))).body["state"] == "succeeded"
        await _refused_at_confirm(town, shop, payer)
        risk = await town.person(kind="operator", operators=True, roles=frozenset({"risk"}))
        listed = await risk.get("/admin/v1/velocity-hits?limit=2")
        assert [one["rule"] for one in listed.body["items"]] == ["burst", "burst"]
        hit = listed.body["items"][1]
        assert (hit["payment_id"], hit["action"], hit["measured"]) == (fourth.body["id"], "decline", 4)
        rest = await risk.get(f"/admin/v1/velocity-hits?cursor={listed.body['next']}")
        assert [one["rule"] for one in rest.body["items"]] == ["burst", "much", "much"]
        await _shown(town, hit, f"{payer.issuer}:{payer.id}")


async def _shown(town: Town, hit: dict[str, Any], subject: str) -> None:
    """On a page of the operators' console, to those who look after risk, and by each of its filters."""
    risk, reviewer = (
        await an_operator_at_the_console(town, "risk"),
        await an_operator_at_the_console(town, "reviewer"),
    )
    page = "/console/velocity"
    assert (await reviewer.get(page)).status == 403
    assert page not in (await reviewer.get("/console")).text
    for asked, hits in (
        ({}, 5),
        ({"rule": "much"}, 2),
        ({"action": "decline"}, 3),
        ({"subject": subject}, 5),
        ({"rule": "much", "subject": "mer_1"}, 0),
        ({"rule": '"><script>alert(1)</script>'}, 0),
    ):
        seen = await risk.get(f"{page}?{urlencode(asked)}")
        rows = seen.text.partition("<tbody>")[2]
        assert (seen.status, rows.count("<tr>"), "<script>alert" in seen.text) == (200, hits, False), asked
        assert (hit["payment_id"] in rows) == (hits > 2), asked


async def _refused_at_confirm(town: Town, shop: Supermarket, payer: PayerFacts) -> None:
    shown = await shop.ask(1)
    who = {"id": payer.id, "person_id": payer.person_id}
    payload = shown.body["next_action"]["qr_payload"]
    scan: dict[str, Any] = (await town.wallet.post("/wallet/v1/scans", {"code": payload, "payer": who})).body
    refused = await town.wallet.post(
        f"/wallet/v1/payments/{shown.body['id']}/confirm", {"scan_id": scan["id"], "payable": cny(1)}
    )
    assert (refused.status, refused.body["code"]) == (409, "declined_by_risk")
    await town.replica.parts.payments.running.finish(5.0)
    still = await shop.till.get(f"/v1/payments/{shown.body['id']}")
    assert still.body["state"] == "requires_payer"


def test_a_rule_that_does_not_read_is_refused_at_the_start() -> None:
    base = {"GATEWAY_ENV": "sandbox", "DATABASE_URL": "postgresql:///", "MASTER_KEY": MASTER_KEY}
    with pytest.raises(SettingsInvalid, match="VELOCITY_RULES"):
        read({**base, "VELOCITY_RULES": f"x=payer:count>{uuid.uuid4()}"})
    settings = read({**base, "VELOCITY_RULES": "a=payer:count>1/2:decline,b=merchant:amount>3/4:step_up"})
    assert [one.name for one in Rules.read(settings.velocity_rules).rules] == ["a", "b"]
