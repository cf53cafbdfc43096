"""Rooms of the operators' console that change what cannot be changed back: who may, how often, from which state."""

import json
import re

import msgspec
import pytest

from merchants.ids import BANK, new_id
from merchants.onboarding import applying
from tests.onboarded import a_company, a_draft_with_a_pdf, submitted
from tests.signing_in import OwnKey
from tests.stories.test_bulk import a_mall, checked
from tests.town import ISSUER, Town
from tests.visiting import Seen, Visitor, an_operator_at_the_console, hidden

HOSTILE = '"><script>alert(1)</script>%(x)s 5%'
PEOPLE, MERCHANTS = "/console/people", "/console/merchants"
GONE = f"cli_{'0' * 32}"


def refusal(seen: Seen) -> str:
    """Its code, as a page of the console shows it and no other does."""
    assert seen.status >= 400, seen.text
    assert "<script>alert" not in seen.text
    return seen.text.partition('role="alert"')[2].partition('<p class="small"><code>')[2].partition("<")[0]


async def without(visitor: Visitor, deed: str, form: dict[str, str]) -> str:
    """What somebody is told who sends a form that no page of theirs has."""
    csrf = hidden((await visitor.get("/console")).text, "/console/sign-out")["csrf"]
    return refusal(await visitor.post(deed, {**form, "csrf": csrf, "key": "made-up"}))


async def test_a_file_is_let_in_once_by_a_second_operator_under_the_terms_on_the_page(town: Town) -> None:
    office, mall_id = await a_mall(town)
    good = msgspec.to_builtins(a_company())
    lines = [{"reference": "shop-1", **good}, {"reference": HOSTILE[:60], HOSTILE: 1, "mcc": "%(x)s %"}]
    sheet = "\n".join(json.dumps(line, default=str) for line in lines).encode()
    sent = await office.send("POST", f"/v1/merchants/{mall_id}/bulks", sheet, "application/x-ndjson")
    page = f"/console/bulks/{sent.body['id']}"
    await checked(office, f"/v1/bulks/{sent.body['id']}")
    lin = await an_operator_at_the_console(town, "reviewer", "approver")
    zhao = await an_operator_at_the_console(town, "approver")
    auditor = await an_operator_at_the_console(town, "auditor")
    for asked in ("", "?faulty=true"):
        seen = await auditor.get(page + asked)
        assert (seen.status, "<script>alert" in seen.text, "%(x)s" in seen.text) == (200, False, True)
    assert [
        await without(auditor, f"{page}/{one}", {"fee": "1", "reason": "x"})
        for one in ("take", "approve", "reject")
    ] == ["insufficient_role"] * 3
    for fee in ("a lot", "9" * 5000, ""):
        assert refusal(await lin.press(page, f"{page}/take", fee=fee, limit="")) == "request_invalid", fee
    assert (await lin.press(page, f"{page}/take", fee="45", limit="500")).leads_to == f"{page}?done=taken"
    assert f'action="{page}/approve"' not in (await lin.get(page)).text
    assert await without(lin, f"{page}/approve", {"fee": "45", "limit": "500.00"}) == "same_person"
    old = hidden((await zhao.get(page)).text, f"{page}/approve")
    assert (old["fee"], old["limit"]) == ("45", "500.00")
    await lin.press(page, f"{page}/take", fee="50", limit="")
    assert refusal(await zhao.post(f"{page}/approve", old)) == "terms_changed"
    form = hidden((await zhao.get(page)).text, f"{page}/approve")
    assert [(await zhao.post(f"{page}/approve", form)).leads_to for _ in range(2)] == [
        f"{page}?done=approved"
    ] * 2
    assert await without(lin, f"{page}/reject", {"reason": "late"}) == "bulk_cannot_move"
    assert "<form" not in (await zhao.get(page)).text.partition("<main")[2]


async def test_a_merchant_is_closed_once_and_by_an_approver(town: Town) -> None:
    shop = await town.supermarket()
    page = f"{MERCHANTS}/{shop.merchant.id}"
    approver = await an_operator_at_the_console(town, "approver")
    risk = await an_operator_at_the_console(town, "risk")
    assert f'action="{page}/close"' not in (await risk.get(page)).text
    assert await without(risk, f"{page}/close", {"reason": "x"}) == "insufficient_role"
    assert refusal(await approver.press(page, f"{page}/close", reason=" ")) == "request_invalid"
    suspending = hidden((await risk.get(page)).text, f"{page}/suspend")
    form = {**hidden((await approver.get(page)).text, f"{page}/close"), "reason": HOSTILE}
    assert [(await approver.post(f"{page}/close", form)).leads_to for _ in range(2)] == [
        f"{page}?done=closed"
    ] * 2
    for one in (approver, risk):
        seen = await one.get(page)
        assert ("<form" in seen.text.partition("<main")[2], "<script>alert" in seen.text) == (False, False)
    assert (
        refusal(await risk.post(f"{page}/suspend", {**suspending, "reason": "x"})) == "merchant_cannot_move"
    )
    assert (await shop.ask(500, code=await town.code(await town.payer()))).status >= 400


async def test_a_wallets_backend_is_let_in_by_another_than_who_proposed_it_and_decided_once(
    town: Town,
) -> None:
    lin = await an_operator_at_the_console(town, "approver")
    wish = {"issuer": ISSUER, "name": HOSTILE, "jwk": json.dumps(OwnKey().public_jwk)}
    for wrong, code in (
        ({"jwk": HOSTILE}, "request_invalid"),
        ({"issuer": "no-wallet"}, "issuer_not_served"),
    ):
        again = await lin.press(PEOPLE, f"{PEOPLE}/wallets", **{**wish, **wrong})
        assert (refusal(again), again.text.count(" open><summary><h2>")) == (code, 1)
    form = {**hidden((await lin.get(PEOPLE)).text, f"{PEOPLE}/wallets"), **wish}
    assert [(await lin.post(f"{PEOPLE}/wallets", form)).leads_to for _ in range(2)] == [
        f"{PEOPLE}?done=hired"
    ] * 2
    other = {**wish, "jwk": json.dumps(OwnKey().public_jwk)}
    assert (await lin.press(PEOPLE, f"{PEOPLE}/wallets", **other)).leads_to == f"{PEOPLE}?done=hired"
    ids = [
        row["id"]
        for row in await town.pool.fetch("SELECT id FROM merchants.proposals WHERE decided_by IS NULL")
    ]
    own = (await lin.get(PEOPLE)).text
    assert [f'action="{PEOPLE}/wallets/{one}/confirm"' in own for one in ids] == [False, False]
    zhao = await an_operator_at_the_console(town, "approver")
    auditor = await an_operator_at_the_console(town, "auditor")
    first, second = (f"{PEOPLE}/wallets/{one}" for one in ids)
    shown = (await auditor.get(PEOPLE)).text
    assert ("<script>alert" in shown, f"{first}/confirm" in shown) == (False, False)
    assert await without(auditor, f"{first}/confirm", {}) == "insufficient_role"
    assert await without(auditor, f"{PEOPLE}/wallets", wish) == "insufficient_role"
    assert await without(lin, f"{first}/confirm", {}) == "own_proposal"
    late = await an_operator_at_the_console(town, "approver")
    stale = hidden((await late.get(PEOPLE)).text, f"{first}/reject")
    form = hidden((await zhao.get(PEOPLE)).text, f"{first}/confirm")
    assert [(await zhao.post(f"{first}/confirm", form)).leads_to for _ in range(2)] == [
        f"{PEOPLE}?done=confirmed"
    ] * 2
    assert refusal(await late.post(f"{first}/reject", {**stale, "reason": "No"})) == "proposal_decided"
    assert refusal(await zhao.press(PEOPLE, f"{second}/reject", reason="x" * 201)) == "request_invalid"
    assert (
        await zhao.press(PEOPLE, f"{second}/reject", reason="Not theirs")
    ).leads_to == f"{PEOPLE}?done=declined"


async def test_each_half_of_a_resets_code_is_shown_to_one_operator_and_on_no_page_afterwards(
    town: Town,
) -> None:
    shop = await town.supermarket()
    made = await shop.office.post(
        "/v1/clients", {"name": "Server", "scopes": ["query"], "jwk": OwnKey().public_jwk}
    )
    client_id = made.body["client"]["id"]
    lin = await an_operator_at_the_console(town, "reviewer", "approver")
    zhao = await an_operator_at_the_console(town, "approver")
    resets = f"{PEOPLE}/key-resets"
    assert refusal(await lin.press(PEOPLE, resets, client_id=GONE, reason="lost")) == "client_not_found"
    again = await lin.press(PEOPLE, resets, client_id=HOSTILE, reason=HOSTILE)
    assert refusal(again) == "request_invalid"
    form = {**hidden((await lin.get(PEOPLE)).text, resets), "client_id": client_id, "reason": HOSTILE}
    halves = [half(await lin.post(resets, form)) for _ in range(2)]
    assert halves[0] == halves[1], "one deed, whoever reloads"
    reset_id: str = await town.pool.fetchval("SELECT id FROM merchants.proposals WHERE kind = 'key_reset'")
    confirm = f"{resets}/{reset_id}/confirm"
    assert f'action="{confirm}"' not in (await lin.get(PEOPLE)).text
    assert await without(lin, confirm, {}) == "own_proposal"
    assert await without(await an_operator_at_the_console(town, "risk"), confirm, {}) == "insufficient_role"
    form = hidden((await zhao.get(PEOPLE)).text, confirm)
    other = half(await zhao.post(confirm, form))
    assert (half(await zhao.post(confirm, form)), other != halves[0]) == (other, True)
    assert await without(zhao, confirm, {}) == "proposal_decided"
    for one in (lin, zhao):
        assert not {halves[0], other} & set((await one.get(PEOPLE)).text.split()), one


def half(seen: Seen) -> str:
    assert (seen.status, seen.headers["Cache-Control"], "<script>alert" in seen.text) == (
        200,
        "no-store",
        False,
    )
    return seen.text.partition('<p class="big mono">')[2].partition("</p>")[0]


async def test_a_credit_code_that_breaks_the_standard_is_let_pass_by_a_reviewer_before_its_queue(
    town: Town,
) -> None:
    company = a_company()
    assert company.licence is not None
    odd = a_company(licence=msgspec.structs.replace(company.licence, credit_code="91440300100000040A"))
    async with town.pool.acquire() as conn, conn.transaction():
        wrong, right = [
            (
                await applying.open_draft(
                    conn,
                    town.replica.parts.sealing,
                    application_id=new_id("app", BANK),
                    applicant_id=new_id("cli", BANK),
                    kind=(await submitted(conn)).kind,
                    particulars=one,
                    actor="cli_applicant",
                )
            ).id
            for one in (odd, a_company())
        ]
        waiting = (await submitted(conn)).id
    page = f"/console/cases/{wrong}"
    lin = await an_operator_at_the_console(town, "reviewer")
    zhao = await an_operator_at_the_console(town, "approver")
    assert f'action="{page}/override"' not in (await zhao.get(page)).text
    assert await without(zhao, f"{page}/override", {"reason": "x"}) == "insufficient_role"
    form = {**hidden((await lin.get(page)).text, f"{page}/override"), "reason": HOSTILE}
    assert [(await lin.post(f"{page}/override", form)).leads_to for _ in range(2)] == [
        f"{page}?done=overridden"
    ] * 2
    assert "<script>alert" not in (await lin.get(page)).text
    assert await without(lin, f"/console/cases/{right}/override", {"reason": "x"}) == "credit_code_in_order"
    assert (
        await without(lin, f"/console/cases/{waiting}/override", {"reason": "x"}) == "application_cannot_move"
    )


async def test_personal_data_is_found_by_its_exact_value_that_stands_in_no_address(town: Town) -> None:
    shop = await town.supermarket()
    risk = await an_operator_at_the_console(town, "risk")
    auditor = await an_operator_at_the_console(town, "auditor")
    search = f"{MERCHANTS}/search"
    assert f'action="{search}"' not in (await auditor.get(MERCHANTS)).text
    assert await without(auditor, search, {"field": "phone", "text": "13800138000"}) == "insufficient_role"
    found = await risk.press(MERCHANTS, search, field="phone", text=" 138-0013-8000 ")
    assert f'href="{MERCHANTS}/{shop.merchant.id}"' in found.text
    assert 'href="/console/cases/app_' in found.text
    assert "13800138000" not in found.text + "".join(found.headers.values())
    nobody = await risk.press(MERCHANTS, search, field="email", text=HOSTILE)
    assert (nobody.status, "app_" in nobody.text, "<script>alert" in nobody.text) == (200, False, False)
    short = await risk.press(MERCHANTS, search, field="phone", text="138")
    assert refusal(short) == "request_invalid"
    assert "<details open>" in short.text
    assert refusal(await risk.press(MERCHANTS, search, field="name", text="鹏城百货")) == "request_invalid"
    searched = await auditor.get("/console/trail?deed=search.made")
    assert (searched.text.count("search.made</code>"), "1380" in searched.text) == (2, False)


@pytest.mark.parametrize("kind", ["cases", "merchants"])
async def test_a_value_in_clear_is_in_one_answer_for_a_reason_and_never_of_more_than_was_asked_for(
    town: Town, kind: str
) -> None:
    shop = await town.supermarket()
    application = await town.pool.fetchval("SELECT id FROM merchants.applications")
    page = f"/console/{kind}/{shop.merchant.id if kind == 'merchants' else application}"
    risk, auditor = (
        await an_operator_at_the_console(town, "risk"),
        await an_operator_at_the_console(town, "auditor"),
    )
    closed = await auditor.get(f"{page}/clear")
    assert (closed.status, "<textarea" in closed.text) == (403, False)
    asked = {"contact": "on", "reason": HOSTILE}
    assert await without(auditor, f"{page}/clear", asked) == "insufficient_role"
    for less in ({"contact": "on", "reason": " "}, {"reason": "Calling"}):
        assert refusal(await risk.press(f"{page}/clear", f"{page}/clear", **less)) == "request_invalid"
    shown = await risk.press(f"{page}/clear", f"{page}/clear", **asked)
    assert (shown.status, shown.headers["Cache-Control"]) == (200, "no-store")
    assert ("13800138000" in shown.text, "7559012345670001" in shown.text) == (True, False)
    assert "13800138000" not in (await risk.get(page)).text + (await risk.get(f"{page}/clear")).text
    assert (await risk.get(f"{page[:-32]}{'0' * 32}/clear")).status == 404
    trail = (await auditor.get(f"/console/trail?object_id={page.rpartition('/')[2]}")).text
    assert ("&lt;script&gt;alert(1)" in trail, "<script>alert" in trail) == (True, False)


async def test_what_was_typed_for_one_deed_stands_in_no_other_deeds_field(town: Town) -> None:
    shop = await town.supermarket()
    page = f"{MERCHANTS}/{shop.merchant.id}"
    both = await an_operator_at_the_console(town, "approver", "reviewer", "auditor")
    refused = await both.press(page, f"{page}/close", reason="x" * 501)
    fields = dict(re.findall(r'<textarea id="([a-z-]+)"[^>]*>([^<]*)<', refused.text))
    assert (refusal(refused), fields) == (
        "request_invalid",
        {"suspend-reason": "", "close-reason": "x" * 501},
    )
    assert refusal(await both.get("/console/trail?from=0001-01-01T00:00")) == "request_invalid"


async def test_a_pdf_is_drawn_in_a_frame_of_its_own_page_and_is_a_file_to_save_anywhere_else(
    town: Town,
) -> None:
    async with town.pool.acquire() as conn, conn.transaction():
        draft, paper = await a_draft_with_a_pdf(conn, b"%PDF-1.7 of pages alone")
    papers = f"/console/cases/{draft}/papers"
    lin, auditor = (
        await an_operator_at_the_console(town, "reviewer"),
        await an_operator_at_the_console(town, "auditor"),
    )
    seen = await lin.get(f"{papers}?left={paper}")
    assert ("frame-src 'self'" in seen.headers["Content-Security-Policy"], "鹏城百货" in seen.text) == (
        True,
        True,
    )
    assert "frame-src" not in (await lin.get(papers)).headers["Content-Security-Policy"]
    for dest, shown in (
        ("iframe", "inline"),
        ("document", "attachment"),
        ("embed", "attachment"),
        ("", "attachment"),
    ):
        given = await lin.get(f"{papers}/{paper}", **{"Sec-Fetch-Dest": dest})
        assert (given.status, given.headers["Content-Disposition"].partition(";")[0]) == (200, shown), dest
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert given.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert [(await auditor.get(f"{papers}{one}")).status for one in ("", f"/{paper}")] == [403, 403]
    foreign = await lin.get(
        f"{papers}/{paper}", **{"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
    )
    assert "attachment" in foreign.headers["Content-Disposition"]
