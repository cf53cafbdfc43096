"""A shop's office at a shell: its money back, its webhooks, its servers."""

import json

from gateway.cli.identity import IdentityFile
from tests.desk import Desk

_NOWHERE = "http://127.0.0.1:9/"


async def test_money_is_given_back_after_a_look_at_who_gets_what(desk: Desk) -> None:
    await desk.open_shop()
    await desk.till()
    code = await desk.town.code(await desk.town.payer())
    paid = (await desk.done("till", "pay", "128.00", "--code", code, "--as", "till.json", "-q")).out.strip()
    look = await desk.done("partner", "refunds", "preview", paid, "28.00", "--as", "shop.json", "--json")
    assert look.json["to_payer"]["amount_minor"] == 2_800
    wish = ("partner", "refunds", "make", paid, "28.00", "--number", "R-1", "--as", "shop.json", "--json")
    made = await desk.done(*wish)
    assert (made.json["state"], made.json["shares"]["order"]["amount_minor"]) == ("succeeded", 2_800)
    assert (await desk.done(*wish)).json["id"] == made.json["id"], "the number is the refund"
    other = await desk.types(*wish[:4], "7.00", *wish[5:])
    assert (other.code, "another --number" in other.err) == (1, True), other
    beyond = ("partner", "refunds", "make", paid, "100.01", "--number", "R-2", "--as", "shop.json")
    assert (await desk.types(*beyond)).code == 1
    listed = await desk.done("partner", "refunds", "list", paid, "--as", "shop.json", "-q")
    assert listed.out.split() == [made.json["id"]]
    shown = await desk.done("partner", "refunds", "show", made.json["id"], "--as", "shop.json", "--json")
    assert shown.json["state"] == "succeeded"
    found = await desk.done("partner", "payments", "list", "--as", "shop.json", "--json")
    assert json.loads(found.out)["refunded"]["amount_minor"] == 2_800
    assert (
        await desk.done("partner", "payments", "show", paid, "--as", "shop.json", "-q")
    ).out.strip() == paid
    timeline = await desk.done("partner", "payments", "timeline", paid, "--as", "shop.json", "--json")
    assert paid in timeline.out
    refused = await desk.types("partner", "payments", "cancel", paid, "--as", "shop.json")
    assert (refused.code, "partially_refunded" in refused.err) == (1, True)
    doubts = await desk.done("operator", "in-doubt", "--as", "first.json", "-q")
    hits = await desk.done("operator", "velocity-hits", "--as", "first.json", "-q")
    assert (doubts.out, hits.out) == ("", "")


async def test_webhooks_are_set_up_held_back_looked_through_and_sent_again(desk: Desk) -> None:
    await desk.open_shop()
    who = ("--as", "shop.json")
    made = (
        await desk.done("partner", "webhooks", "add", _NOWHERE, "--type", "payment.*", *who, "--json")
    ).json
    assert made["secret"].startswith("whsec_")
    endpoint = made["id"]
    tried = (await desk.done("partner", "webhooks", "test", endpoint, *who, "-q")).out.strip()
    listed = await desk.done("partner", "webhooks", "deliveries", endpoint, *who, "-q")
    assert listed.out.split() == [tried]
    shown = (await desk.done("partner", "webhooks", "delivery", tried, *who, "--json")).json
    assert shown["event_type"] == "ping"
    await desk.done("partner", "webhooks", "skip", tried, *who)
    again = (await desk.done("partner", "webhooks", "resend", tried, *who, "--json")).json
    assert again["state"] in {"pending", "sending"}
    for deed, status in (("hold", "disabled"), ("let-go", "enabled")):
        assert (await desk.done("partner", "webhooks", deed, endpoint, *who, "--json")).json[
            "status"
        ] == status
    since = ("--since", "2026-01-05T09:30:00+0800")
    replayed = await desk.done("partner", "webhooks", "replay", endpoint, *since, *who, "--json")
    assert replayed.json["next_after"] is None
    rotated = await desk.done("partner", "webhooks", "rotate-secret", endpoint, *who, "--json")
    assert rotated.json["secret"] != made["secret"]
    await desk.done("partner", "webhooks", "remove", endpoint, *who)
    assert (await desk.done("partner", "webhooks", "list", *who, "-q")).out == ""


async def test_another_server_comes_in_with_a_key_of_its_own_and_goes(desk: Desk) -> None:
    await desk.open_shop()
    wish = ("partner", "servers", "register", "Ledger", "--scope", "query", "--scope", "merchants")
    await desk.done(*wish, "--as", "shop.json", "--save", "ledger.json")
    await desk.done("partner", "stores", "--as", "ledger.json")
    ledger = IdentityFile.open(desk.folder / "ledger.json").identity.client_id
    assert ledger is not None
    await desk.done("partner", "servers", "revoke", ledger, "--reason", "moved", "--as", "shop.json")
    assert (await desk.types("partner", "stores", "--as", "ledger.json")).code == 1
    shown = await desk.done("partner", "servers", "show", ledger, "--as", "shop.json", "--json")
    assert shown.json["client"]["revoked_at"] is not None
