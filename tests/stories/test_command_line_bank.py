"""The bank's people at a shell: what they do beside reviewing cases."""

import json

import msgspec

from gateway.api.offers import AN_OFFER
from gateway.cli.identity import IdentityFile
from merchants.merchant import Kind
from tests.bank import A_SCAN
from tests.desk import Desk
from tests.onboarded import a_company


async def test_a_company_that_lost_its_key_gets_another_one_in_by_two_operators(desk: Desk) -> None:
    await desk.open_shop()
    file = IdentityFile.open(desk.folder / "shop.json")
    client = file.identity.client_id
    assert client is not None
    await desk.done("partner", "keys", "create", "next.json")
    await desk.done("partner", "keys", "upload", "next.json", "--as", "shop.json")
    file.keep(next_jwk=json.loads((desk.folder / "next.json").read_bytes()))
    wish = ("operator", "keys", "reset", client, "--reason", "laptop stolen", "--as", "lin.json")
    asked = (await desk.done(*wish, "--json")).json
    own = await desk.types("operator", "keys", "confirm", asked["id"], "--as", "lin.json")
    assert own.code == 1
    waiting = await desk.done("operator", "keys", "list", "--as", "zhao.json", "-q")
    assert waiting.out.split() == [asked["id"]]
    confirmed = (
        await desk.done("operator", "keys", "confirm", asked["id"], "--as", "zhao.json", "--json")
    ).json
    outside = await desk.types("partner", "merchant", "--as", "shop.json")
    assert outside.code == 1
    wrong = await desk.types("partner", "keys", "enrol", asked["code_half"] * 2, "--as", "shop.json")
    assert (wrong.code, "reset_code_refused" in wrong.err) == (1, True)
    # A rotation had uploaded its next key when everything was lost; that one does not come back.
    code = f"{asked['code_half']}-{confirmed['code_half']}"
    await desk.done("partner", "keys", "enrol", code, "--as", "shop.json")
    await desk.done("partner", "merchant", "--as", "shop.json")
    shown = await desk.done("operator", "keys", "show", asked["id"], "--as", "lin.json", "--json")
    assert (shown.json["status"], shown.json["code_half"]) == ("confirmed", None)


async def test_another_trade_and_a_limit_of_one_till_are_settled_by_two_at_their_shells(desk: Desk) -> None:
    await desk.open_shop()
    await desk.till()
    (desk.folder / "trade.json").write_text('{"mcc": "5912"}')
    asked = (await desk.done("partner", "changes", "ask", "trade.json", "--as", "shop.json", "--json")).json
    assert asked["needs"] == ["qualification"]
    refused = await desk.types("operator", "changes", "take", asked["id"], "--as", "lin.json")
    assert (refused.code, "permit_not_shown" in refused.err) == (1, True)
    (desk.folder / "paper.png").write_bytes(A_SCAN)
    paper = str(desk.folder / "paper.png")
    shown = ("partner", "changes", "upload", asked["id"], "qualification", paper, "--as", "shop.json")
    await desk.done(*shown)
    await desk.done(*shown, "--page", "2")
    listed = await desk.done("operator", "changes", "list", "--as", "lin.json", "-q")
    assert listed.out.split() == [asked["id"]]
    papers = await desk.done("operator", "changes", "papers", asked["id"], "--as", "lin.json", "-q")
    seen = ("operator", "changes", "open-paper", asked["id"], papers.out.split()[0], "--as", "lin.json")
    await desk.done(*seen, "--save", str(desk.folder / "seen.png"))
    assert (desk.folder / "seen.png").read_bytes().startswith(b"\x89PNG")
    assert (desk.folder / "seen.png").stat().st_mode & 0o777 == 0o600
    await desk.done("operator", "changes", "take", asked["id"], "--as", "lin.json")
    reason = ("--reason", "permit seen", "--as", "zhao.json")
    await desk.done("operator", "changes", "approve", asked["id"], *reason)
    merchant = (await desk.done("partner", "merchant", "--as", "shop.json", "--json")).json
    assert merchant["mcc"] == "5912"
    terminal = IdentityFile.open(desk.folder / "till.json").identity.terminal_id
    assert terminal is not None
    limit = ("operator", "terms", "place", terminal, "--payment-limit", "50.00", "--as", "lin.json", "--json")
    change = (await desk.done(*limit)).json["change"]["id"]
    await desk.done("operator", "changes", "approve", change, *reason)
    code = await desk.town.code(await desk.town.payer())
    beyond = await desk.types("till", "pay", "50.01", "--code", code, "--as", "till.json")
    assert beyond.code == 1
    trail = await desk.done("operator", "trail", change, "--as", "first.json", "--json")
    assert [json.loads(line)["deed"] for line in trail.out.splitlines()] == [
        "change.approved",
        "change.submitted",
    ]


async def test_a_merchant_is_found_looked_at_suspended_resumed_and_closed(desk: Desk) -> None:
    await desk.open_shop()
    merchant = (await desk.done("partner", "merchant", "--as", "shop.json", "-q")).out.strip()
    found = await desk.done("operator", "search", "phone", "13800138000", "--as", "lin.json", "--json")
    assert merchant in found.json["ids"]
    look = ("operator", "unmask", merchant, "--section", "contact", "--reason", "letter", "--as", "lin.json")
    assert (await desk.done(*look, "--json")).json["contact"]["phone"] == "13800138000"
    for deed, status in (("suspend", "suspended"), ("resume", "active")):
        why = ("--reason", "complaints", "--as", "zhao.json")
        said = await desk.done("operator", "merchants", deed, merchant, *why, "--json")
        assert said.json["status"] == status
    close = ("operator", "merchants", "close", merchant, "--reason", "notice", "--as", "zhao.json")
    assert (await desk.types(*close)).code == 1, "nobody has said yes"
    assert (await desk.done(*close, "--yes", "--json")).json["status"] == "closed"
    [case] = (
        await desk.done("operator", "cases", "--status", "active", "--as", "lin.json", "-q")
    ).out.split()
    papers = await desk.done("operator", "papers", case, "--as", "lin.json", "--json")
    assert {json.loads(line)["kind"] for line in papers.out.splitlines()} >= {"business_licence"}


async def test_a_file_of_tenants_is_reviewed_by_two_and_watched_until_all_are_in(desk: Desk) -> None:
    await desk.open_shop(Kind.MALL)
    sheet = desk.folder / "tenants.jsonl"
    lines = [{"reference": f"shop-{n}", **msgspec.to_builtins(a_company())} for n in range(3)]
    sheet.write_text("\n".join(json.dumps(line, default=str) for line in lines))
    made = (await desk.done("partner", "import", str(sheet), "--as", "shop.json", "--json")).json
    listed = await desk.done("operator", "bulks", "list", "--as", "lin.json", "-q")
    assert listed.out.split() == [made["id"]]
    terms = ("--fee", "38")
    await desk.done("operator", "bulks", "take", made["id"], *terms, "--as", "lin.json")
    own = await desk.types("operator", "bulks", "approve", made["id"], *terms, "--as", "lin.json")
    assert own.code == 1
    approved = await desk.done(
        "operator", "bulks", "approve", made["id"], *terms, "--as", "zhao.json", "--json"
    )
    assert (approved.json["state"], approved.json["admitted"]) == ("done", 3)
    tenants = await desk.done("partner", "sub-merchants", "--as", "shop.json", "-q")
    assert len(tenants.out.split()) == 3


async def test_an_offer_is_put_on_the_table_agreed_stopped_and_counted(desk: Desk) -> None:
    await desk.open_shop()
    (desk.folder / "deal.json").write_bytes(msgspec.json.encode(AN_OFFER))
    drafted = (await desk.done("partner", "offers", "draft", "deal.json", "--as", "shop.json", "--json")).json
    (desk.folder / "name.json").write_text('{"name": "满100减25"}')
    changed = ("partner", "offers", "change", drafted["id"], "name.json", "--as", "shop.json")
    assert (await desk.done(*changed, "--json")).json["deal"]["name"] == "满100减25"
    proposed = ("partner", "offers", "propose", drafted["id"], "--as", "shop.json", "--json")
    now = (await desk.done(*proposed)).json
    accept = ("operator", "offers", "accept", drafted["id"], "--as", "zhao.json", "--json", "--hash")
    stale = await desk.types(*accept, drafted["hash"])
    assert (stale.code, "offer_hash_mismatch" in stale.err) == (1, True)
    agreed = (await desk.done(*accept, now["hash"])).json
    assert agreed["bank_accepted_at"] is not None
    await desk.done(
        "operator", "offers", "pause", drafted["id"], "--reason", "let us see", "--as", "first.json"
    )
    listed = await desk.done("partner", "offers", "list", "--as", "shop.json", "--json")
    assert json.loads(listed.out)["state"] == "paused"
    await desk.done("operator", "offers", "resume", drafted["id"], "--as", "first.json")
    figures = await desk.done("partner", "offers", "figures", drafted["id"], "--as", "shop.json", "--json")
    assert figures.json["offer_id"] == drafted["id"]
    ended = await desk.done("partner", "offers", "end", drafted["id"], "--as", "shop.json", "--json")
    assert ended.json["state"] == "ended"
