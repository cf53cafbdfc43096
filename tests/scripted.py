"""A gateway that answers what the test tells it to, on a real socket: for the client's bad days."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """The request arrives and the connection ends without a word."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: str


Answering = Callable[[Asked], Reply | Lost]


@dataclass(slots=True)
class ScriptedGateway:
    """Says `script`, one line a request, the last line for ever; tokens are granted on the side."""

    script: list[Reply | Lost]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    assertions: list[str] = field(default_factory=list)
    lost_tokens: int = 0
    token_life_s: int = 600

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth/token":
            return await self._grant(request)
        query = tuple(request.query.items())
        self.asked.append(
            Asked(request.method, request.path, query, dict(request.headers), await request.text())
        )
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return _said(request, said)

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.assertions.append(str(form["client_assertion"]))
        if self.lost_tokens:
            self.lost_tokens -= 1
            return _said(request, Lost())
        token = f"token-{len(self.assertions)}"
        return web.json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": self.token_life_s, "scope": "pay"}
        )


def problem(status: int, code: str, **facts: Any) -> Reply:
    """What a real gateway answers when it refuses."""
    body = {"type": f"/problems#{code}", "title": code, "status": status, "code": code, "detail": "Words."}
    return Reply(status, {**body, "request_id": "req-1", "errors": [], **facts})


def _said(request: web.Request, said: Reply | Lost) -> web.StreamResponse:
    if isinstance(said, Lost):
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if isinstance(said.body, str):
        return web.Response(status=said.status, text=said.body, content_type="text/html")
    return web.json_response(said.body, status=said.status)


@asynccontextmanager
async def scripted(*script: Reply | Lost) -> AsyncIterator[ScriptedGateway]:
    gateway = ScriptedGateway(list(script))
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", gateway.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield gateway
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """An address served with bare bytes, and left when whoever was being served has been."""
    serving: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*serving, return_exceptions=True)


@asynccontextmanager
async def vanishing(*, after: int) -> AsyncIterator[str]:
    """An address that loses `after` requests and then refuses connections, as a process does that was killed."""
    server: asyncio.Server
    lost = 0

    async def lose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lost
        await reader.readuntil(b"\r\n\r\n")
        lost += 1
        if lost == after:
            server.close()
        writer.transport.abort()

    server = await asyncio.start_server(lose, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
