"""Online orders from a shell, and the example shop as a program of its own."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from gateway.demo.processes import free_ports
from tests.desk import Desk
from tests.shopping import confirm, scan
from tests.town import Town


async def test_a_shop_tries_a_checkout_out_and_the_example_shop_outlives_its_key(desk: Desk) -> None:
    town = desk.town
    await desk.shop()
    opened = await desk.done("partner", "checkout", "128.00", "--as", "shop.json", "--json")
    assert opened.json["url"].startswith(f"{town.settings.public_url}/checkout/")
    elsewhere = ("--success-url", "https://tea.example/thanks")
    refused = await desk.types("partner", "checkout", "1.00", *elsewhere, "--as", "shop.json")
    assert (refused.code, "return_url_not_allowed" in refused.err) == (1, True)
    await desk.done("partner", "return-origins", "https://tea.example", "--as", "shop.json")
    await desk.done("partner", "checkout", "1.00", *elsewhere, "--as", "shop.json")
    listed = await desk.done("partner", "return-origins", "--as", "shop.json")
    assert "https://tea.example" in listed.out
    ended = await desk.done("partner", "expire-checkout", opened.json["id"], "--as", "shop.json", "--json")
    assert ended.json["state"] == "expired"
    read = await desk.done("partner", "checkout-session", opened.json["id"], "--as", "shop.json", "--json")
    assert read.json["reason"]["code"] == "ended_by_merchant"
    async with _tea_shop(desk.folder / "shop.json") as (url, says):
        await desk.done("partner", "keys", "rotate", "--as", "shop.json")
        await _buy(town, url, says)


async def _buy(town: Town, url: str, says: asyncio.StreamReader) -> None:
    """As a browser does that runs checkout.js, and a customer with a phone."""
    async with town.http.post(f"{url}/checkout", headers={"Accept": "application/json"}) as answer:
        page = town.public + urlsplit((await answer.json())["url"]).path
    async with town.http.get(page, headers={"Accept-Language": "en"}) as answer:
        text = await answer.text()
    code = text.partition('class="button wallet" href="')[2].partition('"')[0]
    await confirm(town, await scan(town, await town.payer(20_000), code))
    async with town.http.get(f"{page}/events") as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                told = json.loads(line[6:])
    assert told["phase"] == "paid"
    async with town.http.get(told["back"]) as answer:
        assert "Thank you!" in await answer.text()
    order = told["back"].partition("order=")[2].partition("&")[0]
    await _said(says, b"checkout.completed -> 204")
    async with town.http.get(f"{url}/orders/{order}") as answer:
        assert (await answer.json())["paid"]


async def _said(says: asyncio.StreamReader, words: bytes) -> None:
    async with asyncio.timeout(60):
        while words not in (line := await says.readline()):
            assert line, "it ended before it said so"


@asynccontextmanager
async def _tea_shop(identity: Path) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    """Where it is open, and what it says."""
    [port] = free_ports(1)
    command = ("-m", "gateway", "sandbox", "shop", "--as", str(identity), "--port", str(port))
    shop = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    try:
        assert shop.stdout is not None
        await _said(shop.stdout, b"is open at")
        yield f"http://127.0.0.1:{port}", shop.stdout
        shop.send_signal(signal.SIGINT)
        assert await shop.wait() == 0
    finally:
        if shop.returncode is None:
            shop.kill()
            await shop.wait()
