"""Forms of the consoles from strangers: none is longer, packed, or of more fields than a page of ours would send."""

import zlib
from collections.abc import Mapping

import pytest

from gateway.pages.sent import MOST_BYTES
from tests.town import Town, a_town
from tests.visitors import a_visitor

SIGN_IN = "/console/sign-in"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def sent(town: Town, url: str, body: bytes, headers: Mapping[str, str] = FORM) -> int:
    origin = {"Origin": url, **headers}
    async with town.http.post(url + SIGN_IN, data=body, headers=origin, allow_redirects=False) as answer:
        return answer.status


@pytest.mark.parametrize("place", ["public", "operators"])
async def test_a_form_that_no_page_would_send_is_refused_as_one(town: Town, place: str) -> None:
    url = getattr(town, place)
    assert await sent(town, url, b"assertion=" + b"x" * MOST_BYTES) == 413
    assert await sent(town, url, b"&".join(b"f%d=" % one for one in range(2000))) == 413
    assert await sent(town, url, zlib.compress(b"x" * 10_000), {**FORM, "Content-Encoding": "deflate"}) == 415
    assert await sent(town, url, b"--a\r\n", {"Content-Type": "multipart/form-data; boundary=a"}) == 415
    assert await sent(town, url, b"assertion=%ff%fe&to=\xff") == 400


async def test_a_paper_in_no_parts_is_our_senders_mistake_and_no_defect(town: Town) -> None:
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    await visitor.sign_in()
    headers = {"Origin": town.public, "Cookie": visitor.cookie, "Accept": "application/json"}
    path = "/console/applications/app_1/papers/licence"
    for media_type in ("multipart/form-data", "multipart/form-data; boundary=a"):
        headers["Content-Type"] = media_type
        async with town.http.post(town.public + path, data=b"no parts", headers=headers) as answer:
            assert answer.status == 400, await answer.text()


async def test_who_tries_keys_at_the_operators_console_is_counted_as_at_the_api(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, RATE_LIMITS="address=1/3") as town:
        tried = [await sent(town, town.operators, b"assertion=x") for _ in range(5)]
        assert tried == [400, 400, 400, 429, 429]
        for path in ("/console/sign-in/provider", "/sign-in?code=x"):
            async with town.http.get(town.operators + path) as answer:
                assert answer.status == 429, path
