"""The demo's page, used as visitors use it, in a real browser before the real thing."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser import showroom_visit as visit
from tests.browser.conftest import a_browser
from tests.browser.looking import ONE_OF_EACH, looking
from tests.browser.showroom import Showroom, Visitor, a_showroom, camera_of


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """What the browser's camera sees."""
    return tmp_path / "film.y4m"


@pytest.fixture
async def browser(film: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, a_browser(playwright, *camera_of(film)) as opened:
        yield opened


async def test_a_visitor_pays_at_the_till_and_online_breaks_things_and_the_books_agree(
    browser: Browser, film: Path
) -> None:
    desktop, phone = ONE_OF_EACH
    async with a_showroom() as showroom:
        async with looking(browser, desktop) as context:
            visitor = Visitor(await context.new_page(), desktop)
            await visitor.comes_in(showroom.url)
            await visit.till_scans_phone(visitor)
            await visit.core_hangs_up(visitor)
            await visit.book_keeper_is_down(visitor, showroom)
            await visit.till_sees_a_printed_code(visitor, film)
        async with looking(browser, phone) as context:
            visitor = Visitor(await context.new_page(), phone)
            await visitor.comes_in(showroom.url)
            await visit.phone_scans_shop(visitor)
            await visit.phone_follows_a_link(visitor)
            await visit.phone_sees_a_printed_sticker(visitor, film)
        await strangers_get_nothing(showroom)


async def strangers_get_nothing(showroom: Showroom) -> None:
    """Other sites' pages, and names that lead here from elsewhere, do nothing; the page's policy is the house's."""
    deed = showroom.origin + "/demo/do/phone/code"
    async with aiohttp.ClientSession() as http:
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "http://evil.example"},
            {},
            {"Host": "evil.example", "Sec-Fetch-Site": "same-origin"},
        ):
            async with http.post(deed, data=b"{}", headers=headers) as answer:
                assert answer.status == 403, headers
        async with http.post(showroom.origin + "/wallet/webhooks", data=b"{}") as answer:
            assert answer.status == 400
        async with http.get(showroom.url) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert "camera=(self)" in answer.headers["Permissions-Policy"]
