"""The checkout page as it comes over HTTP: who may see it, what is in it, and how it is kept true."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import pytest

from gateway import app
from gateway.door.listeners import Address, listening
from gateway.door.operation import Listener
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.shopping import CANCEL, SUCCESS, a_web_shop, pay, time_is_up
from tests.town import Town, a_town

HOSTILE = '<img src=x onerror="alert(1)">\u202e</script>&{{7*7}}'
ENGLISH = {"Accept-Language": "en"}


def path_of(session: dict[str, Any]) -> str:
    path: str = urlsplit(session["url"]).path
    return path


async def look(town: Town, session: dict[str, Any], **headers: str) -> tuple[int, str, Any]:
    async with town.http.get(town.public + path_of(session), headers={**ENGLISH, **headers}) as answer:
        return answer.status, await answer.text(), answer.headers


@asynccontextmanager
async def listened(
    town: Town, session: dict[str, Any], *, at: str | None = None, **headers: str
) -> AsyncIterator[aiohttp.ClientResponse]:
    url = (at or town.public) + path_of(session) + "/events"
    async with town.http.get(url, headers={**ENGLISH, **headers}) as stream:
        assert stream.status == 200, await stream.text()
        yield stream


async def next_event(stream: aiohttp.ClientResponse) -> tuple[str, dict[str, Any]]:
    """Id and data of the next event; comments and the retry line are passed by."""
    event_id = ""
    async with asyncio.timeout(30):
        async for raw in stream.content:
            line = raw.decode().rstrip("\n")
            if line.startswith("id: "):
                event_id = line[4:]
            if line.startswith("data: "):
                return event_id, json.loads(line[6:])
    raise AssertionError("the stream ended")


async def test_what_a_shop_calls_its_goods_is_text_and_nothing_else(town: Town) -> None:
    shop = await a_web_shop(town)
    lines = [{"name": HOSTILE, "amount_minor": 12_800}]
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.partner_id, a_deal(name="<script>alert(2)</script>"))
    await town.pool.execute(
        "UPDATE merchants.merchants SET short_name = $2 WHERE id = $1", shop.merchant_id, HOSTILE
    )
    session = await shop.opened(12_800, lines=lines, description=HOSTILE)
    status, page, headers = await look(town, session)
    assert status == 200
    assert "<img" not in page
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    # Inside a bdi, turning the direction of writing turns nothing around it.
    assert "<bdi" in page
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


async def test_the_whole_page_is_small_and_asks_only_us(town: Town) -> None:
    shop = await a_web_shop(town)
    lines = [{"name": f"货物 {number}", "amount_minor": 100} for number in range(50)]
    _, page, _ = await look(town, await shop.opened(5_000, lines=lines))
    assert len(page.encode()) < 40_000
    loaded = len(page.encode())
    for url in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
        async with town.http.get(town.public + url, headers={"Accept-Encoding": "gzip"}) as answer:
            loaded += int(answer.headers["Content-Length"])
    assert loaded <= 60_000
    elsewhere = set(re.findall(r'(?:src|href|action)="(https?://[^"]+)"', page))
    assert {urlsplit(one).path[:3] for one in elsewhere - {CANCEL}} <= {"/Q/"}


async def test_who_does_not_know_the_address_sees_nothing(town: Town) -> None:
    shop = await a_web_shop(town)
    session, other = await shop.opened(), await shop.opened()
    path = path_of(session)
    secret = path.rpartition(".")[2]
    guesses = (
        path.removesuffix(f".{secret}"),
        path.removesuffix(secret),
        path[:-1],
        f"/checkout/{other['id']}.{secret}",
        f"/checkout/{session['id']}.{secret.swapcase()}",
        "/checkout/" + "x" * 60,
    )
    for guess in guesses:
        for kind, method in (("", "GET"), ("/events", "GET"), ("/retry", "POST")):
            async with town.http.request(method, town.public + guess + kind) as answer:
                assert answer.status == 404, guess + kind


async def test_a_page_tells_what_everybody_gets_what_some_may_and_why_others_are_not(town: Town) -> None:
    shop = await a_web_shop(town)
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.partner_id, a_deal(name="For all"))
        target = a_deal().target
        await agreed(
            conn,
            shop.partner_id,
            a_deal(name="For staff", target=type(target)(
                starts_on=target.starts_on, ends_on=target.ends_on, segments=frozenset({"staff"})
            )),
        )  # fmt: skip
    _, small, _ = await look(town, await shop.opened(5_000))
    _, page, _ = await look(town, await shop.opened(12_800))
    assert "CN¥108.00" in page
    assert re.search(r"For staff.*Perhaps.*For some customers", page, re.DOTALL)
    assert re.search(r"For all.*Not now.*For larger orders", small, re.DOTALL)


async def test_a_stream_tells_each_change_once_and_ends_with_the_signed_way_back(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(20_000)
    session = await shop.opened()
    async with listened(town, session) as stream:
        first, told = await next_event(stream)
        assert (told["phase"], told["back"]) == ("waiting", CANCEL)
        await pay(town, shop, session, payer)
        while told["phase"] != "paid":
            last, told = await next_event(stream)
        assert last != first
        assert told["payable"] == "CN¥128.00"
        assert told["back"].startswith(SUCCESS + "&checkout_result=")
        assert await stream.content.read() in {b"\n", b""}
    status, page, _ = await look(town, session)
    assert (status, '<h2 data-part="headline">Paid</h2>' in page) == (200, True)
    [signed] = parse_qs(urlsplit(told["back"]).query)["checkout_result"]
    assert signed.count(".") == 2


async def test_any_replica_goes_on_where_another_stopped(town: Town) -> None:
    shop, payer = await a_web_shop(town), await town.payer(20_000)
    session = await shop.opened()
    async with listened(town, session) as stream:
        seen, _ = await next_event(stream)
    free = {Listener.PUBLIC: Address("127.0.0.1", 0)}
    async with app.build(town.settings) as other, listening(other.door, free, stop_within_s=5.0) as bound:
        at = f"http://127.0.0.1:{bound[Listener.PUBLIC].port}"
        headers = {"Last-Event-ID": seen}
        async with listened(town, session, at=at, **headers) as stream:
            await pay(town, shop, session, payer)
            # The first event is news: what the reader had is not told again.
            _, told = await next_event(stream)
            assert told["phase"] != "waiting"
            while told["phase"] != "paid":
                _, told = await next_event(stream)


async def test_one_orders_pages_have_so_many_seats_and_tills_keep_theirs(town: Town) -> None:
    shop = await a_web_shop(town)
    session, other = await shop.opened(), await shop.opened()
    url = town.public + path_of(session) + "/events"
    streams = [await town.http.get(url) for _ in range(10)]
    try:
        async with town.http.get(url) as refused:
            assert (refused.status, (await refused.json())["code"]) == (429, "too_many_waits")
        async with listened(town, other) as stream:
            assert (await next_event(stream))[1]["phase"] == "waiting"
        waited = await shop.server.get(f"/v1/payments/{session['payment_id']}?wait_s=0")
        assert waited.status == 200
    finally:
        for stream in streams:
            stream.close()


async def test_one_order_is_not_looked_at_without_end_and_others_are_looked_at_meanwhile(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False, RATE_LIMITS="checkout=1/3") as town:
        shop = await a_web_shop(town)
        session, other = await shop.opened(), await shop.opened()
        assert [(await look(town, session))[0] for _ in range(4)] == [200, 200, 200, 429]
        async with town.http.get(town.public + path_of(session) + "/events") as refused:
            assert refused.status == 429
        assert (await look(town, other))[0] == 200


async def test_a_declined_customer_presses_once_more_without_scripts(town: Town) -> None:
    shop, poor, rich = await a_web_shop(town), await town.payer(1), await town.payer(20_000)
    session = await shop.opened()
    _, page, _ = await look(town, session)
    assert re.search(r'<noscript><meta http-equiv="refresh" content="10">', page)
    assert "hidden>" in re.search(r'<form class="again".*?>', page).group()  # type: ignore[union-attr]
    await pay(town, shop, session, poor)
    await shop.ended(await shop.read(session))
    _, page, _ = await look(town, session)
    form = re.search(r'<form class="again"[^>]*action="([^"]+)">', page)
    assert form is not None, "the form is there to be seen"
    async with town.http.post(town.public + form[1], allow_redirects=False) as pressed:
        assert (pressed.status, pressed.headers["Location"]) == (303, path_of(session))
    async with town.http.post(town.public + form[1], headers=ENGLISH) as twice:
        assert (twice.status, "Nothing to retry" in await twice.text()) == (409, True)
    await pay(town, shop, session, rich)
    await shop.ended(await shop.read(session))
    _, page, _ = await look(town, session)
    assert re.search(
        r'http-equiv="refresh" content="4;url=http://127.0.0.1:3000/thanks[^"]*checkout_result=', page
    )


async def test_a_page_of_the_first_attempt_is_sent_to_the_second(town: Town) -> None:
    shop, poor = await a_web_shop(town), await town.payer(1)
    session = await shop.opened()
    await pay(town, shop, session, poor)
    await shop.ended(await shop.read(session))
    async with listened(town, session) as stream:
        _, told = await next_event(stream)
        assert (told["phase"], told["attempt"], told["again"]) == ("declined", 1, True)
        await town.http.post(f"{town.public}{path_of(session)}/retry", allow_redirects=False)
        _, told = await next_event(stream)
        assert (told["phase"], told["attempt"]) == ("waiting", 2)


async def test_nobody_is_told_of_an_end_that_is_not_there_yet(town: Town) -> None:
    shop = await a_web_shop(town)
    session = await shop.opened()
    await time_is_up(town, session)
    ended = await shop.ended(session)
    assert ended["state"] == "expired"
    _, page, _ = await look(town, session)
    assert "This order is closed" in page
    assert 'data-phase="expired"' in page


async def test_a_payment_given_back_since_is_not_called_paid(town: Town) -> None:
    shop = await a_web_shop(town)
    session = await shop.opened()
    await pay(town, shop, session, await town.payer(20_000))
    await shop.server.post(f"/v1/payments/{session['payment_id']}/cancel", {"wait_s": 20})
    _, page, _ = await look(town, session)
    assert 'data-phase="returned"' in page
    assert "checkout_result" not in page


@pytest.mark.parametrize(
    ("language", "said"), [("zh-CN,zh;q=0.9", "用钱包付款"), ("en", "Pay with your wallet")]
)
async def test_a_page_speaks_its_readers_language(town: Town, language: str, said: str) -> None:
    shop = await a_web_shop(town)
    session = await shop.opened()
    _, page, headers = await look(town, session, **{"Accept-Language": language})
    assert said in page
    assert headers["Content-Language"] == language[:5].rstrip(",")


async def test_shops_load_one_small_script_from_an_address_that_stays(town: Town) -> None:
    async with town.http.get(f"{town.public}/checkout.js") as answer:
        script = await answer.text()
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.content_type == "text/javascript"
    code = [line for line in script.splitlines() if line.strip() and not line.strip().startswith("//")]
    assert len(code) <= 20


async def test_a_wallet_with_a_scheme_of_its_own_is_opened_by_it_with_the_orders_code(
    database_url: str, core_database_url: str
) -> None:
    app_link = "wallet://pay?code="
    async with a_town(database_url, core_database_url, works=False, WALLET_APP_LINK=app_link) as town:
        shop = await a_web_shop(town)
        session = await shop.opened()
        _, page, _ = await look(town, session)
        [link] = re.findall(r'class="button wallet" href="([^"]+)"', page)
        payment = (await shop.server.get(f"/v1/payments/{session['payment_id']}")).body
        assert unescape(link) == app_link + quote(payment["next_action"]["qr_payload"], safe="")
