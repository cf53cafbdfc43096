"""What the partner's console lets nobody do: forged forms, stolen visits, others' things, links that lead away."""

import json
import re
import uuid
from dataclasses import replace
from html import unescape
from urllib.parse import quote

import aiohttp

from gateway.pages import sql
from merchants.merchant import Kind
from tests.bank import A_SCAN
from tests.onboarded import an_active_merchant
from tests.town import Town, cny
from tests.visitors import Visitor, a_visitor

HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7+7 }}%(x)s"
PAGES = (
    "",
    "/payments",
    "/offers",
    "/new-offer",
    "/webhooks",
    "/stores",
    "/applications",
    "/changes",
    "/keys",
)
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/console//evil.example",
    "/console/../../evil",
    "/console/payments\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "/console@evil.example",
    "/console.evil.example",
    "/admin",
)
KEY = re.compile(r"/console/keys/(cli_\w+)/(key_\w+)/revoke")


async def signed_in(town: Town) -> Visitor:
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    assert (await visitor.sign_in()).status == 303
    return visitor


async def test_a_visit_is_a_cookie_that_no_script_and_no_other_site_gets(town: Town) -> None:
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    answer = await visitor.sign_in()
    [name, *flags] = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-partner=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags)
    assert not any(one.startswith("Domain") for one in flags)
    assert (await visitor.get("/console")).status == 200


async def test_who_is_not_signed_in_comes_to_the_sign_in_and_back(town: Town) -> None:
    nobody = Visitor(town=town, client_id="")
    for path in PAGES:
        answer = await nobody.get("/console" + path)
        back = ("/console" + path).replace("/", "%2F")
        assert (answer.status, answer.leads_to) == (303, f"/console/sign-in?to={back}")


async def test_every_page_lets_nothing_in_and_is_not_kept(town: Town) -> None:
    visitor = await signed_in(town)
    for path in PAGES:
        answer = await visitor.get("/console" + path)
        assert answer.status == 200, path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:", answer.text), path


async def test_an_assertion_for_the_token_endpoint_opens_no_console_and_none_works_twice(town: Town) -> None:
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    issuer = town.replica.parts.tokens.issuer
    assert (await visitor.sign_in(audience=issuer)).status == 400
    assertion = visitor.own_key.assertion(visitor.client_id, f"{issuer}/console")
    answers = [await visitor.send("/console/sign-in", {"assertion": assertion}) for _ in range(2)]
    assert [one.status for one in answers] == [303, 400]
    assert "Set-Cookie" not in answers[1].headers


async def test_tills_and_servers_that_must_prove_possession_do_not_come_in(town: Town) -> None:
    shop = await town.supermarket()
    server = await a_visitor(town, shop.merchant, dpop_bound_access_tokens=True)
    assert (await server.sign_in()).status == 400
    assert (await Visitor(town=town, client_id="cli_" + "0" * 32).sign_in()).status == 400


async def test_signing_in_leads_nowhere_else(town: Town) -> None:
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    for to in ELSEWHERE:
        assert (await visitor.sign_in(to=to)).leads_to == "/console", to
        shown = await visitor.get(f"/console/sign-in?to={quote(to, safe='')}")
        assert 'name="to" value="/console"' in shown.text, to
    back = "/console/payments?state=declined"
    assert (await visitor.sign_in(to=back)).leads_to == back


async def test_a_form_of_another_site_or_without_its_token_does_nothing(town: Town) -> None:
    visitor = await signed_in(town)
    shown = await visitor.get("/console/stores")
    hidden = dict(re.findall(r'name="(csrf|key|merchant)" value="([^"]+)"', shown.text))
    form = {**hidden, "/name": "福田店", "/area_code": "440305", "/address": "深南大道9678号"}
    forged = [
        await visitor.send("/console/stores", form, Origin="https://evil.example"),
        await visitor.send("/console/stores", form, **{"Sec-Fetch-Site": "cross-site"}),
        await visitor.send("/console/stores", form, **{"Sec-Fetch-Site": "same-site"}),
        await visitor.send("/console/stores", {**form, "csrf": "guessed"}),
        await visitor.send("/console/stores", {**form, "csrf": ""}),
    ]
    assert [one.status for one in forged] == [403] * len(forged)
    assert "福田店" not in (await visitor.get("/console/stores")).text.partition("<form class")[0]
    # The same form, sent twice by its own page, opens one store.
    first, second = [await visitor.send("/console/stores", form) for _ in range(2)]
    assert first.status == second.status == 303
    assert first.leads_to == second.leads_to


async def test_another_partners_things_are_not_there(town: Town) -> None:
    visitor, other = await signed_in(town), await town.supermarket()
    paid = (await other.ask(12_800, code=await town.code(await town.payer()))).body["id"]
    endpoint = await other.office.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/hook"})
    places = [
        f"/payments/{paid}",
        f"/payments/{paid}/refund?amount=1",
        f"/stores/{other.place.store.id}",
        f"/stores?merchant={other.merchant.id}",
        f"/terminals/{other.place.terminal.id}",
        f"/webhooks/{endpoint.body['id']}",
        f"/deliveries/dlv_{uuid.uuid4().hex}",
        f"/offers/ofr_{uuid.uuid4().hex}",
        f"/offers/ofr_{uuid.uuid4().hex}/days.svg",
        f"/applications/app_{uuid.uuid4().hex}",
        f"/keys/cli_{uuid.uuid4().hex}",
    ]
    assert {one: (await visitor.get("/console" + one)).status for one in places} == dict.fromkeys(places, 404)
    page = f"/console/stores?merchant={other.merchant.id}"
    for language, title in (("zh-CN", "没有此商户"), ("en", "Merchant not found")):
        assert title in (await visitor.get(page, **{"Accept-Language": language})).text
    deeds = {
        f"/payments/{paid}/refund": {"amount": "1.00", "merchant_refund_no": "R-1"},
        f"/terminals/{other.place.terminal.id}/activate": {},
        f"/stores/{other.place.store.id}/close": {},
        f"/webhooks/{endpoint.body['id']}/rotate": {},
    }
    for path, form in deeds.items():
        assert (await visitor.press("/console/stores", "/console" + path, **form)).status == 404, path


async def test_a_revoked_key_ends_the_visit_with_the_next_request(town: Town) -> None:
    shop = await town.supermarket()
    desk, owner = await a_visitor(town, shop.merchant), await a_visitor(town, shop.merchant)
    for one in (desk, owner):
        await one.sign_in()
    page = f"/console/keys/{desk.client_id}"
    [(_, key_id)] = KEY.findall((await owner.get(page)).text)
    assert (await owner.press(page, f"{page}/{key_id}/revoke")).status == 303
    for path in PAGES:
        assert (await desk.get("/console" + path)).leads_to.startswith("/console/sign-in"), path
    assert (await desk.sign_in()).status == 400


async def test_signing_out_ends_the_visit_in_the_browser_and_for_every_copy_of_its_cookie(town: Town) -> None:
    shop = await town.supermarket()
    visitor = await a_visitor(town, shop.merchant)
    await visitor.sign_in()
    copied = replace(visitor)
    await visitor.sign_in()
    elsewhere = replace(visitor)
    left = await copied.press("/console", "/console/sign-out")
    assert left.leads_to == "/console/sign-in"
    assert "__Host-partner=" in left.headers["Set-Cookie"]
    assert "Max-Age=0" in left.headers["Set-Cookie"]
    for path in PAGES:
        assert (await copied.get("/console" + path)).leads_to.startswith("/console/sign-in"), path
    assert (await copied.send("/console/stores", {"csrf": "any"})).leads_to.startswith("/console/sign-in")
    assert (await copied.send("/console/sign-out", {})).leads_to == "/console/sign-in", "who is out is out"
    assert (await elsewhere.get("/console")).status == 200, "another visit of the same key goes on"
    assert (await elsewhere.send("/console/sign-out", {}, Origin="https://evil.example")).status == 403
    assert (await elsewhere.get("/console")).status == 200
    async with town.pool.acquire() as conn:
        assert await sql.forget_ended_visits(conn, limit=10) == 0
        await conn.execute("UPDATE gateway.ended_visits SET expires_at = now() - interval '61 minutes'")
        assert [await sql.forget_ended_visits(conn, limit=10) for _ in range(2)] == [1, 0]


async def test_what_others_wrote_is_text_wherever_it_stands(town: Town) -> None:
    shop = await town.supermarket()
    visitor = await a_visitor(town, shop.merchant)
    await visitor.sign_in()
    store = {"name": HOSTILE[:100], "area_code": "440305", "address": HOSTILE}
    opened = (await shop.office.post(f"/v1/merchants/{shop.merchant.id}/stores", store)).body["id"]
    placed = (await shop.office.post(f"/v1/stores/{opened}/terminals", {"label": HOSTILE[:60]})).body["id"]
    body = {"amount": cny(500), "merchant_order_no": "X-1", "description": HOSTILE, "store_id": opened}
    paid = (await shop.office.post("/v1/payments", body)).body["id"]
    hook = {"url": "http://127.0.0.1:9/a?b=" + "'\"<img>", "description": HOSTILE}
    endpoint = await shop.office.post("/v1/webhook-endpoints", hook)
    assert endpoint.status == 201, endpoint.body
    for path in (
        "/stores",
        f"/stores/{opened}",
        f"/terminals/{placed}",
        "/payments",
        f"/payments/{paid}",
        "/webhooks",
        f"/webhooks/{endpoint.body['id']}",
        f"/payments?q={HOSTILE}",
    ):
        shown = await visitor.get("/console" + path)
        assert shown.status == (400 if "q=" in path else 200), (path, shown.text)
        assert "<script>alert" not in shown.text, path
        assert "<img src=x" not in shown.text, path
    assert HOSTILE in unescape((await visitor.get(f"/console/payments/{paid}")).text)


async def test_a_refund_is_shown_before_it_is_made_and_made_once(town: Town) -> None:
    shop = await town.supermarket()
    visitor = await a_visitor(town, shop.merchant)
    await visitor.sign_in()
    paid = (await shop.ask(12_800, code=await town.code(await town.payer()))).body["id"]
    page = f"/console/payments/{paid}/refund?amount=28.00"
    hidden = dict(re.findall(r'name="(csrf|key|amount)" value="([^"]+)"', (await visitor.get(page)).text))
    form = {**hidden, "merchant_refund_no": "R-1"}
    again = [await visitor.send(page.partition("?")[0], form) for _ in range(2)]
    assert [one.status for one in again] == [303, 303]
    listed = await shop.office.get(f"/v1/payments/{paid}/refunds")
    assert [one["shares"]["order"]["amount_minor"] for one in listed.body["items"]] == [2_800]
    await shop.office.get(f"/v1/refunds/{listed.body['items'][0]['id']}?wait_s=20")
    told = (await shop.office.get(f"/v1/payments/{paid}/timeline")).body["items"]
    assert [one["type"] for one in told if one["kind"] == "event"] == [
        "payment.succeeded",
        "refund.succeeded",
    ]
    calls = [one for one in told if one["kind"] == "core_call"]
    assert [one["of"] == paid for one in (calls[0], calls[-1])] == [True, False]
    assert "approved" in {one["outcome"] for one in calls}
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    too_much = await visitor.press(page, page.partition("?")[0], amount="128.00", merchant_refund_no="R-2")
    assert too_much.status == 422
    assert 'role="alert"' in too_much.text
    assert (await visitor.get(f"/console/payments/{paid}/refund?amount=abc")).status == 400


async def test_a_page_does_no_more_than_its_client_may(town: Town) -> None:
    visitor = await a_visitor(town, (await town.supermarket()).merchant, scopes=frozenset({"query"}))
    await visitor.sign_in()
    shown = (await visitor.get("/console")).text
    assert "/console/payments" in shown
    assert "/console/webhooks" not in shown
    assert (await visitor.get("/console/webhooks")).status == 403
    assert (await visitor.press("/console", "/console/webhooks", url="https://a.example/")).status == 403


async def test_an_application_is_filled_in_by_plain_forms_and_papers_come_behind_their_token(
    town: Town,
) -> None:
    visitor = Visitor(town=town, client_id="")
    asked = {"/kind": "mall", "/short_name": "<b>Mall", "key": uuid.uuid4().hex}
    asked["jwk"] = json.dumps(visitor.own_key.public_jwk)
    assert (await visitor.send("/console/apply", asked, Origin="https://evil.example")).status == 403
    begun = json.loads((await visitor.send("/console/apply", asked)).text)
    visitor.client_id = begun["client_id"]
    assert json.loads((await visitor.send("/console/apply", asked)).text) == begun
    await visitor.sign_in()
    for not_yet in ("stores", "changes", "bulks"):
        assert (await visitor.get(f"/console/{not_yet}")).status == 403, not_yet
    page = f"/console/applications/{begun['application_id']}"
    shown = await visitor.get(page)
    assert "&lt;b&gt;Mall" in shown.text
    contact = {"/contact/name": "王五", "/contact/phone": "13800138000", "/contact/email": "a@b.example"}
    assert (await visitor.press(page, f"{page}/sections/contact", **contact)).leads_to == f"{page}#contact"
    assert "王五" not in (await visitor.get(page)).text
    wrong = await visitor.press(page, f"{page}/sections/contact", **{**contact, "/contact/phone": "call me"})
    assert wrong.status == 400
    assert 'aria-invalid="true"' in wrong.text
    assert (await visitor.press(page, f"{page}/submit")).status == 422
    assert (await visitor.press(page, f"{page}/sections/nothing")).status == 404
    for token, status in (("guessed", 403), (re.findall(r'name="csrf" value="([^"]+)"', shown.text)[0], 303)):
        form = aiohttp.FormData({"csrf": token})
        form.add_field("file", A_SCAN, filename="scan.png", content_type="image/png")
        sent = await visitor.send(f"{page}/papers/business_licence", form)
        assert sent.status == status, sent.text


async def test_what_no_address_can_hold_is_nobodys_thing(town: Town) -> None:
    visitor = await signed_in(town)
    for one in ("a\0b", "../..", "%s", "x" * 65, "mer_"):
        assert (await visitor.get(f"/console/stores?merchant={quote(one, safe='')}")).status == 404, one
    odd = await visitor.press("/console/stores", "/console/stores", merchant="\0", **{"/name": "x"})
    assert odd.status == 404


async def test_a_malls_tenants_are_listed_and_applied_for(town: Town) -> None:
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        tenant = await an_active_merchant(conn, kind=Kind.TENANT, partner=mall)
    visitor = await a_visitor(town, mall)
    await visitor.sign_in()
    shown = (await visitor.get("/console/applications")).text
    assert tenant.merchant_number in shown
    begun = await visitor.press("/console/applications", "/console/applications")
    assert (await visitor.get(begun.leads_to)).status == 200
    assert (await visitor.get(f"/console/stores?merchant={tenant.id}")).status == 200
