"""One attempt: posts a body to an endpoint and names what happened, within one deadline for everything."""

import asyncio
import enum
import errno
import functools
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from msgspec import Struct

from webhooks.address_guard import AddressPolicy, AddressRefusedError, GuardedResolver, Resolve, check_url
from webhooks.errors import UrlRefused
from webhooks.look_ups import TENANT
from webhooks.retry import retry_after_s

DEADLINE_S: Final = 10.0  # name, connection, TLS, headers and body together
READ_BYTES_MAX: Final = 65_536  # an answer's status is what counts; a longer body is not read to its end
KEPT_BYTES: Final = 4_096  # of an answer's body, for the partner to look at
_CHUNK_BYTES: Final = 16_384
# Of an answer as it comes in, with what we read ahead; what is all envelope and no end would keep us busy otherwise.
_CAME_BYTES_MAX: Final = 1_048_576
_URLS_KEPT: Final = 4_096  # that were found good; each is 2 kB at most
_NAMES_KEPT_S: Final = 10  # the checked addresses of a name, so that a burst is one look-up
_CONNECTION_KEPT_S: Final = 15.0
_HEADERS: Final = {
    "content-type": "application/json",
    "user-agent": "merchant-gateway-webhooks/1",
    # We read statuses, not documents: nobody may make us unpack one.
    "accept-encoding": "identity",
}


# This machine has no more files, ports or memory: no failure of the partner's.
_OURS: Final = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM}


class Reason(enum.StrEnum):
    """How an attempt ended: stable codes in the delivery log."""

    DELIVERED = "delivered"
    DELIVERED_BODY_CUT = "delivered_body_cut"
    DELIVERED_BODY_ENCODED = "delivered_body_encoded"
    GONE = "gone"
    THROTTLED = "throttled"
    REDIRECT_REFUSED = "redirect_refused"
    STATUS_4XX = "status_4xx"
    STATUS_5XX = "status_5xx"
    STATUS_UNKNOWN = "status_unknown"
    URL_REFUSED = "url_refused"
    ADDRESS_REFUSED = "address_refused"
    DNS_FAILED = "dns_failed"
    DNS_TIMED_OUT = "dns_timed_out"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_FAILED = "connection_failed"
    CONNECTION_TIMED_OUT = "connection_timed_out"
    CERTIFICATE_REFUSED = "certificate_refused"
    TLS_FAILED = "tls_failed"
    CONNECTION_RESET = "connection_reset"
    HEADERS_TIMED_OUT = "headers_timed_out"
    HEADERS_UNFINISHED = "headers_unfinished"
    RESPONSE_MALFORMED = "response_malformed"
    BODY_TIMED_OUT = "body_timed_out"
    BODY_CUT_SHORT = "body_cut_short"
    PROXY_REFUSED = "proxy_refused"
    INTERNAL_ERROR = "internal_error"

    @property
    def delivered(self) -> bool:
        return self in _DELIVERED


_DELIVERED: Final = {Reason.DELIVERED, Reason.DELIVERED_BODY_CUT, Reason.DELIVERED_BODY_ENCODED}


class Attempt(Struct, frozen=True, kw_only=True):
    """What one request brought; `response` is the beginning of the body as received."""

    started_at: datetime
    duration_ms: int
    reason: Reason
    status: int | None = None
    response: bytes = b""
    retry_after_s: float | None = None


@dataclass(slots=True)
class _Progress:
    """How far a request has come, so that running out of time can say where."""

    out_of_time: Reason = Reason.CONNECTION_TIMED_OUT
    answer: "_Answer | None" = None
    reused: bool = False
    status: int | None = None
    response: bytes = b""
    retry_after_s: float | None = None


_PROGRESS: Final[ContextVar[_Progress]] = ContextVar("progress")


class _Answer(ResponseHandler):
    """Reads answers of one connection, and hangs up on one that goes on and on.

    Interim answers without end, or chunks that are all extension, never become a body whose size could be bounded.
    """

    came_bytes = 0

    def data_received(self, data: bytes) -> None:
        self.came_bytes += len(data)
        if self.came_bytes <= _CAME_BYTES_MAX:
            super().data_received(data)
        elif self.transport is not None:
            self.set_exception(aiohttp.ClientPayloadError("too long"))
            self.transport.abort()


class _Connector(aiohttp.TCPConnector):
    """Tells the request that asks for a connection how far it has come, at a tenth of what tracing costs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = functools.partial(_Answer, loop=self._loop)  # type: ignore[assignment]  # one of its kind

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> Connection:
        progress = _PROGRESS.get()
        progress.out_of_time, progress.reused = Reason.CONNECTION_TIMED_OUT, True
        connection = await super().connect(req, traces, timeout)
        progress.out_of_time = Reason.HEADERS_TIMED_OUT
        assert isinstance(connection.protocol, _Answer)
        progress.answer, connection.protocol.came_bytes = connection.protocol, 0
        return connection

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> ResponseHandler:
        _PROGRESS.get().reused = False
        return await super()._create_connection(req, traces, timeout)


class Sender:
    """The one HTTP client of all deliveries; make it inside a running loop and close it.

    Args:
        policy: what addresses are let through.
        proxy: the bank's egress proxy. The address policy is then the proxy's: we no longer see the addresses.
        resolve: another way to look names up.
        tls: another set of trusted roots.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        deadline_s: float = DEADLINE_S,
        proxy: str | None = None,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._deadline_s, self._proxy = deadline_s, proxy
        self._resolver = None if proxy else GuardedResolver(policy, resolve)
        # It looks at nothing but the text, and a tenth of a delivery's time went there.
        self._checked = functools.lru_cache(_URLS_KEPT)(functools.partial(check_url, policy=policy))
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                resolver=self._resolver,
                ssl=tls or True,
                limit=0,  # claims bound what is under way, for each endpoint and for all
                ttl_dns_cache=_NAMES_KEPT_S,
                keepalive_timeout=_CONNECTION_KEPT_S,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            trust_env=False,
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str], *, tenant: str = "") -> Attempt:
        """Post once, for a tenant; whatever the other side does is an `Attempt`, never an exception."""
        started_at, started = datetime.now(UTC), time.monotonic()
        progress = _Progress()
        _PROGRESS.set(progress)
        TENANT.set(tenant)
        try:
            async with asyncio.timeout(self._deadline_s):
                reason = await self._post(url, body, headers, progress)
        except TimeoutError:
            reason = self._out_of_time(url, progress)
        except UrlRefused:
            reason = Reason.URL_REFUSED
        except aiohttp.ClientError as error:
            reason = _reason_of(error, progress)
        return Attempt(
            started_at=started_at,
            duration_ms=round((time.monotonic() - started) * 1000),
            reason=reason,
            status=progress.status,
            response=progress.response,
            retry_after_s=progress.retry_after_s,
        )

    def _out_of_time(self, url: str, progress: _Progress) -> Reason:
        """Connecting begins with the name, which connections to the same host look up together."""
        if progress.out_of_time is Reason.CONNECTION_TIMED_OUT and self._resolver is not None:
            host = self._checked(url).raw_host
            return Reason.DNS_TIMED_OUT if host in self._resolver.looking_up else progress.out_of_time
        if progress.out_of_time is Reason.HEADERS_TIMED_OUT and progress.answer is not None:
            return Reason.HEADERS_UNFINISHED if progress.answer.came_bytes else progress.out_of_time
        return progress.out_of_time

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], progress: _Progress) -> Reason:
        """Post, and once more where a kept connection had been closed under us: not the receiver's failure."""
        try:
            return await self._post_once(url, body, headers, progress)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not progress.reused or progress.status is not None:
                raise
        return await self._post_once(url, body, headers, progress)

    async def _post_once(
        self, url: str, body: bytes, headers: Mapping[str, str], progress: _Progress
    ) -> Reason:
        async with self._session.post(
            self._checked(url),
            data=body,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy,
        ) as response:
            progress.out_of_time = Reason.BODY_TIMED_OUT
            progress.status = response.status
            progress.retry_after_s = retry_after_s(response.headers.get("retry-after"), now=datetime.now(UTC))
            whole = await _read(response, progress)
            if not whole:
                response.close()
            return _reason_of_answer(response, whole=whole)


async def _read(response: aiohttp.ClientResponse, progress: _Progress) -> bool:
    """Read the body as it comes and keep its beginning; False where there was more than we read."""
    read_bytes = 0
    while chunk := await response.content.read(_CHUNK_BYTES):
        progress.response += chunk[: KEPT_BYTES - len(progress.response)]
        read_bytes += len(chunk)
        if read_bytes > READ_BYTES_MAX:
            return False
    return True


def _reason_of_answer(response: aiohttp.ClientResponse, *, whole: bool) -> Reason:
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004  # the classes of RFC 9110, 15
        if not whole:
            return Reason.DELIVERED_BODY_CUT
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        return Reason.DELIVERED_BODY_ENCODED if encoded else Reason.DELIVERED
    if status == 410:  # noqa: PLR2004  # Gone
        return Reason.GONE
    if status == 429 or (status == 503 and "retry-after" in response.headers):  # noqa: PLR2004  # RFC 6585, 9110
        return Reason.THROTTLED
    by_class = {3: Reason.REDIRECT_REFUSED, 4: Reason.STATUS_4XX, 5: Reason.STATUS_5XX}
    return by_class.get(status // 100, Reason.STATUS_UNKNOWN)


def _reason_of(error: aiohttp.ClientError, progress: _Progress) -> Reason:
    if progress.status is not None:
        return Reason.BODY_CUT_SHORT
    match error:
        case aiohttp.ClientHttpProxyError() | aiohttp.ClientProxyConnectionError():
            return _reason_of_proxy(error)
        case aiohttp.InvalidURL():
            return Reason.URL_REFUSED
        case aiohttp.ClientConnectorDNSError():
            refused = isinstance(error.os_error, AddressRefusedError)
            return Reason.ADDRESS_REFUSED if refused else Reason.DNS_FAILED
        case aiohttp.ClientConnectorCertificateError():
            return Reason.CERTIFICATE_REFUSED
        case aiohttp.ClientSSLError():
            return Reason.TLS_FAILED
        case aiohttp.ClientConnectorError() if error.os_error.errno in _OURS:
            return Reason.INTERNAL_ERROR
        case aiohttp.ClientConnectorError():
            refused = isinstance(error.os_error, ConnectionRefusedError)
            return Reason.CONNECTION_REFUSED if refused else Reason.CONNECTION_FAILED
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Reason.CONNECTION_RESET
        case _:
            return Reason.RESPONSE_MALFORMED


def _reason_of_proxy(error: aiohttp.ClientError) -> Reason:
    """The bank's own proxy: where it is not there, or does not know us, that is no failure of the partner's."""
    status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
    return Reason.INTERNAL_ERROR if status in {None, 407} else Reason.PROXY_REFUSED
