"""Signs a request to a core: a JWT whose claims cover the method, the path and the body (contract.yaml).

Composed here (RFC 7515, compact form) because the key stays behind `Signer`, which an HSM can be; PyJWT wants
the key itself. Verifying, where mistakes are dangerous, is PyJWT's on the other side.
"""

import base64
import hashlib
import secrets
from functools import lru_cache
from typing import Final

import msgspec

from gateway.wallet.contract import AUDIENCE, TOKEN_LIFE_S, TOKEN_TYPE, RequestClaims
from merchants.keyring import Signer

ISSUER: Final = "merchant-gateway"
_ENCODER: Final = msgspec.json.Encoder()


def authorization(signer: Signer, *, method: str, path: str, body: bytes, issued_at: int) -> str:
    """The value of the `Authorization` header.

    Args:
        signer: our key for the core.
        method: `POST` or `GET`.
        path: path and query exactly as they are sent.
        body: exactly as it is sent; empty where there is none.
        issued_at: now, in seconds since 1970.
    """
    claims = RequestClaims(
        iss=ISSUER,
        aud=AUDIENCE,
        iat=issued_at,
        exp=issued_at + TOKEN_LIFE_S,
        jti=secrets.token_hex(16),
        htm=method,
        htu=path,
        content_digest=f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:",
    )
    signed = _header(signer.kid) + b"." + _base64url(_ENCODER.encode(claims))
    return f"Bearer {(signed + b'.' + _base64url(signer.sign(signed))).decode()}"


@lru_cache(maxsize=16)
def _header(kid: str) -> bytes:
    return _base64url(_ENCODER.encode({"alg": "EdDSA", "kid": kid, "typ": TOKEN_TYPE}))


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
