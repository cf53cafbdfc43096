"""A real browser for each story: Debian's Chromium. Where there is none, these stories say so and are skipped."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def a_browser(playwright: Playwright, *options: str) -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: `apt-get install chromium`, or name one in CHROMIUM")
    # Its sandbox wants rights that containers and root rarely give; it opens nothing but our own pages.
    opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *options])
    yield opened
    await opened.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, a_browser(playwright) as opened:
        yield opened
