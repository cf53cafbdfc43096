"""Is this webhook the gateway's, and of this moment? Standard Webhooks `v1` and `v1a`, checked by the receiver.

Source: the Standard Webhooks specification (github.com/standard-webhooks), "Verifying webhook authenticity".
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a public prefix, not a secret
PUBLIC_KEY_PREFIX: Final = "whpk_"
# What the specification's own libraries allow.
TOLERANCE_S: Final = 300.0
# A rotation has two; a header with thousands is an attempt to keep us busy.
_MAX_SIGNATURES: Final = 16


class WebhookRefused(Exception):
    """This request is not to be trusted; answer 400 and do nothing else with it."""


class WebhookHeadersMissing(WebhookRefused):
    """It lacks `webhook-id`, `webhook-timestamp` or `webhook-signature`, or one of them cannot be read."""


class WebhookOutOfTime(WebhookRefused):
    """Its time is too far from now: an old one, sent again by somebody, or a clock that is wrong."""


class WebhookForged(WebhookRefused):
    """No signature fits the body and one of the keys."""


class WebhookUnreadable(WebhookRefused):
    """The signature is good, but the body is no event that this version can read; look for a newer one."""


class Event(Struct, frozen=True, kw_only=True):
    """A verified event; it may arrive more than once, always under the same `id`."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]
    replay: bool = False


class _Body(Struct, frozen=True, kw_only=True):
    type: str
    timestamp: datetime
    data: dict[str, Any]
    replay: bool = False


class Verifier:
    """Checks webhooks of one endpoint.

    Args:
        keys: the endpoint's secrets (`whsec_…`) and public keys (`whpk_…`); during a rotation several.
        tolerance_s: how old, or how far ahead, a webhook may be.
    """

    def __init__(self, *keys: str, tolerance_s: float = TOLERANCE_S) -> None:
        if not keys:
            raise ValueError("a verifier needs at least one key")
        self._secrets = [_bytes(key, SECRET_PREFIX) for key in keys if key.startswith(SECRET_PREFIX)]
        self._public_keys = [
            Ed25519PublicKey.from_public_bytes(_bytes(key, PUBLIC_KEY_PREFIX))
            for key in keys
            if key.startswith(PUBLIC_KEY_PREFIX)
        ]
        if len(self._secrets) + len(self._public_keys) != len(keys):
            raise ValueError(f"a key begins with {SECRET_PREFIX} or {PUBLIC_KEY_PREFIX}")
        self._tolerance_s = tolerance_s

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Event:
        """The event, if the gateway sent exactly these bytes just now.

        Args:
            headers: of the request, in any case.
            body: as it came in, before any parser touched it.
            now: seconds since 1970; the clock's if left out.

        Raises:
            WebhookRefused: which of its kinds says why.
        """
        named = {name.lower(): value for name, value in headers.items()}
        try:
            event_id, timestamp, signatures = (
                named[f"webhook-{one}"] for one in ("id", "timestamp", "signature")
            )
            sent_at = int(timestamp)
        except (KeyError, ValueError) as error:
            raise WebhookHeadersMissing from error
        if abs((time.time() if now is None else now) - sent_at) > self._tolerance_s:
            raise WebhookOutOfTime
        content = b".".join((event_id.encode(), timestamp.encode(), body))
        if not any(self._fits(content, one) for one in signatures.split(" ")[:_MAX_SIGNATURES]):
            raise WebhookForged
        return _event(event_id, body)

    def _fits(self, content: bytes, versioned: str) -> bool:
        version, _, text = versioned.partition(",")
        try:
            signature = base64.b64decode(text, validate=True)
        except binascii.Error:
            return False
        match version:
            case "v1":
                return _any_secret(self._secrets, content, signature)
            case "v1a":
                return any(_verifies(key, signature, content) for key in self._public_keys)
            case _:
                return False


def _any_secret(secrets: Iterable[bytes], content: bytes, signature: bytes) -> bool:
    return any(
        hmac.compare_digest(hmac.digest(secret, content, hashlib.sha256), signature) for secret in secrets
    )


def _verifies(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _event(event_id: str, body: bytes) -> Event:
    try:
        read = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WebhookUnreadable from error
    return Event(id=event_id, type=read.type, timestamp=read.timestamp, data=read.data, replay=read.replay)


def _bytes(key: str, prefix: str) -> bytes:
    return base64.b64decode(key.removeprefix(prefix), validate=True)
