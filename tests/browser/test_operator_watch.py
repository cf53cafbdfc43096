"""The bank's people watch and co-sign: figures of real payments, offers under their hash, doubts, the trail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from tests.browser.looking import Eyes, seen
from tests.browser.operators import Desk, a_desk
from tests.builders import a_deal
from tests.campaigns import proposed
from tests.hired import an_operator
from tests.signing_in import OwnKey
from tests.stories.test_monitoring import SHARED, a_shop_with_an_offer
from tests.town import Town, a_town

EVERYTHING = frozenset({"reviewer", "approver", "risk", "auditor"})


@asynccontextmanager
async def an_operators_desk(
    browser: Browser, town: Town, eyes: Eyes | None = None, roles: frozenset[str] = EVERYTHING
) -> AsyncIterator[Desk]:
    key = OwnKey()
    async with town.pool.acquire() as conn, conn.transaction():
        hired = await an_operator(conn, roles, key.public_jwk)
    async with a_desk(browser, town.operators, hired.client_id, key, eyes) as desk:
        yield desk


@pytest.fixture
async def quiet_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """Nobody settles what is in doubt."""
    async with a_town(database_url, core_database_url, works=False) as opened:
        yield opened


async def test_monitoring_and_the_rest_of_the_console_show_what_happened(
    browser: Browser, quiet_town: Town
) -> None:
    town, eyes = quiet_town, Eyes(language="en", theme="dark", size="phone")
    shop = await a_shop_with_an_offer(town)
    payer, poor = await town.payer(50_000), await town.payer(100)
    for amount_minor in (12_800, 12_800, 500):
        assert (await shop.ask(amount_minor, code=await town.code(payer))).status == 201
    await shop.ask(900, code=await town.code(poor))
    waiting = await town.payer(10_000, behaviour="reply_lost")
    assert (await shop.ask(2_000, code=await town.code(waiting), wait_s=1)).status == 202
    async with an_operators_desk(browser, town, eyes) as desk:
        await desk.go("/console/monitoring")
        await expect(desk.page.locator("[data-tile=success] [data-value]")).to_have_text("75 %")
        await _drawn(desk)
        await seen(desk.page, "operator-monitoring", eyes)
        for name, path in (
            ("operator-merchants", "/console/merchants"),
            ("operator-merchant", f"/console/merchants/{shop.merchant.id}"),
            ("operator-people", "/console/people"),
            ("operator-in-doubt", "/console/in-doubt"),
            ("operator-trail", "/console/trail"),
            ("operator-offers", "/console/offers?state=live"),
        ):
            await desk.go(path)
            await seen(desk.page, name, eyes)


async def _drawn(desk: Desk) -> None:
    """Every plot is there as a picture that the browser could read."""
    widths = await desk.page.evaluate(
        "Promise.all(Array.from(document.images).filter((one) => one.closest('[data-plot]'))"
        ".map((one) => one.decode().then(() => one.naturalWidth)))"
    )
    assert len(widths) >= 4
    assert min(widths) > 0


async def test_an_offer_is_co_signed_with_its_figures_and_hash_in_sight(browser: Browser, town: Town) -> None:
    eyes = Eyes()
    shop = await town.supermarket()
    async with an_operators_desk(browser, town, eyes, roles=frozenset({"approver"})) as desk:
        await desk.page.clock.install()
        await desk.go("/console")
        async with town.pool.acquire() as conn, conn.transaction():
            offer = await proposed(conn, shop.merchant.partner_id, a_deal(funding=SHARED))
        await desk.page.clock.fast_forward(20_000)
        await expect(desk.page.locator("a[href='/console/offers'] [data-value]")).to_have_text("1")
        await desk.go("/console/offers")
        await desk.page.click(f"a[href='/console/offers/{offer.offer.id}']")
        await expect(desk.page.get_by_text(offer.hash)).to_be_visible()
        await seen(desk.page, "operator-offer", eyes)
        await desk.page.click("form[action$='/accept'] button")
        await desk.page.wait_for_url("**done=accepted")
        await expect(desk.page.locator("h1 + .badge.good")).to_be_visible()
        paid = await shop.ask(12_800, code=await town.code(await town.payer(20_000)))
        assert paid.body["discount"]["amount_minor"] == 2_000
        await desk.page.reload()
        await expect(desk.page.locator("[data-plot=days] img")).to_be_visible()
        await seen(desk.page, "operator-offer-live", eyes)
