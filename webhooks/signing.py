"""Standard Webhooks signatures: `v1` is HMAC-SHA256 with a shared secret, `v1a` Ed25519 with a published key.

Source: the Standard Webhooks specification (github.com/standard-webhooks), "Signature scheme".
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Sign = Callable[[bytes], bytes]
"""Signs bytes with an Ed25519 private key that stays where it is."""

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # a public prefix, not a secret
PUBLIC_KEY_PREFIX: Final = "whpk_"
SECRET_BYTES: Final = 32  # the spec asks for 24 to 64; 32 is as strong as the hash


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """Write a secret as the partner keeps it and as the public libraries read it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def public_key_text(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return PUBLIC_KEY_PREFIX + base64.b64encode(raw).decode()


def headers(
    event_id: str, timestamp: int, body: bytes, *, secrets: Iterable[bytes] = (), keys: Sequence[Sign] = ()
) -> dict[str, str]:
    """Return the three headers of one attempt.

    Every live secret and every signing key adds a signature: during a rotation a receiver that knows
    either the old or the new one is served by the same request.
    """
    content = b".".join((event_id.encode(), str(timestamp).encode(), body))
    signatures = [f"v1,{_base64(hmac.digest(secret, content, hashlib.sha256))}" for secret in secrets]
    signatures += [f"v1a,{_base64(sign(content))}" for sign in keys]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _base64(signature: bytes) -> str:
    return base64.b64encode(signature).decode()
