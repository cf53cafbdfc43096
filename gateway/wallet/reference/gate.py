"""Who may call the core: a token, signed by the gateway, that covers exactly the request that arrived."""

import asyncio
import base64
import hashlib
import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jwt

from gateway.wallet.contract import AUDIENCE, TOKEN_LIFE_S, TOKEN_TYPE

# Two machines' clocks differ; more than this and the operator should look at NTP.
CLOCK_LEEWAY_S: Final = 5
# Strangers' tokens make us read the keys again at most this often.
RELOAD_PAUSE_S: Final = 1.0
FETCH_TIMEOUT_S: Final = 5.0
# A million live tokens are 30,000 requests a second, far above what one process serves.
MAX_TOKENS: Final = 1_000_000


class NotAuthenticated(Exception):
    """The token does not cover this request, has expired, was used before, or is signed by a stranger."""


class Keys:
    """The gateway's public keys: a JWK set given, or read from a file or URL whenever a key is not known yet."""

    def __init__(self, source: Mapping[str, Any] | str) -> None:
        self._source = source
        self._keys: dict[str, jwt.PyJWK] = {} if isinstance(source, str) else _by_id(source)
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, kid: str) -> jwt.PyJWK | None:
        if kid not in self._keys and isinstance(self._source, str):
            async with self._reading:
                await self._read_again(self._source)
        return self._keys.get(kid)

    async def _read_again(self, source: str) -> None:
        if time.monotonic() - self._read_at < RELOAD_PAUSE_S:
            return
        self._read_at = time.monotonic()
        try:
            self._keys = _by_id(json.loads(await asyncio.to_thread(_read, source)))
        except (OSError, ValueError):
            # The gateway is not up yet, or sent nonsense: the keys we have go on, and the caller tries again.
            return


class Gate:
    """Admits a request once. What was admitted is remembered in memory until it has expired.

    A second process would not know of the first one's tokens. That is safe here: a repeated request is the
    same transfer, which moves nothing again.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        # The encoded header is the same for every token of a key, so that it need not be parsed again.
        self._by_header: dict[str, jwt.PyJWK] = {}
        self._seen: dict[str, float] = {}

    async def admit(self, authorization: str, *, method: str, path: str, body: bytes) -> None:
        """Let the request pass, or raise.

        Args:
            authorization: the header's value.
            method: `POST` or `GET`.
            path: path and query exactly as they were sent.
            body: exactly as it was sent; empty where there is none.

        Raises:
            NotAuthenticated: and the request must have no effect.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        claims = _verified(token, await self._key_of(token))
        if (claims.get("htm"), claims.get("htu"), claims.get("content_digest")) != (
            method,
            path,
            digest(body),
        ):
            raise NotAuthenticated
        if claims["exp"] - claims["iat"] > TOKEN_LIFE_S:
            raise NotAuthenticated
        self._use_up(claims["jti"], expires_at=claims["exp"])

    async def _key_of(self, token: str) -> jwt.PyJWK:
        header = token.partition(".")[0]
        key = self._by_header.get(header)
        if key is None:
            key = await self._key_by_parsing(token)
            self._by_header[header] = key
        return key

    async def _key_by_parsing(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise NotAuthenticated from error
        key = await self._keys.find(str(header.get("kid")))
        if key is None or header.get("typ") != TOKEN_TYPE or set(header) != {"alg", "typ", "kid"}:
            raise NotAuthenticated
        return key

    def _use_up(self, jti: str, *, expires_at: float) -> None:
        if jti in self._seen or len(self._seen) >= MAX_TOKENS:
            raise NotAuthenticated
        self._seen[jti] = expires_at
        self._forget_expired()

    def _forget_expired(self) -> None:
        """The oldest come first; two a call, so that the memory shrinks faster than it grows."""
        now = time.time() - CLOCK_LEEWAY_S
        for jti in [jti for jti, _ in zip(self._seen, range(2), strict=False)]:
            if self._seen[jti] < now:
                del self._seen[jti]


def digest(body: bytes) -> str:
    """The value of the field `Content-Digest` (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _verified(token: str, key: jwt.PyJWK) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key.key,
            algorithms=["EdDSA"],
            audience=AUDIENCE,
            leeway=CLOCK_LEEWAY_S,
            options={"require": ["iss", "aud", "iat", "exp", "jti"]},
        )
    except jwt.InvalidTokenError as error:
        raise NotAuthenticated from error


def _by_id(jwks: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    keys = jwt.PyJWKSet.from_dict(dict(jwks)).keys
    return {key.key_id: key for key in keys if key.key_id is not None and key.key_type == "OKP"}


def _read(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    with urllib.request.urlopen(source, timeout=FETCH_TIMEOUT_S) as answer:  # noqa: S310 - the scheme is checked above
        return bytes(answer.read(1024 * 1024))
