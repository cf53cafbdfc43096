"""The bank's people in front of a browser: each with an identity file of their own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, BrowserContext, FilePayload, Page

from tests.browser.looking import Eyes, looking
from tests.signing_in import OwnKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One of them, signed in; `url` is the operators' listener."""

    context: BrowserContext
    page: Page
    url: str

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)


def identity_file(url: str, client_id: str, key: OwnKey) -> FilePayload:
    """As the command line writes it."""
    private = {**key.private_jwk, "kid": "mine"}
    held = {"url": url, "client_id": client_id, "jwk": private, "asked_with": "x"}
    return {"name": "lin.json", "mimeType": "application/json", "buffer": json.dumps(held).encode()}


@asynccontextmanager
async def a_desk(
    browser: Browser, url: str, client_id: str, key: OwnKey, eyes: Eyes | None = None
) -> AsyncIterator[Desk]:
    async with looking(browser, eyes) as context:
        page = await context.new_page()
        await page.goto(f"{url}/console")
        await page.set_input_files("input[type=file]", identity_file(url, client_id, key))
        await page.wait_for_url(f"{url}/console")
        yield Desk(context=context, page=page, url=url)
