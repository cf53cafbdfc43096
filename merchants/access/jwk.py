"""Public keys as our clients upload them: read strictly, judged once, stored in one form.

What a key can do is decided here, at upload: its algorithm is its own and no message can choose another.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from merchants.access.errors import PublicKeyUnacceptable

Algorithm = Literal["EdDSA", "ES256", "PS256"]
KeyObject = Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_COORDINATE_BYTES = 32
# NIST SP 800-131A allows no less; above 4096 bits a verification costs more than it protects.
_RSA_BITS = range(2048, 4097)
_RSA_EXPONENT = 65537
_ALGORITHMS: Mapping[str, Algorithm] = {"OKP": "EdDSA", "EC": "ES256", "RSA": "PS256"}
# RFC 9864 calls Ed25519's EdDSA by its curve; both name the same signatures.
_NAMES: Mapping[Algorithm, tuple[str, ...]] = {
    "EdDSA": ("EdDSA", "Ed25519"),
    "ES256": ("ES256",),
    "PS256": ("PS256",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key we accept.

    Attributes:
        jwk: its required members alone, the form in which it is stored.
        thumbprint: RFC 7638, SHA-256, base64url; the same key always has the same.
    """

    algorithm: Algorithm
    jwk: Mapping[str, str]
    thumbprint: str


def accept(jwk: Mapping[str, Any], *, only: Algorithm | None = None) -> PublicKey:
    """Judge an uploaded JWK (RFC 7517, RFC 8037).

    Args:
        jwk: as it came; members that say nothing about the key are dropped.
        only: refuse other algorithms, as for tills.

    Raises:
        PublicKeyUnacceptable: private, of another kind, weak, not on its curve, or not for signatures.
    """
    _refuse_private(jwk)
    algorithm = _ALGORITHMS.get(_text(jwk, "kty"))
    if algorithm is None or (only is not None and algorithm != only):
        raise PublicKeyUnacceptable(f"only {only or 'OKP, EC and RSA'} keys are taken", member="kty")
    _refuse_other_use(jwk, algorithm)
    members = _required(jwk)
    key_object(members)
    return PublicKey(algorithm=algorithm, jwk=members, thumbprint=_thumbprint(members))


def key_object(jwk: Mapping[str, str]) -> KeyObject:
    """The key that verifies.

    Raises:
        PublicKeyUnacceptable: the numbers are no such key, or a weak one.
    """
    match jwk["kty"]:
        case "OKP":
            return _ed25519(jwk)
        case "EC":
            return _p256(jwk)
        case _:
            return _rsa(jwk)


def _refuse_private(jwk: Mapping[str, Any]) -> None:
    for member in _PRIVATE_MEMBERS:
        if member in jwk:
            raise PublicKeyUnacceptable(
                "this is a private key and now known to others: throw it away, keep the next one to yourself",
                member=member,
            )


def _refuse_other_use(jwk: Mapping[str, Any], algorithm: Algorithm) -> None:
    """PyJWT ignores these members (RFC 7517, sections 4.2 to 4.4), so they are held to here."""
    if jwk.get("alg", algorithm) not in _NAMES[algorithm]:
        raise PublicKeyUnacceptable(f"a key of this kind signs with {algorithm}", member="alg")
    if jwk.get("use", "sig") != "sig":
        raise PublicKeyUnacceptable("the key is not meant for signatures", member="use")
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise PublicKeyUnacceptable('a public key for signatures has `["verify"]`', member="key_ops")


def _required(jwk: Mapping[str, Any]) -> dict[str, str]:
    names = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}[jwk["kty"]]
    return {name: _text(jwk, name) for name in names}


def _text(jwk: Mapping[str, Any], member: str) -> str:
    value = jwk.get(member)
    if not isinstance(value, str):
        raise PublicKeyUnacceptable("is missing or no text", member=member)
    return value


def _ed25519(jwk: Mapping[str, str]) -> Ed25519PublicKey:
    if jwk["crv"] != "Ed25519":
        raise PublicKeyUnacceptable("only the curve Ed25519 is taken", member="crv")
    raw = _bytes(jwk, "x", length=_COORDINATE_BYTES)
    if _is_low_order(raw):
        raise PublicKeyUnacceptable("is a point that verifies anything", member="x")
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise PublicKeyUnacceptable("is no Ed25519 key", member="x") from None


def _p256(jwk: Mapping[str, str]) -> ec.EllipticCurvePublicKey:
    if jwk["crv"] != "P-256":
        raise PublicKeyUnacceptable("only the curve P-256 is taken", member="crv")
    x, y = (_number(_bytes(jwk, name, length=_COORDINATE_BYTES)) for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        raise PublicKeyUnacceptable("is no point of the curve", member="x") from None


def _rsa(jwk: Mapping[str, str]) -> rsa.RSAPublicKey:
    modulus, exponent = _number(_bytes(jwk, "n")), _number(_bytes(jwk, "e"))
    if modulus.bit_length() not in _RSA_BITS:
        raise PublicKeyUnacceptable("a modulus has 2048 to 4096 bits", member="n")
    if exponent != _RSA_EXPONENT:
        raise PublicKeyUnacceptable("the exponent has to be 65537, `AQAB`", member="e")
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        raise PublicKeyUnacceptable("is no RSA modulus", member="n") from None


def _bytes(jwk: Mapping[str, str], member: str, *, length: int | None = None) -> bytes:
    text = jwk[member]
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise PublicKeyUnacceptable("is no base64url", member=member) from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text or length not in {None, len(raw)}:
        raise PublicKeyUnacceptable("is no base64url of the right length", member=member)
    return raw


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _thumbprint(members: Mapping[str, str]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(members, order="sorted")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_low_order(raw: bytes) -> bool:
    """Points of order 1, 2, 4 and 8, as libsodium lists them: anybody can sign for such a key."""
    return (raw[:-1] + bytes([raw[-1] & 0x7F])) in _LOW_ORDER


_LOW_ORDER = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
