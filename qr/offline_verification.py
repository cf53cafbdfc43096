"""Is this order code genuine? One function for a wallet to copy: it needs `cryptography` and nothing else of ours.

A phone without a network, or a wallet before it asks us, learns from it that the code was signed by the gateway
for its environment, until when it may be paid and, of the EMV form, whom it names. The amount that is charged
comes from the gateway all the same. `tests/vectors/signed_codes.json` has codes to try it on; the keys are those
of `/.well-known/jwks.json` whose `kid` begins with `qr-`.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_EMV = re.compile(
    r"(?P<signed>000201010212[^\x00-\x1f\ud800-\udfff]*)80[0-9]{2}00(?P<n1>[0-9]{2})(?P<gui1>.{1,20})0143(?P<first>[\w-]{43})"
    r"81[0-9]{2}00(?P<n2>[0-9]{2})(?P<gui2>.{1,20})0143(?P<second>[\w-]{43})6304(?P<crc>[0-9A-F]{4})",
    re.ASCII,
)
_LINK = re.compile(r"HTTPS?://[A-Z0-9.:-]+/Q/(?P<digits>[0-9]{193})", re.ASCII | re.IGNORECASE)
_LINK_BYTES, _SIGNED_BYTES = 80, 16
_ORDER_LINK = 0x11


@dataclass(frozen=True, slots=True)
class Genuine:
    """What the signature vouches for; `merchant_number` stands in the EMV form only."""

    order_ref: str
    expires_at: int
    merchant_number: str | None


def verify_order_code(
    text: str, keys: Mapping[str, bytes], *, environment: str, gui: str, link_base: str, now: int
) -> Genuine | None:
    """What a scanned text proves; None when it is not ours, was altered, or has expired.

    Args:
        text: as scanned.
        keys: the public keys by the two characters after `qr-`, 32 bytes each.
        environment: `production` or `sandbox`.
        gui: the bank's reverse domain in EMV codes.
        link_base: what links begin with: `HTTPS://PAY.EXAMPLE.CN/Q/`.
        now: Unix seconds.
    """
    if text.upper().startswith(link_base):
        genuine = _link(text, keys, environment)
    else:
        genuine = _emv(text, keys, environment, gui)
    return genuine if genuine and genuine.expires_at > now else None


def _emv(text: str, keys: Mapping[str, bytes], environment: str, gui: str) -> Genuine | None:
    """Object 26 begins the account, 80 and 81 hold half a signature each, over every byte before 80."""
    parts = _EMV.fullmatch(text)
    owner = f"00{len(gui):02d}{gui}"
    account = re.compile(
        rf"26..{re.escape(owner)}0115(?P<merchant>[0-9]{{15}})0222(?P<ref>[0-9]{{22}})"
        r"0302(?P<key>[0-9A-Z]{2})0410(?P<expiry>[0-9]{10})"
    ).match(text, len("000201010212"))
    if not parts or not account or not parts["gui1"] == parts["gui2"] == gui:
        return None
    if f"{binascii.crc_hqx(text[:-4].encode(), 0xFFFF):04X}" != parts["crc"]:
        return None
    signature = b"".join(base64.urlsafe_b64decode(parts[half] + "=") for half in ("first", "second"))
    spelt = base64.urlsafe_b64encode(signature[:32])[:43] + base64.urlsafe_b64encode(signature[32:])[:43]
    if spelt.decode() != parts["first"] + parts["second"]:
        return None
    key = keys.get(account["key"])
    if key is None or not _holds(key, signature, environment, "order", parts["signed"].encode()):
        return None
    return Genuine(account["ref"], int(account["expiry"]), account["merchant"])


def _link(text: str, keys: Mapping[str, bytes], environment: str) -> Genuine | None:
    """80 bytes as one decimal number: kind 1, key 1, partner 4, serial 6, expiry 4, signature 64."""
    parts = _LINK.fullmatch(text)
    number = int(parts["digits"]) if parts else 1 << 8 * _LINK_BYTES
    if number >> 8 * _LINK_BYTES:
        return None
    data = number.to_bytes(_LINK_BYTES)
    signed, signature = data[:_SIGNED_BYTES], data[_SIGNED_BYTES:]
    candidates = [key for key_id, key in keys.items() if int(key_id, 36) % 256 == data[1]]
    if data[0] != _ORDER_LINK or not any(
        _holds(key, signature, environment, "link", signed) for key in candidates
    ):
        return None
    reference = f"{int.from_bytes(data[2:6]):010d}{int.from_bytes(data[6:12]):012d}"
    return Genuine(reference, int.from_bytes(data[12:16]), None)


def _holds(key: bytes, signature: bytes, environment: str, kind: str, content: bytes) -> bool:
    """Ed25519 over scheme, environment, kind and content, each after its length in four bytes."""
    parts = (b"gateway-qr/1", environment.encode(), kind.encode(), content)
    message = b"".join(len(part).to_bytes(4) + part for part in parts)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
