"""A user who has signed in, and stays so: the token is fetched with `private_key_jwt` and renewed in time."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from gateway.client.access import Access
from gateway.client.errors import AnswerLost, ProblemAnswered
from gateway.client.keys import SigningKey
from gateway.client.transport import Gateway, Request, decoded
from gateway.wire.oauth import Token
from gateway.wire.page import Page

T = TypeVar("T")

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# The gateway takes 60 at most; half of it leaves room for clocks that differ.
_ASSERTION_LIFE_S: Final = 30
# A token is renewed this long before its end, so that none expires on its way.
_RENEW_BEFORE_S: Final = 60.0
_TOKEN_ATTEMPTS: Final = 3
_UNAUTHORIZED: Final = 401
_KEY_REFUSED: Final = "assertion_not_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who a client is: the id that the gateway gave it, and its own key.

    Attributes:
        bearer: take tokens that work without a proof of possession, which a gateway may refuse to give.
        key_now: reads the key again, where another process may have replaced it; asked once the gateway refuses `key`.
    """

    client_id: str
    key: SigningKey
    bearer: bool = False
    key_now: Callable[[], SigningKey] | None = None

    def assertion(self, audience: str) -> str:
        """Proof of being this client, for one token request (RFC 7523)."""
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": audience, "jti": uuid.uuid4().hex}
        return self.key.signed({**claims, "iat": now, "exp": now + _ASSERTION_LIFE_S})


class SignedIn:
    """Calls in the name of one client; what each kind of user may ask stands in a class of its own."""

    def __init__(self, gateway: Gateway, credentials: Credentials) -> None:
        self._gateway = gateway
        self._credentials = credentials
        self._access: Access | None = None
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    @property
    def client_id(self) -> str:
        return self._credentials.client_id

    async def access(self) -> Access:
        """A token that is good for another minute at least; a burst of calls fetches one."""
        async with self._renewing:
            if self._access is None or time.monotonic() >= self._renew_at:
                nonce = None if self._access is None else self._access.nonce
                token = await self._sign_in()
                bound = token.token_type == "DPoP"  # noqa: S105 (the kind of token, not one)
                key = self._credentials.key if bound else None
                self._access = Access(token=token.access_token, key=key, nonce=nonce)
                self._renew_at = time.monotonic() + max(token.expires_in - _RENEW_BEFORE_S, 0.0)
            return self._access

    async def token(self) -> str:
        """A bearer token, for a tool that cannot sign proofs; a gateway may refuse to give one."""
        return (await self._fetch_token(Access())).access_token

    async def get(self, path: str, kind: type[T], query: Struct | None = None, *, wait_s: float = 0.0) -> T:
        request = Request(method="GET", path=path, query=_query(query), harmless=True, wait_s=wait_s)
        return decoded(await self.call(request), kind)

    async def do(
        self,
        path: str,
        kind: type[T],
        body: Struct | None = None,
        *,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
    ) -> T:
        """A POST that creates or moves: one intent, one key. Give your own to survive a restart of yours."""
        request = Request(
            method="POST",
            path=path,
            body=_encoded(body),
            idempotency_key=idempotency_key or str(uuid.uuid4()),
            wait_s=wait_s,
        )
        return decoded(await self.call(request) or b"null", kind)

    async def ask(self, path: str, kind: type[T], body: Struct | None = None) -> T:
        """A POST that changes nothing."""
        request = Request(method="POST", path=path, body=_encoded(body), harmless=True)
        return decoded(await self.call(request), kind)

    async def put(self, path: str, kind: type[T], body: Struct, *, method: str = "PUT") -> T:
        """A PUT or PATCH: the same however often it arrives."""
        request = Request(method=method, path=path, body=_encoded(body), harmless=True)
        return decoded(await self.call(request), kind)

    async def pages(self, path: str, kind: type[T], query: Struct | None = None) -> AsyncIterator[T]:
        """Every item of a list, page by page, each page asked for when it is needed."""
        page_of: Any = Page[kind]  # type: ignore[valid-type] # msgspec wants the real one
        cursor: tuple[tuple[str, str], ...] = ()
        while True:
            request = Request(method="GET", path=path, query=(*_query(query), *cursor), harmless=True)
            page = decoded(await self.call(request), page_of)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = (("cursor", page.next),)

    async def call(self, request: Request) -> bytes:
        """Send with a token; one that is refused (revoked key, restarted gateway) is replaced once."""
        access = await self.access()
        try:
            return await self._send(request, access)
        except ProblemAnswered as problem:
            if problem.status != _UNAUTHORIZED:
                raise
        self._forget(access)
        return await self._send(request, await self.access())

    async def change_key(self, key: SigningKey) -> None:
        """Sign in with another key from now on; returns when the last call that leans on the old one has ended."""
        async with self._renewing:
            before, self._access = self._access, None
            self._credentials = replace(self._credentials, key=key)
        if before is not None:
            await before.unused()

    async def _send(self, request: Request, access: Access) -> bytes:
        with access.used():
            return await self._gateway.send(request, access=access)

    def sign_out(self) -> None:
        """Fetch a new token before the next call: who we are has changed."""
        self._access = None

    def _forget(self, access: Access) -> None:
        if self._access is access:
            self._access = None

    async def _sign_in(self) -> Token:
        """With the key at hand, or if that was revoked with the one that another process put in its place."""
        try:
            return await self._fetch_token(Access(key=self._proving_key))
        except ProblemAnswered as problem:
            if problem.code != _KEY_REFUSED or self._credentials.key_now is None:
                raise
            now = self._credentials.key_now()
            if now.thumbprint == self._credentials.key.thumbprint:
                raise
        self._credentials = replace(self._credentials, key=now)
        return await self._fetch_token(Access(key=self._proving_key))

    @property
    def _proving_key(self) -> SigningKey | None:
        return None if self._credentials.bearer else self._credentials.key

    @retry(retry=retry_if_exception_type(AnswerLost), stop=stop_after_attempt(_TOKEN_ATTEMPTS), reraise=True)
    async def _fetch_token(self, access: Access) -> Token:
        """An assertion works once, so a repeat signs a fresh one; a lost answer costs a token that nobody has."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._credentials.assertion(self._gateway.issuer),
        }
        request = Request(
            method="POST",
            path="/oauth/token",
            body=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        return decoded(await self._gateway.send(request, access=access), Token)


def _encoded(body: Struct | None) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def _query(query: Struct | None) -> tuple[tuple[str, str], ...]:
    """Query parameters: a list is its name several times, and what is None is left out."""
    members: dict[str, Any] = {} if query is None else msgspec.to_builtins(query)
    return tuple(
        (name, str(one))
        for name, value in members.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    )
