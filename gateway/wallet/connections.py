"""Connections to one core: HTTP/1.1 as plainly as it can be spoken, for one short request and its answer at a time.

aiohttp's client does far more than that (redirects, cookies, decompression, forms, tracing) and took as long for a
payment's one request as everything else the gateway does for it. The grammar stays a library's, llhttp by httptools.
"""

import asyncio
import time
from collections import deque
from ssl import SSLContext
from typing import Final

import httptools

# Shorter than any server keeps an idle connection, so that we do not write on one that is being closed.
KEEPALIVE_TIMEOUT_S: Final = 15.0
# Idle connections kept; more than are ever used at once would only be closed by the other side.
MAX_IDLE: Final = 128
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})
# Statuses below it are interim.
_FINAL: Final = 200
# Far more than a core has to say about itself.
MAX_HEAD_BYTES: Final = 64 * 1024


class NoAnswer(Exception):
    """Something was sent, or may have been, and what came back is no answer."""


class Connection(asyncio.Protocol):
    """One request at a time; an answer that is not over within its bounds is none."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        # Chunks have heads of their own.
        self._max_bytes = 2 * max_body_bytes + MAX_HEAD_BYTES
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None
        self._body = bytearray()
        self._arrived = 0
        self._has_length = False
        self._until_closed = False
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether another request may go over it."""
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send, and the status and body that come back.

        Raises:
            NoAnswer: the connection ended before the answer did, or what came is no HTTP.
        """
        assert self._transport is not None, "connected before use"
        self._parser = httptools.HttpResponseParser(self)
        self._answered = asyncio.get_running_loop().create_future()
        self._body, self._arrived, self._until_closed = bytearray(), 0, False
        self._has_length = False
        self._transport.write(request)
        try:
            return await self._answered
        finally:
            self._answered = None

    def close(self) -> None:
        """What may still come has nobody to go to."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # uvloop's transports are none by class

    def data_received(self, data: bytes) -> None:
        if self._answered is None or self._parser is None or self._answered.done():
            self.close()  # nobody asked
            return
        self._arrived += len(data)
        if self._arrived > self._max_bytes:
            self._fail("the answer is too long")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"no answer: {type(error).__name__}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._until_closed and exc is None:
            self.on_message_complete()
        self._fail(
            "no answer: the connection was closed" if exc is None else f"no answer: {type(exc).__name__}"
        )

    def on_header(self, name: bytes, _value: bytes) -> None:
        """Only whether the answer says how long it is; the rest is the parser's business."""
        self._has_length |= name.lower() in _LENGTHS

    def on_headers_complete(self) -> None:
        """A body without a length ends with the connection."""
        self._until_closed = not self._has_length

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > self._max_body_bytes:
            self._fail("the answer is too long")

    def on_message_complete(self) -> None:
        """An interim answer (1xx) is only announced; the answer follows."""
        parser = self._parser
        assert parser is not None, "it called us"
        if parser.get_status_code() < _FINAL:
            return
        self._until_closed = False
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((parser.get_status_code(), bytes(self._body)))
        if not parser.should_keep_alive():
            self.close()

    def on_message_begin(self) -> None:
        """Whoever says more than was asked cannot be trusted to answer the next request with its own answer."""
        if self._answered is not None and self._answered.done():
            self.close()

    def _fail(self, why: str) -> None:
        self.close()
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(NoAnswer(why))


class Connections:
    """Those to one place, kept open between requests.

    Args:
        host, port: where.
        ssl: None for plain TCP.
        connect_timeout_s: for the connection alone.
        max_body_bytes: what an answer may have.
    """

    def __init__(
        self, host: str, port: int, *, ssl: SSLContext | None, connect_timeout_s: float, max_body_bytes: int
    ) -> None:
        self._host = host
        self._port = port
        self._ssl = ssl
        self._connect_timeout_s = connect_timeout_s
        self._max_body_bytes = max_body_bytes
        self._idle: deque[Connection] = deque()

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """One request over a connection that is free, or a new one.

        Raises:
            NoAnswer: what was sent may have arrived.
            OSError, TimeoutError: there is no connection; nothing was sent.
        """
        connection = self._take() or await self._open()
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.close()  # whatever it still says belongs to nobody
            raise
        self._keep(connection)
        return answer

    def close(self) -> None:
        """Close what is idle; what is under way closes with its request."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection | None:
        """The one used last, which the other side is least likely to close just now."""
        since = time.monotonic() - KEEPALIVE_TIMEOUT_S
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since > since:
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        if not connection.is_open:
            return
        if len(self._idle) >= MAX_IDLE:
            self._idle.popleft().close()
        connection.idle_since = time.monotonic()
        self._idle.append(connection)

    async def _open(self) -> Connection:
        async with asyncio.timeout(self._connect_timeout_s):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self._max_body_bytes), self._host, self._port, ssl=self._ssl
            )
        return connection
