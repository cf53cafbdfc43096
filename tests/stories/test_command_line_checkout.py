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
        await _buy(desk, url, says)


async def test_a_wallet_scans_what_a_shop_shows_and_says_what_became_of_it(desk: Desk) -> None:
    await desk.open_shop()
    await desk.wallet()
    as_shop, as_wallet, picture = ("--as", "shop.json"), ("--as", "wallet.json"), str(desk.folder / "s.png")
    opened = await desk.done("partner", "checkout", "128.00", *as_shop, "--json")
    page, payer = opened.json["url"], (await desk.town.payer(20_000)).id
    mistyped = await desk.types("wallet", "scan", payer, "stiker.png", *as_wallet)
    assert (mistyped.code, "No such file" in mistyped.err) == (2, True), mistyped
    seen = await desk.done("wallet", "scan", payer, page, *as_wallet, "--json")
    assert (seen.json["kind"], seen.json["payable"]["amount_minor"]) == ("order_code", 12_800)
    paid = await desk.done("wallet", "scan", payer, page, "--pay", *as_wallet, "--json")
    assert (paid.json["state"], paid.json["merchant_name"]) == ("succeeded", seen.json["merchant_name"])
    again = await desk.types("wallet", "scan", payer, page, "--pay", *as_wallet)
    assert (again.code, "shows no code" in again.err) == (3, True)

    where = ("--area-code", "440305", "--address", "深南大道9678号")
    store = (await desk.done("partner", "open-store", "南山店", *where, *as_shop, "-q")).out.strip()
    await desk.done("partner", "sticker", store, "--save", picture, *as_shop)
    seen = await desk.done("wallet", "scan", payer, picture, *as_wallet, "--json")
    assert (seen.json["kind"], seen.json["store_name"]) == ("store_code", "南山店")
    silent = await desk.types("wallet", "scan", payer, picture, "--pay", *as_wallet)
    assert (silent.code, "add --amount" in silent.err) == (2, True)
    poor = await desk.types("wallet", "scan", payer, picture, "--amount", "99", "--pay", *as_wallet)
    assert (poor.code, "not paid" in poor.err) == (3, True)

    slow = (await desk.town.payer(behaviour="slow", seconds=0.5)).id
    to_pay = ("--amount", "7.20", "--pay", "--within-s", "0")
    begun = await desk.types("wallet", "scan", slow, picture, *to_pay, *as_wallet, "--json")
    assert (begun.code, f"gateway wallet wait {begun.json['id']}" in begun.err) == (5, True)
    ended = await desk.done("wallet", "wait", begun.json["id"], *as_wallet, "--json")
    assert ended.json["state"] == "succeeded"


async def _buy(desk: Desk, url: str, says: asyncio.StreamReader) -> None:
    """As a browser does that runs checkout.js, and a customer with a phone."""
    town = desk.town
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
