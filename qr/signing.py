"""What a signature on one of our codes covers, and how anybody checks it.

Ed25519 (RFC 8032) over four parts: the scheme, the environment, the kind of code, and the code's own bytes.
Each part is preceded by its length in four bytes, big-endian, so no two tuples of parts give the same
message; a sandbox signature never holds in production, a store code's never as an order code's.
`signed_message` and `verify` need nothing but `cryptography` and may be copied into a wallet.
"""

from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from merchants.keyring import Signer

SCHEME = b"gateway-qr/1"
SIGNATURE_BYTES = 64


class SignedKind(StrEnum):
    """What is signed; part of the message, so that kinds do not mix."""

    ORDER = "order"
    STORE = "store"
    LINK = "link"


def signed_message(*, environment: str, kind: SignedKind, content: bytes) -> bytes:
    """The bytes that are signed.

    Args:
        environment: `sandbox` or `production`.
        kind: which kind of code the content is.
        content: of an EMV payload, every UTF-8 byte before object 80.
    """
    parts = (SCHEME, environment.encode(), kind.encode(), content)
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def sign(signer: Signer, *, environment: str, kind: SignedKind, content: bytes) -> bytes:
    """A raw signature of 64 bytes."""
    return signer.sign(signed_message(environment=environment, kind=kind, content=content))


def verify(
    public_key: Ed25519PublicKey, signature: bytes, *, environment: str, kind: SignedKind, content: bytes
) -> bool:
    """Whether the holder of the key signed exactly this."""
    try:
        public_key.verify(signature, signed_message(environment=environment, kind=kind, content=content))
    except InvalidSignature:
        return False
    return True
