"""Somebody at a console: how a story signs in there with a key of its own."""

import json
from pathlib import Path

from playwright.async_api import Page

from tests.signing_in import OwnKey
from tests.town import Town


def identity_file(folder: Path, own_key: OwnKey, client_id: str, *, url: str) -> Path:
    """What the command line would have written."""
    private = own_key.private_jwk
    file = folder / f"{client_id}.json"
    file.write_text(json.dumps({"url": url, "jwk": private, "asked_with": "once", "client_id": client_id}))
    return file


async def signed_in(page: Page, town: Town, file: Path, *, to: str = "/console") -> None:
    """Choose the identity file on the sign-in page, and arrive."""
    await page.goto(town.public + to)
    await page.locator("details summary").first.click()
    await page.locator("#file").set_input_files(file)
    await page.wait_for_url(town.public + to)
