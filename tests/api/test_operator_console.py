"""The operators' console as a door: who gets in, what a role may press, and what nobody slips in."""

import json
import re
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest

from merchants.access import sessions
from merchants.offers.campaign import Campaign
from tests.builders import a_deal
from tests.campaigns import proposed
from tests.identity_provider import CLIENT_SECRET, an_identity_provider
from tests.town import Town, a_town
from tests.visiting import Seen, Visitor, an_operator_at_the_console, hidden

PAGES = (
    "/console", "/console/cases", "/console/bulks", "/console/changes", "/console/offers", "/console/merchants",
    "/console/monitoring", "/console/people",
)  # fmt: skip
HOSTILE = '"><img src=x onerror=alert(1)>'


async def a_proposed_offer(town: Town, **changes: str) -> Campaign:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        return await proposed(conn, shop.merchant.partner_id, a_deal(**changes))


async def test_nobody_sees_a_page_without_having_signed_in(town: Town) -> None:
    stranger = Visitor(http=town.http, url=town.operators)
    for page in (
        *PAGES,
        "/console/trail",
        "/console/in-doubt",
        "/console/velocity",
        "/console/now",
        "/console/monitoring/now",
    ):
        seen = await stranger.get(page)
        assert (seen.status, seen.leads_to.partition("?")[0]) == (303, "/console/sign-in"), page
    stranger.cookies["__Host-operator"] = "bm9ib2R5"
    assert (await stranger.get("/console")).status == 303
    assert (await stranger.post("/console/cases/app_1/take", {})).leads_to == "/console/sign-in"
    assert (await stranger.get("/console/sign-in?to=//evil.example/console")).text.count("evil") == 0


async def test_the_public_listener_has_no_operators_console(town: Town) -> None:
    operator = await an_operator_at_the_console(town, "reviewer")
    outside = Visitor(http=town.http, url=town.public, cookies=operator.cookies)
    assert (await outside.get("/console/cases")).status == 404
    assert (await outside.get("/console/monitoring")).status == 404


async def test_an_auditor_reads_and_cannot_press_what_takes_another_role(town: Town) -> None:
    offer = await a_proposed_offer(town)
    page = f"/console/offers/{offer.offer.id}"
    auditor = await an_operator_at_the_console(town, "auditor")
    for one in (*PAGES, "/console/trail", "/console/in-doubt", "/console/velocity", page):
        seen = await auditor.get(one)
        assert seen.status == 200, one
        assert 'form method="post" action="/console/offers' not in seen.text
    csrf = hidden((await auditor.get(page)).text, "/console/sign-out")["csrf"]
    for deed, typed in (
        ("accept", {"hash": offer.hash}),
        ("reject", {"reason": "x"}),
        ("end", {"reason": "x"}),
    ):
        refused = await auditor.post(f"{page}/{deed}", {"csrf": csrf, "key": f"k-{deed}", **typed})
        assert (refused.status, "insufficient_role" in refused.text) == (403, True), deed
    reviewer = await an_operator_at_the_console(town, "reviewer")
    for closed in ("/console/trail", "/console/in-doubt", "/console/velocity"):
        assert (await reviewer.get(closed)).status == 403
        assert f'href="{closed}"' not in (await reviewer.get("/console")).text


async def test_the_front_page_is_told_what_waits_for_those_who_may_see_it(town: Town) -> None:
    reviewer, risk = [await an_operator_at_the_console(town, role) for role in ("reviewer", "risk")]

    async def told(visitor: Visitor) -> dict[str, tuple[str, str]]:
        tiles = json.loads((await visitor.get("/console/now")).text)["tiles"]
        page = (await visitor.get("/console")).text
        assert all(f'data-tile="{one["key"]}"' in page for one in tiles)
        return {one["key"]: (one["value"], one["tone"]) for one in tiles}

    before = await told(risk)
    assert (before["list_any_offersproposed"], "list_in_doubt" in before) == (("0", "none"), True)
    await a_proposed_offer(town)
    after = await told(reviewer)
    assert (after["list_any_offersproposed"], "list_in_doubt" in after) == (("1", ""), False)


async def test_a_form_of_another_site_or_of_an_earlier_visit_does_nothing(town: Town) -> None:
    offer = await a_proposed_offer(town)
    page = f"/console/offers/{offer.offer.id}"
    approver = await an_operator_at_the_console(town, "approver")
    form = hidden((await approver.get(page)).text, f"{page}/accept")
    for site in ("cross-site", "same-site", "none"):
        assert (await approver.post(f"{page}/accept", form, site=site)).status == 403
    assert (await approver.post(f"{page}/accept", {**form, "csrf": ""})).status == 403
    other = await an_operator_at_the_console(town, "approver")
    assert (await other.post(f"{page}/accept", form)).status == 403
    assert 'action="' + page + '/accept"' in (await approver.get(page)).text
    done = await approver.post(f"{page}/accept", form)
    assert (done.status, done.leads_to) == (303, f"{page}?done=accepted")
    again = await approver.post(f"{page}/accept", form)
    assert (again.status, again.leads_to) == (303, f"{page}?done=accepted"), "one key is one deed"


async def test_another_version_than_the_one_shown_is_not_accepted(town: Town) -> None:
    offer = await a_proposed_offer(town)
    page = f"/console/offers/{offer.offer.id}"
    approver = await an_operator_at_the_console(town, "approver")
    form = hidden((await approver.get(page)).text, f"{page}/accept")
    countered = await approver.press(page, f"{page}/counter", total="500.00", ends_on="", bank_share="")
    assert countered.leads_to == f"{page}?done=countered", countered.text
    refused = await approver.post(f"{page}/accept", form)
    assert refused.status == 409
    assert 'role="alert"' in refused.text
    faulty = await approver.post(f"{page}/counter", {**form, "total": "a lot"})
    assert faulty.status in {400, 409, 422}


async def test_hostile_names_and_reasons_are_text(town: Town) -> None:
    offer = await a_proposed_offer(town, name=HOSTILE)
    page = f"/console/offers/{offer.offer.id}"
    approver = await an_operator_at_the_console(town, "approver", "auditor")
    rejected = await approver.press(page, f"{page}/reject", reason="<script>alert(2)</script>")
    assert rejected.status == 303, rejected.text
    for one in (page, "/console/offers?state=draft", f"/console/trail?object_id={offer.offer.id}"):
        seen = await approver.get(one)
        assert seen.status == 200
        assert "<img src=x" not in seen.text
        assert "<script>alert" not in seen.text
    assert "&lt;script&gt;alert(2)" in (await approver.get(page)).text
    asked = await approver.get("/console/trail?object_id=%22%3E%3Cscript%3Ealert(3)%3C/script%3E")
    assert "<script>alert" not in asked.text


async def test_every_page_says_that_nothing_foreign_may_run_frame_or_keep_it(town: Town) -> None:
    operator = await an_operator_at_the_console(town, "reviewer", "approver", "risk", "auditor")
    for page in (*PAGES, "/console/trail", "/console/in-doubt", "/console/sign-in"):
        seen = await operator.get(page)
        policy = seen.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert seen.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", seen.text), page
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", seen.text), page


async def test_a_visit_ends_with_signing_out_for_every_copy_of_its_cookie_and_with_its_key(
    town: Town,
) -> None:
    operator = await an_operator_at_the_console(town, "risk", "approver")
    copied = replace(operator, cookies=dict(operator.cookies))
    form = hidden((await operator.get("/console")).text, "/console/sign-out")
    assert (await copied.post("/console/sign-out", form, site="cross-site")).status == 403
    out = await operator.post("/console/sign-out", form)
    assert (out.status, operator.cookies["__Host-operator"]) == (303, "")
    assert (await copied.get("/console")).leads_to.startswith("/console/sign-in")
    assert (await copied.post("/console/people/revoke", form)).leads_to.startswith("/console/sign-in")
    leaver = await an_operator_at_the_console(town, "risk", "approver")
    client_id: str = await town.pool.fetchval(
        "SELECT client_id FROM merchants.clients WHERE kind = 'operator' ORDER BY created_at DESC LIMIT 1"
    )
    other = await an_operator_at_the_console(town, "risk")
    revoked = await other.press(
        "/console/people", "/console/people/revoke", client_id=client_id, reason="left the bank"
    )
    assert revoked.leads_to == "/console/people?done=revoked", revoked.text
    assert (await leaver.get("/console")).status == 303


async def test_an_assertion_for_another_place_or_of_somebody_else_lets_nobody_in(town: Town) -> None:
    shop = await town.supermarket()
    stranger = Visitor(http=town.http, url=town.operators)
    for assertion in ("", "a.b.c", shop.office.token):
        refused = await stranger.post("/console/sign-in", {"assertion": assertion})
        assert 400 <= refused.status < 500
        assert "__Host-operator" not in stranger.cookies


def strict(seen: Seen) -> dict[str, int]:
    """How long each cookie lives that came with this; no script reads one, and none goes out in clear."""
    lives = {}
    for one in seen.headers.getall("Set-Cookie"):
        name, morsel = next(iter(SimpleCookie(one).items()))
        assert name.startswith("__Host-")
        flags = [morsel[flag] for flag in ("httponly", "secure", "samesite", "path", "domain")]
        assert flags == [True, True, "Lax", "/", ""], one
        lives[name] = int(morsel["max-age"])
    return lives


@pytest.mark.parametrize("groups", ["reviewer", "nothing"])
async def test_the_banks_identity_provider_lets_people_in_for_one_session(
    database_url: str, core_database_url: str, groups: str
) -> None:
    async with an_identity_provider() as provider:
        environ = {"OIDC_ISSUER": provider, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
        async with a_town(database_url, core_database_url, works=False, **environ) as town:
            visitor = Visitor(http=town.http, url=town.operators)
            assert "/console/sign-in/provider" in (await visitor.get("/console/sign-in")).text
            begun = await visitor.get("/console/sign-in/provider")
            assert strict(begun) == {"__Host-sign-in": 600}
            async with town.http.get(
                begun.leads_to, params={"groups": groups}, allow_redirects=False
            ) as answer:
                back = "/sign-in?" + answer.headers["Location"].partition("?")[2]
            begun_with = visitor.cookies["__Host-sign-in"]
            foreign = Visitor(http=town.http, url=town.operators)
            assert (await foreign.get(back)).status in {400, 401, 403}, "another browser began it"
            entered = await visitor.get(back, **{"Sec-Fetch-Site": "cross-site"})
            if groups == "nothing":
                assert (entered.status, "no_role_granted" in entered.text) == (403, True)
                return
            assert entered.status == 200, entered.text
            assert strict(entered) == {"__Host-operator": int(sessions.LIFE_S), "__Host-sign-in": 0}
            assert 'content="0;url=/console"' in entered.text, "a page of ours leads on"
            again = await Visitor(
                http=town.http, url=town.operators, cookies={"__Host-sign-in": begun_with}
            ).get(back)
            assert again.status in {400, 401, 403, 502}, "a code is good once"
            front = await visitor.get("/console")
            assert (front.status, "Lin Wei" in front.text) == (200, True)
            assert (await visitor.get("/console/cases")).status == 200
            kept = dict(visitor.cookies)
            await visitor.press("/console", "/console/sign-out")
            visitor.cookies = kept
            assert (await visitor.get("/console/cases")).status == 303, (
                "the session is over, not the cookie alone"
            )
