"""The showroom in every look: a visit from the entrance to the sticker with each pair of eyes, every screen kept."""

from playwright.async_api import async_playwright

from tests.browser.conftest import CHROMIUM
from tests.browser.looking import EVERY_LOOK, looking
from tests.browser.showroom import Visitor, a_showroom
from tests.browser.showroom_visit import whole_visit


async def look() -> int:
    """How many visits there were; the first that finds a fault ends with it."""
    async with async_playwright() as playwright, a_showroom() as showroom:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for eyes in EVERY_LOOK:
            async with looking(browser, eyes) as context:
                await whole_visit(Visitor(await context.new_page(), eyes, thorough=True), showroom)
        await browser.close()
    return len(EVERY_LOOK)
