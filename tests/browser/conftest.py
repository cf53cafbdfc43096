"""A real browser for each story: Debian's Chromium. Where there is none, these stories say so and are skipped."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: `apt-get install chromium`, or name one in CHROMIUM")
    async with async_playwright() as playwright:
        # Its sandbox wants rights that containers and root rarely give; it opens nothing but our own pages.
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()
