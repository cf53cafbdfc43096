"""What somebody sees who scans a compact link with a camera instead of the wallet."""

import re
from dataclasses import dataclass

import pytest

from tests.town import Supermarket, Town


@dataclass(frozen=True, slots=True)
class Shown:
    status: int
    html: str
    headers: dict[str, str]


async def opened(town: Town, link: str, language: str | None = None) -> Shown:
    """The page, as a browser fetches it from where the link leads: capitals in the path and all."""
    path = "/Q/" + link.rpartition("/")[2]
    headers = {"Accept-Language": language} if language else {}
    async with town.http.get(town.public + path, headers=headers) as answer:
        return Shown(answer.status, await answer.text(), dict(answer.headers))


async def a_link(shop: Supermarket) -> tuple[str, str]:
    """A payment's id and its link."""
    asked = await shop.ask(12_800, qr_form="link")
    assert asked.status == 201, asked.body
    return asked.body["id"], asked.body["next_action"]["qr_payload"]


async def test_a_camera_is_told_the_shop_and_what_to_do_and_nothing_else(town: Town) -> None:
    shop = await town.supermarket()
    payment_id, link = await a_link(shop)
    page = await opened(town, link, "en-GB,en;q=0.9,zh;q=0.5")
    assert page.status == 200
    assert f"<h1>Pay {shop.merchant.short_name}</h1>" in page.html
    assert "scan it there" in page.html
    for secret in (payment_id, "128", "12800", shop.merchant.id, link[-193:]):
        assert secret not in page.html


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        (None, "zh-CN"),
        ("zh-TW,en;q=0.8", "zh-CN"),
        ("fr", "zh-CN"),
        ("en;q=0.4,zh;q=0.2", "en"),
        ("en;q=x", "zh-CN"),
    ],
)
async def test_the_page_speaks_the_browsers_language(town: Town, accepts: str | None, language: str) -> None:
    _, link = await a_link(await town.supermarket())
    page = await opened(town, link, accepts)
    assert page.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in page.html
    assert page.headers["Vary"] == "Accept-Language"


async def test_the_page_runs_nothing_loads_nothing_and_is_not_indexed(town: Town) -> None:
    _, link = await a_link(await town.supermarket())
    page = await opened(town, link)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<img|<a |https?:|\son\w+=", page.html)
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert re.fullmatch(r"private, max-age=([1-5]?\d|60)", page.headers["Cache-Control"])


async def test_a_shops_name_is_text_whatever_it_holds(town: Town) -> None:
    _, link = await a_link(await town.supermarket())
    await town.pool.execute("UPDATE qr.order_codes SET payee_name = '<script>alert(1)</script> {wallet}'")
    page = await opened(town, link)
    assert "<script>" not in page.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {wallet}" in page.html


async def test_a_code_that_is_over_says_so_and_no_longer_whose_it_was(town: Town) -> None:
    shop = await town.supermarket()
    _, link = await a_link(shop)
    await town.pool.execute("UPDATE qr.order_codes SET expires_at = clock_timestamp()")
    page = await opened(town, link, "en")
    assert (page.status, page.headers["Cache-Control"]) == (410, "no-store")
    assert "This code is over" in page.html
    assert shop.merchant.short_name not in page.html


@pytest.mark.parametrize("digits", ["0" * 193, "9" * 193, "1" * 192, "x" * 193])
async def test_what_we_never_signed_is_no_code_and_names_nobody(town: Town, digits: str) -> None:
    page = await opened(town, "/" + digits, "en")
    assert page.status == 404
    assert "This is no payment code" in page.html


async def test_an_altered_link_is_no_code(town: Town) -> None:
    _, link = await a_link(await town.supermarket())
    page = await opened(town, link[:-1] + str((int(link[-1]) + 1) % 10), "en")
    assert page.status == 404


async def test_longer_paths_lead_nowhere(town: Town) -> None:
    async with town.http.get(f"{town.public}/Q/{'1' * 194}") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
