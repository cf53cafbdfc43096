"""The console's front page: how it goes today, told again as soon as it goes otherwise."""

import json
from typing import Any

import aiohttp
from markupsafe import escape

from tests.town import Town
from tests.visitors import a_visitor


async def told(stream: aiohttp.ClientResponse) -> Any:
    """The next state that the stream says."""
    async for line in stream.content:
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    raise AssertionError("the stream ended")


async def test_the_front_page_is_told_of_a_payment_and_ends_with_the_visit(town: Town) -> None:
    shop = await town.supermarket()
    desk, owner = await a_visitor(town, shop.merchant), await a_visitor(town, shop.merchant)
    for one in (desk, owner):
        await one.sign_in()
    front = (await desk.get("/console")).text
    assert '<noscript><meta http-equiv="refresh"' in front
    assert "Nothing was paid yet today." in front
    headers = {"Cookie": desk.cookie, "Accept-Language": "en"}
    async with town.http.get(f"{town.public}/console/live", headers=headers) as stream:
        first = await told(stream)
        assert f'data-shape="{first["shape"]}"' in front
        assert (first["values"], first["rows"]) == ({}, [])
        await shop.ask(12_800, code=await town.code(await town.payer()), merchant_order_no="A-1")
        then = await told(stream)
        assert then["shape"] != first["shape"], "from no figures to figures the page is another"
        assert [(one["order_no"], one["paid"], one["tone"]) for one in then["rows"]] == [
            ("A-1", "CN¥128.00", "good")
        ]
        shown = (await desk.get("/console")).text
        assert f'data-shape="{then["shape"]}"' in shown
        for key, value in then["values"].items():
            assert f'data-live="{key}">{escape(value)}</dd>' in shown, key
        page = f"/console/keys/{desk.client_id}"
        assert (await owner.press(page, f"{page}/revoke", reason="left")).status == 303
        await shop.ask(500, code=await town.code(await town.payer()))
        assert await told(stream) == {"shape": "over"}
        assert await stream.content.read() == b"\n"


async def test_a_front_page_tells_nobody_elses_payments(town: Town) -> None:
    other = await town.supermarket()
    await other.ask(12_800, code=await town.code(await town.payer()))
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    await visitor.sign_in()
    headers = {"Cookie": visitor.cookie}
    async with town.http.get(f"{town.public}/console/live", headers=headers) as stream:
        assert (await told(stream))["rows"] == []
