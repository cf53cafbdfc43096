from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from gateway.api.offers import AN_OFFER
from tests.bank import Bank, open_bank

DEAL: dict[str, Any] = msgspec.to_builtins(AN_OFFER)


@pytest.fixture
async def bank(database_url: str) -> AsyncIterator[Bank]:
    async with open_bank(database_url) as opened:
        yield opened


async def test_a_partner_proposes_and_the_bank_accepts_the_same_hash(bank: Bank) -> None:
    partner, merchant_id = await bank.partner()
    drafted = await partner.post("/v1/offers", DEAL, key="once")
    assert (drafted.status, drafted.body["state"], drafted.body["partner_id"]) == (201, "draft", merchant_id)
    assert drafted.body["deal"] == DEAL
    again = await partner.post("/v1/offers", DEAL, key="once")
    assert (again.replayed, again.body["id"]) == (True, drafted.body["id"])

    path, accepting = f"/v1/offers/{drafted.body['id']}", {"hash": drafted.body["hash"]}
    proposed = await partner.post(f"{path}/propose", accepting)
    assert (proposed.status, proposed.body["state"]) == (200, "proposed")
    queue = (await bank.approver.get("/admin/v1/offers?state=proposed")).body
    assert [one["id"] for one in queue["items"]] == [drafted.body["id"]]

    refused = await bank.reviewer.post(f"/admin{path}/accept", accepting)
    assert (refused.status, refused.code) == (403, "insufficient_role")
    refused = await bank.approver.post(f"/admin{path}/accept", {"hash": "0" * 64})
    assert (refused.status, refused.code) == (409, "offer_hash_mismatch")
    live = await bank.approver.post(f"/admin{path}/accept", accepting)
    assert (live.status, live.body["state"]) == (200, "live")
    assert (await partner.get(path)).body == live.body


async def test_a_cart_of_128_is_quoted_at_108_and_says_why_other_offers_do_not_apply(bank: Bank) -> None:
    partner, _ = await bank.partner()
    for deal in (DEAL, {**DEAL, "target": {**DEAL["target"], "segments": ["student"]}}):
        drafted = (await partner.post("/v1/offers", deal)).body
        accepting = {"hash": drafted["hash"]}
        await partner.post(f"/v1/offers/{drafted['id']}/propose", accepting)
        await bank.approver.post(f"/admin/v1/offers/{drafted['id']}/accept", accepting)
    asked: dict[str, Any] = {"amount": {"amount_minor": 12_800, "currency": "CNY"}}
    quote = (await partner.post("/v1/offers/quote", asked)).body
    assert (quote["payable"]["amount_minor"], quote["discount"]["amount_minor"]) == (10_800, 2_000)
    assert [one["reason"] for one in quote["left_out"]] == ["other_segment"]
    student = (await partner.post("/v1/offers/quote", {**asked, "segments": ["student"]})).body
    assert student["payable"]["amount_minor"] == 8_800
    figures = (await partner.get(f"/v1/offers/{quote['applied'][0]['offer_id']}/figures")).body
    assert (figures["payments"], figures["budget_left"]["amount_minor"]) == (0, 10_000_000)
    assert (figures["stores"], figures["days"]) == ([], [])
    path = f"/v1/offers/{quote['applied'][0]['offer_id']}/figures"
    banks = (await bank.approver.get(f"/admin{path}?store_id=sto_{'0' * 32}")).body
    assert banks["budget_left"] == figures["budget_left"]
    assert (await partner.get(f"{path}?store_id=one")).code == "request_invalid"


async def test_the_bank_counters_and_either_side_pauses(bank: Bank) -> None:
    partner, _ = await bank.partner()
    drafted = (await partner.post("/v1/offers", DEAL)).body
    path = f"/v1/offers/{drafted['id']}"
    await partner.post(f"{path}/propose", {"hash": drafted["hash"]})
    smaller = {"hash": drafted["hash"], "budgets": {"total_minor": 50_000}}
    countered = (await bank.approver.call("PATCH", f"/admin{path}", smaller)).body
    assert (countered["state"], countered["version"], countered["made_by"]) == ("countered", 2, "bank")
    assert countered["deal"]["terms"] == DEAL["terms"]
    live = (await partner.post(f"{path}/accept", {"hash": countered["hash"]})).body
    assert live["state"] == "live"
    paused = (await bank.approver.post(f"/admin{path}/pause", {"reason": "查账"})).body
    assert (paused["state"], paused["paused_by"], paused["reason"]) == ("paused", ["bank"], "查账")
    refused = await partner.post(f"{path}/resume")
    assert (refused.status, refused.code, refused.body["state"]) == (409, "offer_state_forbids", "paused")
    assert (await bank.approver.post(f"/admin{path}/resume")).body["state"] == "live"
    assert (await partner.post(f"{path}/end", {})).body["state"] == "ended"


async def test_another_partners_offer_is_not_found_by_any_call(bank: Bank) -> None:
    owner, _ = await bank.partner()
    stranger, _ = await bank.partner()
    drafted = (await owner.post("/v1/offers", DEAL)).body
    path = f"/v1/offers/{drafted['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("GET", f"{path}/figures", None),
        ("PATCH", path, {"hash": drafted["hash"]}),
        ("POST", f"{path}/propose", {"hash": drafted["hash"]}),
        ("POST", f"{path}/accept", {"hash": drafted["hash"]}),
        ("POST", f"{path}/reject", {}),
        ("POST", f"{path}/pause", {}),
        ("POST", f"{path}/resume", None),
        ("POST", f"{path}/end", {}),
    ]
    for method, where, body in calls:
        refused = await stranger.call(method, where, body)
        assert (refused.status, refused.code) == (404, "offer_not_found"), where
    assert (await stranger.get("/v1/offers")).body["items"] == []


async def test_terms_that_cannot_be_meant_are_refused_with_every_fault(bank: Bank) -> None:
    partner, _ = await bank.partner()
    shares = [{"funder": "bank", "basis_points": 9_000}]
    nonsense = {
        **DEAL,
        "currency": "XXX",
        "terms": {"kind": "threshold_off", "tiers": [{"threshold_minor": 100, "off_minor": 100}]},
        "funding": {"shares": shares, "rounding": "seller"},
    }
    refused = await partner.post("/v1/offers", nonsense)
    assert (refused.status, refused.code) == (422, "offer_unsound")
    assert [fault["pointer"] for fault in refused.body["errors"]] == [
        "/currency",
        "/terms/tiers/0/off_minor",
        "/funding/shares",
        "/funding/rounding",
    ]
    foreign = {**DEAL, "target": {**DEAL["target"], "stores": ["sto_" + "0" * 32]}}
    refused = await partner.post("/v1/offers", foreign)
    assert (refused.status, refused.code) == (422, "offer_target_not_found")


async def test_terms_come_back_as_they_were_sent(bank: Bank) -> None:
    partner, merchant_id = await bank.partner()
    target = {
        **DEAL["target"],
        "weekdays": [3, 6],
        "hours": [{"start": "22:00", "end": "02:30"}],
        "merchants": [merchant_id],
        "code_kinds": ["order_code", "payment_code"],
        "segments": ["new_customer"],
    }
    percent = {"kind": "percent_off", "off_basis_points": 1_200, "min_spend_minor": 0, "cap_minor": 3_000}
    sent = {
        **DEAL,
        "terms": percent,
        "target": target,
        "stacking": {"group": "autumn", "priority": 5, "exclusive": True},
    }
    drafted = (await partner.post("/v1/offers", sent)).body
    assert drafted["deal"] == sent
    changed = await partner.call(
        "PATCH", f"/v1/offers/{drafted['id']}", {"hash": drafted["hash"], "target": DEAL["target"]}
    )
    assert changed.body["deal"] == {**sent, "target": DEAL["target"]}
