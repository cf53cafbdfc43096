"""The partner's console in a real browser."""

from pathlib import Path

from playwright.async_api import Browser

from tests.browser.consoles import owner_of, signed_in
from tests.browser.looking import ONE_OF_EACH, looking, seen
from tests.town import Town


async def test_a_partner_finds_a_payment_and_gives_part_of_it_back(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    shop = await town.supermarket()
    payer = await town.payer()
    for number in ("A-1", "A-2", "A-3"):
        await shop.ask(12_800, code=await town.code(payer), merchant_order_no=number)
    await shop.ask(5_000, merchant_order_no="A-4")
    file = await owner_of(town, shop, tmp_path)
    for eyes in ONE_OF_EACH:
        async with looking(browser, eyes) as context:
            page = await context.new_page()
            await page.goto(town.public + "/console")
            await seen(page, "partner-sign-in", eyes)
            await signed_in(page, town, file)
            await seen(page, "partner-front", eyes)
            await page.goto(town.public + "/console/payments")
            await seen(page, "partner-payments", eyes)
            await page.get_by_role("searchbox").fill("A-2")
            await page.get_by_role("searchbox").press("Enter")
            await page.get_by_role("link", name="A-2").click()
            await page.locator("a.button[href$=refund]").click()
            await page.locator("#amount").fill("28.00")
            await page.locator("#amount").press("Enter")
            await page.locator("form[method=post] .sums").wait_for()
            await seen(page, "partner-refund", eyes)
            await page.locator("form.panel[method=post] button").click()
            await page.locator("#refunds table").wait_for()
            await seen(page, "partner-payment", eyes)
