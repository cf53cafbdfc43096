"""Compact signed texts (RFC 7515): taken apart without trust, then held to a key that is known already."""

from collections.abc import Mapping
from typing import Any, Final

import jwt

from merchants.access.jwk import Algorithm, key_object

ALGORITHMS: Final = ("EdDSA", "ES256", "PS256")
_JWS: Final = jwt.PyJWS(algorithms=list(ALGORITHMS))

# A header that brings or fetches a key, or changes what is signed, is an attack.
FOREIGN_MEMBERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "b64", "zip", "crit"})


class JwsMalformed(ValueError):
    """This is no compact JWS, or longer than any of its kind."""


def taken_apart(text: str, *, max_characters: int) -> tuple[Mapping[str, Any], bytes]:
    """Header and payload; nothing of them is true yet.

    Raises:
        JwsMalformed
    """
    if len(text) > max_characters or not text.isascii():
        raise JwsMalformed
    try:
        whole = _JWS.decode_complete(text, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise JwsMalformed from None
    return whole["header"], whole["payload"]


def signed_by(text: str, jwk: Mapping[str, str], algorithm: Algorithm) -> bool:
    """Whether this key made the signature, by its own algorithm, whichever the header names."""
    try:
        _JWS.decode_complete(text, key_object(jwk), algorithms=[algorithm])
    except jwt.PyJWTError:
        return False
    return True
