"""A partner's receiver was down; the partner sees it in the console, and has what it missed sent again."""

from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, expect

from tests.browser.consoles import owner_of, signed_in
from tests.browser.looking import Eyes, looking, seen
from tests.receivers import Arrived, receiving
from tests.town import Town

EYES = Eyes(language="en", theme="dark")
HOSTILE = "<script>document.title='owned'</script>\"><img src=x onerror=alert(1)>"


def down(_arrived: Arrived) -> web.Response:
    return web.Response(status=500, text=HOSTILE)


async def test_a_partner_finds_a_failed_webhook_and_replays_it(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    shop = await town.supermarket()
    file = await owner_of(town, shop, tmp_path)
    async with looking(browser, EYES) as context, receiving(down) as receiver:
        page = await context.new_page()
        await signed_in(page, town, file, to="/console/webhooks")
        await page.locator("#url").fill(receiver.url)
        await page.get_by_label("Payments").check()
        await page.locator("form[action='/console/webhooks'] button").click()
        secret = await page.locator(".secret").inner_text()
        await seen(page, "partner-webhook-made", EYES)

        paid = await shop.ask(12_800, code=await town.code(await town.payer()))
        await receiver.wait_for(1)
        await page.goto(f"{town.public}/console")
        await expect(page.get_by_text("Failing")).to_be_visible()
        await seen(page, "partner-front-failing", EYES)
        await page.get_by_role("link", name=receiver.url).click()
        await page.get_by_role("link", name="payment.succeeded").click()
        await expect(page.locator(".attempts summary strong").first).to_have_text("500")
        await expect(page.get_by_text(HOSTILE).first).to_be_visible()
        await seen(page, "partner-delivery-failed", EYES)

        receiver.answering = lambda _one: web.Response()
        failed = len(receiver.arrived)
        await page.get_by_role("button", name="Skip it").click()
        await page.get_by_role("link", name=receiver.url).click()
        await page.get_by_role("button", name="Send them again").click()
        await expect(page.get_by_text("1 delivery is on its way.")).to_be_visible()
        arrived = (await receiver.wait_for(failed + 1))[-1]
        assert arrived.verified(secret)["data"]["payment"]["id"] == paid.body["id"]
        while await page.locator("tbody .badge.good").count() == 0:  # until the sender has noted the answer
            await page.reload()
        await seen(page, "partner-webhook", EYES)
