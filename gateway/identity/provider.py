"""What is asked of the identity provider: where it is, its keys, and a token for a code."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode

import aiohttp
import msgspec

from gateway.identity.errors import CodeRefused, IdentityProviderUnavailable

T = TypeVar("T")

_TIMEOUT_S: Final = 5.0
_MAX_BYTES: Final = 256 * 1024
# A key that we do not know is asked for at once: only the provider itself, asked with a good code, can name one.
_CACHED_S: Final = 3_600.0


class _Discovered(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class Provider:
    """The provider at `issuer`, to whom we are `client_id`.

    Args:
        client_secret: empty for a public client, for which PKCE alone stands.
        redirect_uri: where it sends the operator's browser back to.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._http = http
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._discovered: _Discovered | None = None
        self._keys: list[dict[str, Any]] = []
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, **provider: str) -> AsyncIterator["Provider"]:
        """With connections of its own."""
        async with aiohttp.ClientSession() as http:
            yield cls(http, **provider)

    async def authorization_url(self, *, state: str, nonce: str, challenge: str) -> str:
        """Where the operator's browser goes (RFC 7636, section 4.3).

        Raises:
            IdentityProviderUnavailable
        """
        await self._ask(fresh=False)
        assert self._discovered is not None, "asking says so if it was in vain"
        asked = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self.client_id,
            "redirect_uri": self._redirect_uri,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joined = "&" if "?" in self._discovered.authorization_endpoint else "?"
        return self._discovered.authorization_endpoint + joined + urlencode(asked)

    async def exchange(self, *, code: str, verifier: str) -> str:
        """The ID token for a code.

        Raises:
            CodeRefused, IdentityProviderUnavailable
        """
        await self._ask(fresh=False)
        assert self._discovered is not None, "asking says so if it was in vain"
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
        known_by = aiohttp.encode_basic_auth(quote_plus(self.client_id), quote_plus(self._client_secret))
        headers = {"Authorization": known_by} if self._client_secret else {}
        status, body = await self._send("POST", self._discovered.token_endpoint, data=form, headers=headers)
        if status in {400, 401, 403}:
            raise CodeRefused
        return _decoded(status, body, _Tokens).id_token

    async def keys(self, kid: str | None) -> Sequence[Mapping[str, Any]]:
        """Its keys, read again when it signs with one that we do not know."""
        await self._ask(fresh=False)
        if kid is not None and kid not in {one.get("kid") for one in self._keys}:
            await self._ask(fresh=True)
        return self._keys

    async def _ask(self, *, fresh: bool) -> None:
        async with self._asking:
            age_s = time.monotonic() - self._asked_at
            if not fresh and age_s < _CACHED_S:
                return
            discovered = _decoded(
                *await self._send("GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration"),
                _Discovered,
            )
            addresses = (discovered.authorization_endpoint, discovered.token_endpoint, discovered.jwks_uri)
            # It must be who we asked, and must not send us or the operator off by plain HTTP.
            scheme = self.issuer.partition(":")[0] + ":"
            if discovered.issuer != self.issuer or not all(one.startswith(scheme) for one in addresses):
                raise IdentityProviderUnavailable
            self._keys = _decoded(*await self._send("GET", discovered.jwks_uri), _Keys).keys
            self._discovered, self._asked_at = discovered, time.monotonic()

    async def _send(self, method: str, url: str, **more: Any) -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._http.request(
                method, url, allow_redirects=False, timeout=timeout, **more
            ) as answer:
                body = b""
                async for part in answer.content.iter_any():
                    body += part
                    if len(body) > _MAX_BYTES:
                        raise IdentityProviderUnavailable
                return answer.status, body
        except (aiohttp.ClientError, TimeoutError) as error:
            raise IdentityProviderUnavailable from error


def _decoded(status: int, body: bytes, kind: type[T]) -> T:
    if status != HTTPStatus.OK:
        raise IdentityProviderUnavailable
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IdentityProviderUnavailable from error
