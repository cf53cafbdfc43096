"""Offers drafted and watched, keys changed and taken away, in the partner's console."""

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.consoles import owner_of, signed_in
from tests.browser.looking import Eyes, looking, seen
from tests.town import Supermarket, Town

EYES = Eyes(language="en")
PHONE = Eyes(size="phone", theme="dark")


async def drafted(page: Page) -> str:
    """20 off every 100, proposed to the bank; returns the offer's id."""
    await page.get_by_role("link", name="Draft an offer").click()
    fields = {
        "/name": "满100减20",
        "/terms/threshold": "100",
        "/terms/off_minor": "20",
        "/target/ends_on": "2099-12-31",
        "/budgets/total_minor": "5000",
        "/funding/bank": "60",
    }
    for pointer, value in fields.items():
        await page.locator(f'[name="{pointer}"]').fill(value)
    await seen(page, "partner-offer-terms", EYES)
    await page.get_by_role("button", name="Save the draft").click()
    await page.get_by_role("button", name="Propose it to the bank").click()
    await expect(page.locator("main .badge").first).to_have_text("Proposed")
    return page.url.rpartition("/")[2]


async def accepted(town: Town, offer_id: str) -> None:
    approver = await town.person(kind="operator", operators=True, roles=frozenset({"approver"}))
    proposed = await approver.get(f"/admin/v1/offers/{offer_id}")
    body = {"hash": proposed.body["hash"]}
    assert (await approver.post(f"/admin/v1/offers/{offer_id}/accept", body)).status == 200


async def paid_in_two_stores(town: Town, shop: Supermarket) -> None:
    opened = await shop.office.post(
        f"/v1/merchants/{shop.merchant.id}/stores",
        {"name": "福田店<b>", "area_code": "440304", "address": "福华路1号"},
    )
    payer = await town.payer()
    assert (await shop.ask(12_800, code=await town.code(payer))).body["discount"]["amount_minor"] == 2_000
    body = {"merchant_order_no": "F-1", "store_id": opened.body["id"], "code": await town.code(payer)}
    amount = {"amount": {"amount_minor": 30_000, "currency": "CNY"}}
    assert (await shop.office.post("/v1/payments", {**amount, **body})).status == 201


async def test_a_partner_drafts_an_offer_and_sees_what_it_gives_by_day_and_store(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    shop = await town.supermarket()
    file = await owner_of(town, shop, tmp_path)
    async with looking(browser, EYES) as context:
        page = await context.new_page()
        await signed_in(page, town, file, to="/console/offers")
        await seen(page, "partner-offers-empty", EYES)
        offer_id = await drafted(page)
        await accepted(town, offer_id)
        await paid_in_two_stores(town, shop)
        await page.reload()
        await expect(page.locator("main .badge").first).to_have_text("Live")
        await expect(page.locator("[data-plot=stores] img")).to_have_js_property("complete", value=True)
        await expect(page.locator("tbody")).to_contain_text(["福田店<b>"])
        await seen(page, "partner-offer", EYES)
        await page.get_by_role("button", name="Pause it at once").click()
        await page.get_by_role("button", name="Resume it").click()
        await expect(page.locator("main .badge").first).to_have_text("Live")


async def test_a_browser_lets_another_in_and_a_revoked_key_ends_the_visit(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    shop = await town.supermarket()
    file = await owner_of(town, shop, tmp_path)
    client_id = file.stem
    async with looking(browser, EYES) as here, looking(browser, PHONE) as there:
        desk, phone = await here.new_page(), await there.new_page()
        await signed_in(desk, town, file, to=f"/console/keys/{client_id}")
        await phone.goto(f"{town.public}/console/sign-in")
        await phone.locator("details[data-device] summary").click()
        await phone.locator("#client").fill(client_id)
        await phone.locator("[data-make]").click()
        await phone.locator("[data-made]").wait_for()
        await seen(phone, "partner-second-device", PHONE)
        await desk.locator("#upload").fill(await phone.locator("#made").input_value())
        await desk.get_by_role("button", name="Let it in").click()
        await expect(desk.locator("tbody tr")).to_have_count(2)
        await seen(desk, "partner-client", EYES)

        await phone.reload()
        await phone.locator(".identity").click()
        await phone.wait_for_url("**/console")
        # The phone takes the desk's key away: whatever the desk does next, it is not let in.
        await phone.goto(f"{town.public}/console/keys/{client_id}")
        other = phone.locator("tbody tr", has_not=phone.get_by_text("此浏览器")).locator("details")
        await other.locator("summary").click()
        await other.locator("button").click()
        await expect(phone.locator("tbody .badge.bad")).to_have_count(1)
        await seen(phone, "partner-client", PHONE)
        await desk.goto(f"{town.public}/console/payments")
        await expect(desk).to_have_url(f"{town.public}/console/sign-in?to=%2Fconsole%2Fpayments")
        await desk.goto(f"{town.public}/console/keys")
        await desk.locator(".identity").click()
        await expect(desk.get_by_role("alert")).to_be_visible()

        # And changes its own: the new key is made there, proven, and signs in.
        await phone.locator("#rotate button").click()
        await expect(phone.locator("tbody tr")).to_have_count(3)


async def test_who_lost_every_key_comes_back_by_a_code_of_two_halves(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    shop = await town.supermarket()
    client_id = (await owner_of(town, shop, tmp_path)).stem
    asking, confirming = [
        await town.person(kind="operator", operators=True, roles=frozenset({"approver"})) for _ in range(2)
    ]
    wish = {"client_id": client_id, "reason": "The laptop was stolen"}
    proposed = (await asking.post("/admin/v1/key-resets", wish)).body
    confirmed = (await confirming.post(f"/admin/v1/key-resets/{proposed['id']}/confirm", None)).body
    async with looking(browser, EYES) as context:
        page = await context.new_page()
        await page.goto(f"{town.public}/console/sign-in")
        await page.locator("details[data-reset] summary").click()
        await page.locator("#reset-client").fill(client_id)
        await page.locator("#reset-code").fill("WRONGWRONGWRONG7")
        await page.locator("[data-enrol]").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.locator("#reset-code").fill(f"{proposed['code_half']} {confirmed['code_half']}")
        await page.locator("[data-enrol]").click()
        await page.wait_for_url("**/console")
