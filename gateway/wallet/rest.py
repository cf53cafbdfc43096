"""A wallet core over HTTP, as contract.yaml has it.

An answer is a well-formed transfer with our id and a known status. Anything else is `Unknown`: a time-out, a
reset, any 4xx or 5xx, a proxy's HTML. Only a refused connection is `NotSent`, and only that is tried again
here, because nothing can have been said on it. Whatever is unclear, gateway/transfers asks about later.
"""

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from ssl import SSLContext, create_default_context
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

import tenacity

from gateway.wallet.answers import (
    NO_CONNECTION,
    REFUSED,
    NoListing,
    message_of,
    outcome_of,
    page_of,
    says_not_found,
)
from gateway.wallet.breaker import Breaker
from gateway.wallet.connections import Connections, NoAnswer
from gateway.wallet.contract import MAX_LISTING_BYTES
from gateway.wallet.core import (
    Beneficiary,
    NotFound,
    NotSent,
    Page,
    QueryOutcome,
    ReverseOutcome,
    SendOutcome,
    Transfer,
    Unknown,
)
from gateway.wallet.errors import ListingFailed
from gateway.wallet.token import authorization
from merchants.keyring import Signer

HTTP_NOT_FOUND: Final = 404
# Within the ten seconds that a till waits by default, so that its answer still tells what we know.
TIMEOUT_S: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is asked of one core at once, and how patiently.

    Attributes:
        connect_timeout_s: for the connection alone.
        sends: under way at once.
        slot_timeout_s: whoever finds all of them taken for so long is not sent.
        asks: queries and reversals under way at once, a bound of their own: a core busy with debits must still
            settle doubt.
        refused_attempts: how often a connection on which nobody listened is tried again.
        breaker_failures: sends without an answer, in a row, that shut the core out.
        breaker_shut_s: for so long, and then one trial as often.
    """

    connect_timeout_s: float = 2.0
    sends: int = 64
    slot_timeout_s: float = 1.0
    asks: int = 16
    refused_attempts: int = 3
    breaker_failures: int = 20
    breaker_shut_s: float = 5.0


class _Refused(Exception):
    """Nobody listens there: nothing was sent."""


class RestCore:
    """A core over HTTP. Enter it (`async with`) before use; it holds the connections.

    Args:
        name: for logs and errors.
        url: base of the contract's paths.
        signer: gives our newest key for the core, asked at each request so that keys rotate.
        timeout_s: how long one call may take, all in all.
        bounds: how much is asked at once.
        ssl: for mTLS, which a bank's core wants in production.
        beneficiary_of: finds the account that a transfer's `beneficiary` refers to, so that no instruction holds it.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        signer: Callable[[], Signer],
        timeout_s: float = TIMEOUT_S,
        bounds: Bounds | None = None,
        ssl: SSLContext | None = None,
        beneficiary_of: Callable[[str], Awaitable[Beneficiary | None]] | None = None,
    ) -> None:
        self.name = name
        self._place = urlsplit(url)
        self._base_path = self._place.path.rstrip("/")
        self._signer = signer
        self._timeout_s = timeout_s
        self._bounds = bounds or Bounds()
        self._ssl = ssl
        self._beneficiary_of = beneficiary_of
        self._breaker = Breaker(failures=self._bounds.breaker_failures, shut_s=self._bounds.breaker_shut_s)
        self._sends = asyncio.Semaphore(self._bounds.sends)
        self._asks = asyncio.Semaphore(self._bounds.asks)
        self._connections: Connections | None = None

    async def __aenter__(self) -> Self:
        is_tls = self._place.scheme == "https"
        assert self._place.hostname is not None, "a core's URL names a host"
        self._connections = Connections(
            self._place.hostname,
            self._place.port or (443 if is_tls else 80),
            ssl=(self._ssl or create_default_context()) if is_tls else None,
            connect_timeout_s=self._bounds.connect_timeout_s,
            max_body_bytes=MAX_LISTING_BYTES,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._connections is not None
        self._connections.close()

    def unavailable(self) -> str | None:
        if self._breaker.is_shut:
            return "the core has stopped answering"
        if self._sends.locked():
            return "the core has as much to do as it may have"
        return None

    async def send(self, transfer: Transfer) -> SendOutcome:
        if self._sends.locked():
            try:
                async with asyncio.timeout(self._bounds.slot_timeout_s):
                    await self._sends.acquire()
            except TimeoutError:
                return NotSent("the core has as much to do as it may have")
        else:
            await self._sends.acquire()
        try:
            if not self._breaker.lets_through():
                return NotSent("the core has stopped answering")
            outcome = await self._sent(transfer)
        finally:
            self._sends.release()
        if isinstance(outcome, Unknown | NotSent):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return outcome

    async def query(self, transfer_id: str) -> QueryOutcome:
        try:
            async with self._asks:
                status, body = await self._exchange("GET", f"/transfers/{transfer_id}")
        except (_Refused, NoAnswer) as error:
            return Unknown(str(error))
        if status == HTTP_NOT_FOUND and says_not_found(body, transfer_id):
            return NotFound()
        return outcome_of(status, body, transfer_id)

    async def reverse(self, transfer_id: str) -> ReverseOutcome:
        try:
            async with self._asks:
                status, body = await self._exchange("POST", f"/transfers/{transfer_id}/reverse")
        except (_Refused, NoAnswer) as error:
            return Unknown(str(error))
        return outcome_of(status, body, transfer_id)

    async def listing(self, *, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        query = {"from": since.isoformat(), "to": until.isoformat()} | ({"cursor": cursor} if cursor else {})
        try:
            async with self._asks:
                status, body = await self._exchange("GET", f"/transfers?{urlencode(query)}")
            return page_of(status, body)
        except (_Refused, NoAnswer, NoListing) as error:
            raise ListingFailed(core=self.name, why=str(error)) from error

    async def _sent(self, transfer: Transfer) -> SendOutcome:
        beneficiary = None
        if transfer.beneficiary is not None:
            beneficiary = await self._beneficiary_of(transfer.beneficiary) if self._beneficiary_of else None
            if beneficiary is None:
                return NotSent("its beneficiary is not known any more")
        body = message_of(transfer, beneficiary)
        try:
            try:
                status, reply = await self._exchange("POST", "/transfers", body)
            except _Refused:
                status, reply = await self._tried_again(body)
        except _Refused as error:
            return NotSent(str(error))
        except NoAnswer as error:
            return Unknown(str(error))
        return outcome_of(status, reply, transfer.id)

    async def _tried_again(self, body: bytes) -> tuple[int, bytes]:
        """Nothing was said on a refused connection, so that alone is tried again, a few times and soon."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(_Refused),
            stop=tenacity.stop_after_attempt(self._bounds.refused_attempts),
            wait=tenacity.wait_exponential_jitter(multiplier=0.05, max=0.5, jitter=0.05),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._exchange("POST", "/transfers", body)
        raise AssertionError("the last attempt returns or raises")

    async def _exchange(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """One request and what came back; a new token each time, because each is accepted once."""
        assert self._connections is not None, "enter the core before use"
        path = self._base_path + path
        token = authorization(self._signer(), method=method, path=path, body=body, issued_at=int(time.time()))
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._place.netloc}\r\nAuthorization: {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._connections.exchange(head.encode() + body)
        except TimeoutError as error:
            raise NoAnswer("no answer in time") from error
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                raise _Refused(REFUSED) from error
            raise NoAnswer(f"{NO_CONNECTION}: {error.strerror or type(error).__name__}") from error
