"""An ID token (OpenID Connect Core, section 3.1.3.7), read without trust; pure."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from gateway.identity.errors import IdTokenExpired, IdTokenForeign, IdTokenNonceMismatch, IdTokenNotVerified

# RS256 is what every provider speaks; none of these can be made with a public key.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_KINDS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_CLOCKS_DIFFER_S: Final = 10
_MAX_CHARACTERS: Final = 16_384
_NAME_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who signed in, as the provider knows them."""

    subject: str
    name: str
    groups: frozenset[str]


def key_id(text: str) -> str | None:
    """Which of the provider's keys the token says it is signed with.

    Raises:
        IdTokenNotVerified: it is no token.
    """
    kid = _header(text).get("kid")
    return kid if isinstance(kid, str) else None


def read(
    text: str,
    keys: Sequence[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    groups_claim: str,
) -> Person:
    """Who it is, if one of these keys signed it, for us and for this sign-in.

    Raises:
        IdTokenNotVerified, IdTokenForeign, IdTokenExpired, IdTokenNonceMismatch
    """
    claims = _verified(text, keys, issuer=issuer, client_id=client_id)
    audience = claims["aud"]
    if claims.get("azp", client_id) != client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        raise IdTokenForeign
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise IdTokenNonceMismatch
    groups = claims.get(groups_claim, [])
    name = claims.get("name") or claims.get("preferred_username") or claims["sub"]
    return Person(
        subject=claims["sub"],
        name=str(name)[:_NAME_CHARACTERS],
        groups=frozenset(
            one for one in (groups if isinstance(groups, list) else [groups]) if isinstance(one, str)
        ),
    )


def _verified(text: str, keys: Sequence[Mapping[str, Any]], *, issuer: str, client_id: str) -> dict[str, Any]:
    header = _header(text)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS or "crit" in header:
        raise IdTokenNotVerified
    for key in keys:
        if not _fits(key, header):
            continue
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                jwt.PyJWK(dict(key), algorithm=algorithm),
                algorithms=[algorithm],
                audience=client_id,
                issuer=issuer,
                leeway=_CLOCKS_DIFFER_S,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.InvalidSignatureError, jwt.PyJWKError, jwt.InvalidKeyError):
            continue
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError):
            raise IdTokenForeign from None
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            raise IdTokenExpired from None
        except jwt.PyJWTError:
            raise IdTokenNotVerified from None
        return claims
    raise IdTokenNotVerified


def _fits(key: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    """A key for signatures, of the kind of the algorithm, and the one that is named."""
    algorithm = header["alg"]
    return (
        key.get("kty") == _KINDS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and header.get("kid", key.get("kid")) == key.get("kid")
    )


def _header(text: str) -> dict[str, Any]:
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        raise IdTokenNotVerified
    try:
        header: dict[str, Any] = jwt.get_unverified_header(text)
    except jwt.PyJWTError:
        raise IdTokenNotVerified from None
    return header
