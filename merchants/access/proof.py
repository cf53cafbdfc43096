"""A caller proves that it holds its token's key: a DPoP proof (RFC 9449, section 4), signed anew for each request.

Pure, like `assertion`; whether the proof was used before is `replay`'s to say. Unlike an assertion it brings its own
key, which is worth nothing by itself: it has to be the one that the token is bound to.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from merchants.access import jwk, jws
from merchants.access.errors import (
    DpopKeyMismatch,
    DpopMethodMismatch,
    DpopProofExpired,
    DpopProofMalformed,
    DpopProofNotVerified,
    DpopProofNotYetValid,
    DpopTargetMismatch,
    DpopTokenMismatch,
    PublicKeyUnacceptable,
)
from merchants.access.jws import JwsMalformed

# A proof is made for one request and sent at once; a minute forgives slow lines and clocks.
MAX_AGE_S = 60
MAX_AHEAD_S = 10
_TYPE = "dpop+jwt"
# An RSA key of 4096 bits, its signature and a long target stay below it.
_MAX_CHARACTERS = 4096
_FOREIGN_KEYS = frozenset({"jku", "x5u", "x5c", "x5t", "x5t#S256", "kid", "crit", "b64", "zip"})
_PORTS = {"https": 443, "http": 80}


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
    htm: str
    htu: str
    iat: int | float
    ath: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A good proof of this moment.

    Attributes:
        thumbprint: of the key that made it (RFC 7638), as in a token's `cnf.jkt`.
        digest: names this proof among all there are.
        issued_at_s: its own time, which says how long it has to be remembered.
    """

    thumbprint: str
    digest: bytes
    issued_at_s: int
    nonce: str | None


def verify(
    text: str,
    *,
    method: str,
    urls: Collection[str],
    now: datetime,
    token: str | None = None,
    bound_to: str | None = None,
) -> Proof:
    """Read a proof without trust and settle that it is for this very request.

    Args:
        text: the header `DPoP`.
        method: of the request.
        urls: where the request may have been sent, without query.
        now: when it came.
        token: what the proof has to go with; None where a token is only being asked for.
        bound_to: the key's thumbprint in that token.

    Raises:
        DpopRefused: which of its kinds says what to mend.
    """
    try:
        header, payload = jws.taken_apart(text, max_characters=_MAX_CHARACTERS)
    except JwsMalformed:
        raise DpopProofMalformed from None
    key = _own_key(header)
    if not jws.signed_by(text, key.jwk, key.algorithm):
        raise DpopProofNotVerified
    try:
        claims = msgspec.json.decode(payload, type=_Claims)
    except (msgspec.MsgspecError, RecursionError):
        raise DpopProofMalformed from None
    _check_target(claims, method, urls)
    _check_time(claims.iat, now.timestamp())
    if token is not None and claims.ath != token_hash(token):
        raise DpopTokenMismatch
    if bound_to is not None and key.thumbprint != bound_to:
        raise DpopKeyMismatch
    return Proof(
        thumbprint=key.thumbprint,
        digest=hashlib.sha256(f"{key.thumbprint} {claims.jti}".encode()).digest(),
        issued_at_s=int(claims.iat),
        nonce=claims.nonce,
    )


def token_hash(token: str) -> str:
    """The claim `ath`."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _own_key(header: Mapping[str, Any]) -> jwk.PublicKey:
    """The key in the header, which may name no other; its kind decides the algorithm, as everywhere."""
    brought = header.get("jwk")
    if header.get("typ") != _TYPE or not isinstance(brought, dict) or not _FOREIGN_KEYS.isdisjoint(header):
        raise DpopProofMalformed
    try:
        key = jwk.accept(brought)
    except PublicKeyUnacceptable:
        raise DpopProofMalformed from None
    if header.get("alg") != key.algorithm:
        raise DpopProofNotVerified
    return key


def _check_target(claims: _Claims, method: str, urls: Collection[str]) -> None:
    if claims.htm != method:
        raise DpopMethodMismatch
    try:
        aimed_at = _normal(claims.htu)
    except ValueError:
        raise DpopTargetMismatch from None
    if aimed_at not in {_normal(url) for url in urls}:
        raise DpopTargetMismatch


def _normal(url: str) -> tuple[str, str | None, int | None, str]:
    """Scheme, host, port and path; case, a port that is the scheme's own, query and fragment do not count."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path or "/"


def _check_time(issued_at: float, now: float) -> None:
    if issued_at < now - MAX_AGE_S:
        raise DpopProofExpired
    if issued_at > now + MAX_AHEAD_S:
        raise DpopProofNotYetValid
