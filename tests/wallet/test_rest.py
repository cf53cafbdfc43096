"""The rule of certainty against servers that answer everything but a transfer."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import tenacity
from aiohttp import web

from gateway.wallet.contract import MAX_LISTING_BYTES
from gateway.wallet.core import (
    Approved,
    Declined,
    NotFound,
    NotSent,
    Outcome,
    Pending,
    Reversed,
    Tombstoned,
    Unknown,
)
from gateway.wallet.errors import IssuerNotServed, ListingFailed, WalletCoreUnavailable
from gateway.wallet.reference.server import serving
from gateway.wallet.rest import Bounds, RestCore
from gateway.wallet.routing import Cores
from tests.cores import Cast, a_signer
from tests.scripted import listening

NOW = datetime(2026, 11, 11, 3, 4, 5, tzinfo=UTC)
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def a_server(answer: Answering) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    async with serving(app) as url:
        yield url


def a_core(url: str, **facts: Any) -> RestCore:
    signer = a_signer()
    return RestCore(name="bank", url=url, signer=lambda: signer, **facts)


def told(**changes: Any) -> dict[str, Any]:
    """A well-formed answer; `id` None leaves the id out."""
    facts = {"id": "x.1", "status": "succeeded", "core_reference": "R1", "concluded_at": NOW.isoformat()}
    return {name: value for name, value in {**facts, **changes}.items() if value is not None}


def answering(status: int, body: Any) -> Answering:
    text = body if isinstance(body, str) else json.dumps(body)

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type="application/json")

    return answer


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (told(), Approved("R1", NOW)),
        (told(more="than we know"), Approved("R1", NOW)),
        (told(status="declined", reason="card_lost"), Declined("card_lost")),
        (told(status="declined"), Declined("not_told")),
        (told(status="pending"), Pending()),
        (told(status="reversed"), Reversed()),
        (told(status="tombstoned"), Tombstoned()),
    ],
)
async def test_a_well_formed_transfer_with_our_id_is_an_answer(body: Any, outcome: Outcome) -> None:
    async with a_server(answering(200, body)) as url, a_core(url) as core:
        assert await core.query("x.1") == outcome
        assert await core.reverse("x.1") == outcome


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<!doctype html><title>502 Bad Gateway</title>"),
        (200, ""),
        (200, "null"),
        (200, "[]"),
        (200, json.dumps(told())[:-5]),
        (200, told(id=None)),
        (200, told(id="x.2")),
        (200, told(id=7)),
        (200, told(status="done")),
        (200, told(core_reference=None)),
        (200, told(concluded_at="yesterday")),
        (200, told(concluded_at="2026-11-11T03:04:05")),
        (200, '{"id": "x.1", "status": "declined", "reason": "\ud800"}'),
        (201, told()),
        (302, told()),
        (400, told()),
        (404, told()),
        (409, told()),
        (500, told()),
        (404, {"code": "transfer_not_found", "status": 404, "title": "", "transfer_id": "x.2"}),
        (404, {"code": "transfer_not_found", "status": 404, "title": ""}),
        (404, {"code": "not_found", "status": 404, "title": "", "transfer_id": "x.1"}),
        (500, {"code": "transfer_not_found", "status": 404, "title": "", "transfer_id": "x.1"}),
        (200, " " * (MAX_LISTING_BYTES + 1) + json.dumps(told())),
    ],
)
async def test_anything_else_is_unknown(status: int, body: Any) -> None:
    async with a_server(answering(status, body)) as url, a_core(url) as core:
        assert isinstance(await core.query("x.1"), Unknown)
        assert isinstance(await core.reverse("x.1"), Unknown)


async def test_only_the_core_itself_can_say_that_it_never_saw_a_transfer() -> None:
    problem = {"code": "transfer_not_found", "status": 404, "title": "", "transfer_id": "x.1"}
    async with a_server(answering(404, problem)) as url, a_core(url) as core:
        assert await core.query("x.1") == NotFound()
        assert await core.reverse("x.1") == Unknown("answered 404")


async def test_a_refused_connection_is_tried_again_and_then_not_sent(cast: Cast) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with a_core(url) as core:
            assert await core.send(cast.debit()) == NotSent("the connection was refused")
            assert await core.query("x.1") == Unknown("the connection was refused")
            assert await core.reverse("x.1") == Unknown("the connection was refused")


async def test_a_core_that_comes_back_while_the_connection_is_tried_again_gets_the_transfer(
    cast: Cast,
) -> None:
    debit = cast.debit()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with a_core(f"http://127.0.0.1:{port}", bounds=Bounds(refused_attempts=50)) as core:
        sent = asyncio.create_task(core.send(debit))
        app = web.Application()
        app.router.add_post("/transfers", answering(200, told(id=debit.id)))
        async with serving(app, port=port):
            assert await sent == Approved("R1", NOW)


@pytest.mark.parametrize("abort", [True, False], ids=["reset", "silence"])
async def test_a_connection_that_ends_or_hangs_is_unknown(cast: Cast, *, abort: bool) -> None:
    ended = asyncio.Event()

    async def listen(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if abort:
            writer.transport.abort()
        await ended.wait()
        writer.close()

    async with listening(listen) as url, a_core(url, timeout_s=0.1) as core:
        assert isinstance(await core.send(cast.debit()), Unknown)
        assert isinstance(await core.query("x.1"), Unknown)
        assert isinstance(await core.reverse("x.1"), Unknown)
        ended.set()


async def test_a_name_that_does_not_resolve_is_unknown(cast: Cast) -> None:
    async with a_core("http://no-such-host.invalid") as core:
        assert isinstance(await core.send(cast.debit()), Unknown)


async def test_a_redirect_is_not_followed(cast: Cast) -> None:
    asked = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with a_server(elsewhere) as url, a_core(url) as core:
        assert await core.send(cast.debit()) == Unknown("answered 307")
    assert asked == ["/transfers"]


async def test_a_core_that_stops_answering_is_shut_out_and_let_in_again(cast: Cast) -> None:
    failing = asyncio.Event()
    failing.set()
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if failing.is_set():
            return web.Response(status=503)
        return web.json_response(told(id=(await request.json())["id"]))

    bounds = Bounds(breaker_failures=3, breaker_shut_s=0.05)
    async with a_server(answer) as url, a_core(url, bounds=bounds) as core:
        cores = Cores({"bank": core})
        for _ in range(3):
            cores.check_available("bank")
            assert await core.send(cast.debit()) == Unknown("answered 503")

        with pytest.raises(WalletCoreUnavailable):
            cores.check_available("bank")
        assert await core.send(cast.debit()) == NotSent("the core has stopped answering")
        assert asked == 3
        assert await core.query("x.1") == Unknown("answered 503"), "queries pass the breaker"

        failing.clear()
        until_approved = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_not_result(lambda outcome: isinstance(outcome, Approved)),
            wait=tenacity.wait_fixed(0.01),
            stop=tenacity.stop_after_delay(5),
        )
        await until_approved(core.send, cast.debit())
        cores.check_available("bank")


async def test_a_core_with_as_much_to_do_as_it_may_have_takes_nothing_new_but_still_tells(cast: Cast) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            arrived.set()
            await go_on.wait()
            return web.json_response(told(id=(await request.json())["id"]))
        return web.json_response(told())

    async with a_server(answer) as url, a_core(url, bounds=Bounds(sends=1, slot_timeout_s=0.01)) as core:
        cores = Cores({"bank": core})
        first = asyncio.create_task(core.send(cast.debit()))
        await arrived.wait()

        with pytest.raises(WalletCoreUnavailable):
            cores.check_available("bank")
        assert isinstance(await core.send(cast.debit()), NotSent)
        assert isinstance(await core.query("x.1"), Approved)

        go_on.set()
        assert isinstance(await first, Approved)
        cores.check_available("bank")


async def test_a_dead_core_fails_its_own_payers_and_nobody_else(cast: Cast) -> None:
    dead = a_core("http://127.0.0.1:1", bounds=Bounds(breaker_failures=1))
    alive = a_core("http://127.0.0.1:1")
    async with dead, alive:
        cores = Cores({"dead": dead, "alive": alive})
        await dead.send(cast.debit())

        with pytest.raises(WalletCoreUnavailable):
            cores.check_available("dead")
        cores.check_available("alive")
        with pytest.raises(IssuerNotServed):
            cores.check_available("nobody's")


async def test_an_unreadable_list_fails_as_a_whole() -> None:
    unreadable = answering(200, {"transfers": [told(status="done")], "next": None})
    async with a_server(unreadable) as url, a_core(url) as core:
        with pytest.raises(ListingFailed):
            await core.listing(since=NOW, until=NOW)


async def test_what_comes_after_an_answer_belongs_to_nobody_and_to_no_later_request(cast: Cast) -> None:
    """A core, or a proxy before it, that says more than one answer: the connection is not used again."""
    connections = 0

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
                sent = json.loads(await reader.readexactly(length))
                more = _answer({"code": "not_found"}, status=404)
                # All of another answer, or half of one whose rest comes when somebody asks again.
                writer.write(_answer(told(id=sent["id"])) + (more if connections == 1 else more[:40]))
                await writer.drain()
        writer.close()

    async with listening(listen) as url, a_core(url) as core:
        assert [await core.send(cast.debit()) for _ in range(4)] == [Approved("R1", NOW)] * 4
    assert connections == 4


def _answer(body: Any, *, status: int = 200) -> bytes:
    text = json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status, len(text), text,
    )  # fmt: skip
