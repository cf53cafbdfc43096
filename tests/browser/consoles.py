"""Somebody at a console: how a story signs in there with a key of its own."""

import json
from pathlib import Path

from playwright.async_api import Page

from merchants.access import clients, jwk
from merchants.ids import BANK, new_id
from tests.signing_in import OwnKey
from tests.town import Supermarket, Town


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


async def owner_of(town: Town, shop: Supermarket, folder: Path) -> Path:
    """An identity file of one who may do everything for this partner."""
    own_key = OwnKey()
    owner = clients.client_of(
        new_id("cli", BANK),
        "partner",
        "鹏城百货",
        partner_id=shop.merchant.partner_id,
        merchant_id=shop.merchant.id,
    )
    async with town.pool.acquire() as conn, conn.transaction():
        await clients.register(conn, owner, jwk.accept(own_key.public_jwk), actor="test")
    return identity_file(folder, own_key, owner.client_id, url=town.public)
