"""A client proves who it is: `private_key_jwt` (RFC 7523, section 3), read without trust, then verified.

Every choice is ours: which keys there are, which algorithm each has, what the header may say. Pure; whether the
assertion was used before is `replay`'s to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from merchants.access import jws
from merchants.access.errors import (
    AssertionAlgorithmRefused,
    AssertionAudienceRefused,
    AssertionExpired,
    AssertionHeaderRefused,
    AssertionKeyPurposeRefused,
    AssertionMalformed,
    AssertionNotVerified,
    AssertionNotYetValid,
    AssertionTooLongLived,
    AssertionTypeRefused,
)
from merchants.access.jws import FOREIGN_MEMBERS, JwsMalformed
from merchants.access.principal import ClientKey

MAX_LIFE_S = 60
# Clocks of well-run machines differ by far less; a stolen assertion gains little from ten seconds.
MAX_AHEAD_S = 10
# An RSA signature of 4096 bits and generous claims stay below half of it.
MAX_CHARACTERS = 4096

_TYPES = frozenset({"jwt", "client-authentication+jwt"})

Seconds = int | float


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    sub: str
    aud: msgspec.Raw
    exp: Seconds
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
    iat: Seconds | None = None
    nbf: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """What an assertion says about itself; nothing of it is true yet."""

    text: str
    header: Mapping[str, Any]
    claims: _Claims

    @property
    def client_id(self) -> str:
        return self.claims.iss

    @property
    def kid(self) -> str | None:
        kid: str | None = self.header.get("kid")
        return kid


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An assertion that a live key of the client signed just now."""

    client_id: str
    key_id: str
    jti: str
    expires_at: datetime


def read(text: str) -> Unverified:
    """Take an assertion apart and refuse what could never be one.

    Raises:
        AssertionMalformed, AssertionHeaderRefused, AssertionTypeRefused
    """
    try:
        header, payload = jws.taken_apart(text, max_characters=MAX_CHARACTERS)
    except JwsMalformed:
        raise AssertionMalformed from None
    if not FOREIGN_MEMBERS.isdisjoint(header):
        raise AssertionHeaderRefused
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise AssertionTypeRefused
    try:
        claims = msgspec.json.decode(payload, type=_Claims)
    except (msgspec.MsgspecError, RecursionError):
        raise AssertionMalformed from None
    if claims.iss != claims.sub or "\x00" in claims.iss:
        raise AssertionMalformed
    return Unverified(text=text, header=header, claims=claims)


def verify(unverified: Unverified, keys: Sequence[ClientKey], *, audience: str, now: datetime) -> Verified:
    """Settle which of the client's live keys signed, and that it was for us and just now.

    Raises:
        GrantRefused: which of its kinds says what to mend.
    """
    key = _signing_key(unverified, keys)
    _check_audience(unverified.claims, audience)
    _check_times(unverified.claims, now.timestamp())
    return Verified(
        client_id=key.client_id,
        key_id=key.key_id,
        jti=unverified.claims.jti,
        expires_at=datetime.fromtimestamp(unverified.claims.exp, UTC),
    )


def _signing_key(unverified: Unverified, keys: Sequence[ClientKey]) -> ClientKey:
    """`kid` only narrows the choice among the client's own keys; it never finds one elsewhere."""
    named = [key for key in keys if unverified.kid in {None, key.key_id, key.thumbprint}]
    if not named:
        raise AssertionNotVerified
    candidates = [key for key in named if key.purpose == "assertion"]
    if not candidates:
        raise AssertionKeyPurposeRefused
    fitting = [key for key in candidates if key.algorithm == unverified.header.get("alg")]
    if not fitting:
        raise AssertionAlgorithmRefused
    for key in fitting:
        if jws.signed_by(unverified.text, key.jwk, key.algorithm):
            return key
    raise AssertionNotVerified


def _check_audience(claims: _Claims, audience: str) -> None:
    """One string, not a list: an assertion made for us and another server could be used by that one here."""
    try:
        named = msgspec.json.decode(claims.aud, type=str)
    except msgspec.MsgspecError:
        raise AssertionAudienceRefused from None
    if named != audience:
        raise AssertionAudienceRefused


def _check_times(claims: _Claims, now: float) -> None:
    if claims.exp <= now:
        raise AssertionExpired
    if max(claims.iat or now, claims.nbf or now) > now + MAX_AHEAD_S:
        raise AssertionNotYetValid
    since = now if claims.iat is None else claims.iat
    if claims.exp - since > MAX_LIFE_S or claims.exp - now > MAX_LIFE_S + MAX_AHEAD_S:
        raise AssertionTooLongLived
