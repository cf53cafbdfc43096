"""What every page has: static files that may be kept for ever, headers that let nothing in, and streams that end."""

import asyncio
import gzip
import re
from urllib.parse import urlsplit

from gateway.pages.assets import Assets
from tests.shopping import a_web_shop
from tests.town import Town, a_town


async def test_a_static_file_may_be_kept_for_ever_and_comes_packed(town: Town) -> None:
    url = Assets().url("house.css")
    async with town.http.get(
        town.public + url, headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as answer:
        packed = await answer.read()
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert b"--accent" in gzip.decompress(packed)


async def test_an_older_pages_files_are_answered_with_todays_and_not_kept(town: Town) -> None:
    url = re.sub(r"/assets/\w+/", "/assets/0123456789abcdef/", Assets().url("house.css"))
    async with town.http.get(town.public + url) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_a_file_nobody_has_is_not_found(town: Town) -> None:
    for name in ("passwd", "..%2Fframe.py", "frame.py"):
        async with town.http.get(f"{town.public}/assets/0/{name}") as answer:
            assert answer.status == 404


async def test_both_listeners_have_the_files(town: Town) -> None:
    answers = await asyncio.gather(
        *(town.http.get(place + Assets().url("mark.svg")) for place in (town.public, town.operators))
    )
    assert [one.status for one in answers] == [200, 200]


async def test_a_stream_that_cannot_be_read_on_ends_where_it_is_and_its_reader_comes_back(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(
        database_url, core_database_url, works=False, DATABASE_STATEMENT_TIMEOUT_S="0.5"
    ) as town:
        session = await (await a_web_shop(town)).opened()
        url = f"{town.public}{urlsplit(session['url']).path}/events"
        async with town.http.get(url) as stream, asyncio.timeout(30):
            told = await stream.content.readuntil(b"\n\n") + await stream.content.readuntil(b"\n\n")
            async with town.pool.acquire() as conn, conn.transaction():
                await conn.execute("LOCK TABLE gateway.checkout_sessions")
                town.replica.parts.hub.tell(session["payment_id"])
                rest = await stream.content.read()
        assert b"waiting" in told
        assert rest == b""
        async with town.http.get(url) as stream, asyncio.timeout(30):
            assert await stream.content.readline() == b"retry: 1000\n"
