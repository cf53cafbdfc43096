"""Who may call the core: a token, signed by the gateway, that covers exactly the request that arrived."""

import asyncio
import base64
import binascii
import hashlib
import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jwt
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.wallet.contract import AUDIENCE, TOKEN_LIFE_S, TOKEN_TYPE, RequestClaims

# Two machines' clocks differ; more than this and the operator should look at NTP.
CLOCK_LEEWAY_S: Final = 5
# Strangers' tokens make us read the keys again at most this often.
RELOAD_PAUSE_S: Final = 1.0
FETCH_TIMEOUT_S: Final = 5.0
# A million live tokens are 30,000 requests a second, far above what one process serves.
MAX_TOKENS: Final = 1_000_000
_CLAIMS: Final = msgspec.json.Decoder(RequestClaims)


class NotAuthenticated(Exception):
    """The token does not cover this request, has expired, was used before, or is signed by a stranger."""


class Keys:
    """The gateway's public keys: a JWK set given, or read from a file or URL whenever a key is not known yet."""

    def __init__(self, source: Mapping[str, Any] | str) -> None:
        self._source = source
        self._keys: dict[str, Ed25519PublicKey] = {} if isinstance(source, str) else _by_id(source)
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, kid: str) -> Ed25519PublicKey | None:
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
        self._kids: dict[str, str] = {}
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
        header = token.partition(".")[0]
        kid = self._kids.get(header) or _kid_of(token)
        key = await self._keys.find(kid)
        if key is None:
            raise NotAuthenticated
        claims = _verified(token, key)
        # Only now: what is not signed must not fill the memory.
        self._kids[header] = kid
        if (claims.htm, claims.htu, claims.content_digest) != (method, path, digest(body)):
            raise NotAuthenticated
        if claims.aud != AUDIENCE or not _is_timely(claims):
            raise NotAuthenticated
        self._use_up(claims.jti, expires_at=claims.exp)

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


def _kid_of(token: str) -> str:
    """Which key the header names, if it is in all else exactly what it has to be."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise NotAuthenticated from error
    kid = header.get("kid")
    if header != {"alg": "EdDSA", "typ": TOKEN_TYPE, "kid": kid} or not isinstance(kid, str):
        raise NotAuthenticated
    return kid


def _verified(token: str, key: Ed25519PublicKey) -> RequestClaims:
    """The claims under a good signature; the header is one that `_kid_of` has found good.

    PyJWT would parse each header anew and took as long again as the signature, of which there is one for each
    transfer; what is left of its work is to cut at the dots.
    """
    signed, _, signature = token.rpartition(".")
    try:
        key.verify(_unbase64url(signature), signed.encode())
        return _CLAIMS.decode(_unbase64url(signed.partition(".")[2]))
    except (InvalidSignature, msgspec.DecodeError, ValueError) as error:
        raise NotAuthenticated from error


def _is_timely(claims: RequestClaims) -> bool:
    now = time.time()
    return (
        claims.iat - CLOCK_LEEWAY_S <= now < claims.exp + CLOCK_LEEWAY_S
        and claims.exp - claims.iat <= TOKEN_LIFE_S
    )


def _unbase64url(text: str) -> bytes:
    """Strictly, in its own alphabet and without padding (RFC 7515, section 2); raises ValueError."""
    if any(foreign in text for foreign in "+/="):
        raise ValueError(text)
    standard = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(standard + "=" * (-len(text) % 4), strict_mode=True)


def _by_id(jwks: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    known = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(dict(jwks)).keys}
    return {str(kid): key for kid, key in known.items() if kid and isinstance(key, Ed25519PublicKey)}


def _read(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    with urllib.request.urlopen(source, timeout=FETCH_TIMEOUT_S) as answer:  # noqa: S310 - the scheme is checked above
        return bytes(answer.read(1024 * 1024))
