"""A few of a proof's pages in a real browser, where there is one."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.prove.pages import Beside, Moments, Sessions
from tests.town import Town

_CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_SHOWN_WITHIN_MS = 90_000


@asynccontextmanager
async def pages_of(town: Town, *, most: int) -> AsyncIterator[Beside | None]:
    """Says aloud where there is no browser: then the streams alone are looked at."""
    if _CHROMIUM is None:
        print("no Chromium here, so no page is looked at in a browser")
        yield None
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])

        async def look(sessions: Sessions) -> Coroutine[Any, Any, Moments]:
            some = sessions[:: max(1, len(sessions) // most)][:most]
            pages = [await _opened(browser, town, one) for one in some]

            async def ends() -> Moments:
                moments = await asyncio.gather(*(_ended(page) for page in pages))
                return {one["id"]: at for one, at in zip(some, moments, strict=True)}

            return ends()

        yield look
        await browser.close()


async def _opened(browser: Browser, town: Town, session: dict[str, Any]) -> Page:
    page = await browser.new_page()
    await page.goto(session["url"].replace(town.settings.public_url, town.public))
    return page


async def _ended(page: Page) -> float:
    """When the page shows its end, to somebody who looks at the screen."""
    await page.locator("[data-phase=paid], [data-phase=declined]").wait_for(timeout=_SHOWN_WITHIN_MS)
    return time.time()
