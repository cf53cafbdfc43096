"""What every page has: static files that may be kept for ever, headers that let nothing in, and streams that end."""

import asyncio
import gzip
import re

from gateway.pages.assets import Assets
from tests.town import Town


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
