"""One address and its connections: requests go out, answers come back decoded, and what is safe is repeated."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp
import msgspec
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from gateway.client.access import Access
from gateway.client.errors import AnswerLost, ProblemAnswered, UnexpectedAnswer, Unreachable
from gateway.wire.problem import Problem

T = TypeVar("T")

JSON: Final = "application/json"
# The gateway promises that nothing was done, so anything may be sent again.
_NOTHING_HAPPENED: Final = frozenset({"nothing_happened", "not_ready", "rate_limited", "waiting_room_full"})
_NONCE_NEEDED: Final = "dpop_nonce_needed"
_OUTCOME_UNKNOWN: Final = "outcome_unknown"
# What a call may take beyond the wait it asked for: connecting, and a gateway under load.
_MARGIN_S: Final = 15.0
_REDIRECT: Final = 300
_SERVER_ERROR: Final = 500
_BACKOFF: Final = wait_random_exponential(multiplier=0.1, max=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call.

    Attributes:
        idempotency_key: names the deed; with it the request may be repeated whatever happened to the answer.
        harmless: changes nothing, or the same however often it arrives.
        wait_s: how long the gateway was asked to wait before it answers.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = JSON
    idempotency_key: str | None = None
    harmless: bool = False
    wait_s: float = 0.0

    @property
    def repeatable(self) -> bool:
        return self.harmless or self.idempotency_key is not None

    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json, application/problem+json;q=0.9, */*;q=0.1"}
        if self.body is not None:
            headers["Content-Type"] = self.content_type
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers


class Gateway:
    """A gateway at `url`, to be used with `async with`; any number of users share its connections.

    Args:
        url: the public listener, or for an `Operator` the operators' listener.
        issuer: what the gateway calls itself in tokens; its public address, so needed where `url` is another one.
        retry_for_s: how long a repeatable call is repeated before it fails.
    """

    def __init__(self, url: str, *, issuer: str | None = None, retry_for_s: float = 20.0) -> None:
        self.url = url.rstrip("/")
        self.issuer = issuer or self.url
        self._retry_for_s = retry_for_s
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._http is not None
        await self._http.close()

    async def send(self, request: Request, *, access: Access | None = None) -> bytes:
        """The body of a success.

        Repeated, with the same idempotency key, are: a connection that was refused and a 503 that promises that
        nothing happened, for every call; an answer that was lost, for calls that are `repeatable`. A gateway that
        says how long to wait is not asked before, and not at all where that is longer than calls are repeated.

        Raises:
            ProblemAnswered: the gateway refuses.
            Unreachable: nothing was sent.
            AnswerLost: it may have been carried out.
            UnexpectedAnswer: this is not our gateway.
        """
        doubtful = False

        def goes_again(error: BaseException) -> bool:
            nonlocal doubtful
            doubtful = doubtful or isinstance(error, AnswerLost)
            return _nothing_happened(error) or (request.repeatable and isinstance(error, AnswerLost))

        attempts = AsyncRetrying(
            retry=retry_if_exception(goes_again),
            wait=_wait_s,
            stop=stop_before_delay(self._retry_for_s),
            reraise=True,
        )
        try:
            return await attempts(self._once, request, access or Access())
        except (Unreachable, ProblemAnswered) as error:
            # That nothing happened this time says nothing of the time before.
            if doubtful and _nothing_happened(error):
                raise AnswerLost(request.idempotency_key) from error
            raise

    async def _once(self, request: Request, access: Access) -> bytes:
        """One attempt; a proof that lacks the gateway's nonce is made again with it, at once."""
        try:
            return await self._sent(request, access)
        except ProblemAnswered as problem:
            if problem.code != _NONCE_NEEDED or access.nonce is None:
                raise
        return await self._sent(request, access)

    async def _sent(self, request: Request, access: Access) -> bytes:
        assert self._http is not None, "a gateway is used inside `async with`"
        try:
            async with self._http.request(
                request.method,
                self.url + request.path,
                params=request.query,
                data=request.body,
                headers=request.headers() | access.headers(request.method, self.issuer + request.path),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.wait_s + _MARGIN_S),
            ) as response:
                body = await response.read()
                access.nonce = response.headers.get("DPoP-Nonce", access.nonce)
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(str(error)) from error
        except aiohttp.InvalidURL as error:
            raise Unreachable(f"{self.url!r} is no address that begins with http:// or https://") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AnswerLost(request.idempotency_key) from error
        if response.status < _REDIRECT:
            return body
        raise _failure(request, response.status, body)


def decoded(body: bytes, kind: type[T]) -> T:
    """An answer as its struct.

    Raises:
        UnexpectedAnswer: it is something else.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnexpectedAnswer(str(error)) from error


def _failure(request: Request, status: int, body: bytes) -> Exception:
    """What a status other than 2xx means; a proxy's own page says nothing about what the gateway did."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
        facts: dict[str, Any] = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        if status >= _SERVER_ERROR:
            return AnswerLost(request.idempotency_key)
        return UnexpectedAnswer(f"{status} without a problem")
    if problem.code == _OUTCOME_UNKNOWN:
        return AnswerLost(request.idempotency_key)
    return ProblemAnswered(
        problem, {name: value for name, value in facts.items() if name not in Problem.__struct_fields__}
    )


def _wait_s(state: RetryCallState) -> float:
    """What the gateway asks for, and a little more, so that not all it sent away are back in one moment."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.facts.get("retry_after_s") if isinstance(error, ProblemAnswered) else None
    return _BACKOFF(state) + (asked if isinstance(asked, int | float) else 0.0)


def _nothing_happened(error: BaseException) -> bool:
    match error:
        case Unreachable():
            return True
        case ProblemAnswered(code=code):
            return code in _NOTHING_HAPPENED
        case _:
            return False
