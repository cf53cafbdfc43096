"""A shopper's way through a checkout, in a real browser, at a real shop, with a phone that really reads the code."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page, Request, expect

from gateway.client import Gateway, Partner, ResultReader
from gateway.client.webhook import Verifier
from gateway.demo.processes import free_ports
from gateway.demo.shop import Shop
from gateway.wire.webhooks import NewWebhookEndpoint
from merchants.payer import PayerFacts
from tests.browser.looking import ONE_OF_EACH, Eyes, looking, seen
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.shopping import SHOP, WebShop, a_web_shop, confirm, credentials, pay, scan, time_is_up
from tests.town import Town, a_town

LINES = [
    {"name": "冻顶乌龙 500 g", "amount_minor": 9_800, "quantity": 2, "sku": "6901234567892"},
    {"name": "Shipping", "amount_minor": 3_000},
]
PHONE = Eyes(language="en", theme="dark", size="phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A town whose gateway knows its own address, and a tea shop in it that sells online."""

    town: Town
    office: WebShop
    shop: Shop


@asynccontextmanager
async def a_street(database_url: str, core_database_url: str) -> AsyncIterator[Street]:
    port, shop_port = free_ports(2)
    async with a_town(
        database_url,
        core_database_url,
        PUBLIC_PORT=str(port),
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        WEBHOOK_PORTS=str(shop_port),
    ) as town:
        office = await a_web_shop(town)
        async with Gateway(town.public) as gateway:
            partner = Partner(gateway, await credentials(town, office))
            url = f"http://127.0.0.1:{shop_port}"
            wish = NewWebhookEndpoint(url=f"{url}/webhooks", event_types=["checkout.*"])
            endpoint = await partner.subscribe(wish)
            assert endpoint.secret is not None
            shop = Shop(
                partner=partner,
                results=ResultReader(gateway, merchant_id=office.merchant_id, environment="sandbox"),
                webhooks=Verifier(endpoint.secret),
                url=url,
                gateway_url=town.public,
            )
            async with shop.open("127.0.0.1", shop_port):
                yield Street(town=town, office=office, shop=shop)


async def read_code(page: Page) -> str:
    """What a phone's camera reads off the screen."""
    picture = await page.locator(".plate").screenshot()
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    assert len(read) == 1, "one code on the screen"
    return str(read[0].text)


async def test_a_shopper_pays_on_a_desktop_with_a_phone_and_is_thanked_by_the_shop(
    database_url: str, core_database_url: str, browser: Browser
) -> None:
    async with a_street(database_url, core_database_url) as street, looking(browser) as context:
        town, shop, page = street.town, street.shop, await context.new_page()
        await page.goto(shop.url)
        await page.get_by_role("button").click()
        await page.wait_for_url(f"{town.public}/checkout/**")
        code = await read_code(page)
        paid = await confirm(town, await scan(town, await town.payer(20_000), code))
        assert paid.body["state"] == "succeeded"
        await page.wait_for_url(f"{shop.url}/thanks**")
        await expect(page.get_by_role("heading")).to_have_text("Thank you!")
        [order] = shop.orders.values()
        assert order.thanked
        async with town.http.get(f"{shop.url}/orders/{order.no}") as answer:
            assert answer.status == 200
        async with asyncio.timeout(30):
            await order.paid.wait()  # by the webhook, which no browser carries


async def test_a_shopper_pays_on_a_phone_by_its_own_wallet(
    database_url: str, core_database_url: str, browser: Browser
) -> None:
    async with a_street(database_url, core_database_url) as street, looking(browser, PHONE) as context:
        town, page = street.town, await context.new_page()
        session = await street.office.opened(12_800, lines=LINES)
        await page.route(f"{SHOP}/**", lambda route: route.fulfill(status=204))
        await page.goto(session["url"])
        await seen(page, "checkout-phone", PHONE)
        link = page.get_by_role("link", name="Open the wallet")
        address = await link.get_attribute("href")
        assert address is not None
        # The wallet's app takes the link over, and its customer comes back to this page.
        await confirm(town, await scan(town, await town.payer(20_000), address))
        await expect(page.get_by_role("status")).to_contain_text("Paid")
        back = await page.get_by_role("link", name="Back to the shop").get_attribute("href")
        assert back is not None
        assert "checkout_result=" in back


async def test_an_order_that_nobody_pays_says_so_by_itself_and_leads_back(
    town: Town, browser: Browser
) -> None:
    shop = await a_web_shop(town)
    session = await shop.opened()
    async with looking(browser) as context:
        page = await context.new_page()
        await _open(town, page, session)
        await expect(page.get_by_role("timer")).to_have_text(re.compile(r"1[45]:\d\d"))
        await time_is_up(town, session)
        await expect(page.get_by_role("status")).to_contain_text("订单已关闭")
        await expect(page.locator(".plate")).to_be_hidden()
        await seen(page, "checkout-expired", Eyes())
        back = page.get_by_role("link", name="返回商家")
        await expect(back).to_have_attribute("href", "http://127.0.0.1:3000/cart")
        await page.reload()
        await expect(page.get_by_role("status")).to_contain_text("订单已关闭")


async def test_a_declined_shopper_tries_again_with_the_keyboard_alone(town: Town, browser: Browser) -> None:
    shop = await a_web_shop(town)
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.partner_id, a_deal())
    for eyes in ONE_OF_EACH:
        session = await shop.opened(12_800, lines=LINES)
        async with looking(browser, eyes) as context:
            page = await context.new_page()
            await _open(town, page, session)
            await seen(page, "checkout-waiting", eyes)
            assert await _transferred(page) <= 60_000
            await pay(town, shop, session, await town.payer(100))
            await expect(page.locator("[data-phase=declined]")).to_be_visible()
            await seen(page, "checkout-declined", eyes)
            await page.keyboard.press("Tab")
            await expect(page.get_by_role("button")).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.locator("[data-phase=waiting]")).to_be_visible()
            await pay(town, shop, session, await town.payer(50_000))
            await expect(page.locator("[data-phase=paid]")).to_be_visible()
            await seen(page, "checkout-paid", eyes)


async def test_doubt_is_shown_as_doubt_and_its_end_as_it_was(town: Town, browser: Browser) -> None:
    shop, payer = await a_web_shop(town), await town.payer(20_000, behaviour="late_arrival", seconds=2.0)
    session = await shop.opened()
    async with looking(browser, PHONE) as context:
        page = await context.new_page()
        await _open(town, page, session)
        await confirm(town, await _scanned(town, shop, session, payer), wait_s=0)
        await expect(page.get_by_role("status")).to_contain_text("do not pay again")
        await seen(page, "checkout-paying", PHONE)
        await expect(page.locator("[data-phase=expired]")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("You are not charged")


async def test_without_scripts_the_page_is_paid_all_the_same(town: Town, browser: Browser) -> None:
    shop = await a_web_shop(town)
    session = await shop.opened()
    async with looking(browser, Eyes(language="en", scripts=False)) as context:
        page = await context.new_page()
        await _open(town, page, session)
        await page.screenshot()
        await pay(town, shop, session, await town.payer(20_000))
        await page.get_by_role("link", name="Check again").click()
        await expect(page.get_by_role("heading", name="Paid")).to_be_visible()


async def test_who_comes_back_to_a_paid_page_is_not_sent_away_again(
    database_url: str, core_database_url: str, browser: Browser
) -> None:
    async with a_street(database_url, core_database_url) as street, looking(browser) as context:
        page = await context.new_page()
        session = await street.office.opened(success_url=f"{street.shop.url}/?thanks=1")
        await page.goto(session["url"])
        await pay(street.town, street.office, session, await street.town.payer(20_000))
        await page.wait_for_url(f"{street.shop.url}/?thanks=1**")
        await page.goto(session["url"])
        await expect(page.locator("[data-phase=paid]")).to_be_visible()
        asked: list[Request] = []
        page.on("request", lambda one: asked.append(one) if one.is_navigation_request() else None)
        await page.get_by_role("link").focus()
        assert await page.evaluate("sessionStorage.length") == 1
        assert asked == []


async def _open(town: Town, page: Page, session: dict[str, Any]) -> None:
    """The page's address as the browser reaches this town; its shop's pages are left for nobody to be led to."""
    await page.route(f"{SHOP}/**", lambda route: route.fulfill(status=204))
    await page.goto(town.public + session["url"].removeprefix(town.settings.public_url))


async def _transferred(page: Page) -> int:
    """Bytes over the wire for the page and all it loads, headers included."""
    kinds = "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
    return int(await page.evaluate(f"{kinds}.reduce((sum, one) => sum + one.transferSize, 0)"))


async def _scanned(town: Town, shop: WebShop, session: dict[str, Any], payer: PayerFacts) -> dict[str, Any]:
    return await scan(town, payer, (await shop.payment(session))["next_action"]["qr_payload"])
