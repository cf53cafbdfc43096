"""One signing key of ours. An HSM, or SM2, takes the place of `sign` without any format changing."""

import base64
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Purpose(StrEnum):
    """A key serves one purpose, so that a signature made for one can never pass for another."""

    QR = "qr"
    STORE_QR = "store_qr"
    TOKEN = "token"  # noqa: S105 (a purpose, no password)
    WEBHOOK = "webhook"
    CORE = "core"
    CHECKOUT = "checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """An Ed25519 key that signs for one purpose.

    `key_id` has two characters of 0-9A-Z, because an EMV order code has room for no more.
    """

    purpose: Purpose
    key_id: str
    private_key: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """A raw signature of 64 bytes (RFC 8032)."""
        return self.private_key.sign(message)

    @property
    def public_key(self) -> Ed25519PublicKey:
        return self.private_key.public_key()

    @property
    def kid(self) -> str:
        """The key's name among all our keys, as in our JWKS and token headers: `token-A1`."""
        return kid_of(self.purpose, self.key_id)


def kid_of(purpose: Purpose, key_id: str) -> str:
    return f"{purpose}-{key_id}"


def as_jwk(purpose: Purpose, key_id: str, public_key: Ed25519PublicKey) -> dict[str, str | list[str]]:
    """The public half as RFC 8037 writes it, for whoever verifies what we sign."""
    x = base64.urlsafe_b64encode(public_key.public_bytes_raw()).rstrip(b"=").decode()
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": x,
        "kid": kid_of(purpose, key_id),
        "use": "sig",
        "key_ops": ["verify"],
        "alg": "EdDSA",
    }
