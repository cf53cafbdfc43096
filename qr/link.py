"""The compact link: an order's reference, expiry and our signature, in the fewest modules.

`HTTPS://HOST/Q/` and 193 decimal digits, which a QR symbol writes in alphanumeric and numeric mode. The digits
are 80 bytes as one big-endian number: version and kind (4 bits each), key id (1 byte), order reference (partner
number 4, serial 6), expiry in Unix seconds (4), signature (64). The signature covers the 16 bytes before it. Any
camera opens the link as a page, a wallet reads it as a payment. It proves who issued it and until when it may be
paid; payee and amount come from the server.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from merchants.keyring import Signer
from qr.errors import CodeForged, CodeMalformed
from qr.order_code import OrderCodeScheme, SignedOrder, VerifyKey
from qr.order_ref import SERIALS, OrderRef
from qr.signing import SIGNATURE_BYTES, SignedKind, sign, verify

DIGITS = 193
"""What the largest number of 80 bytes takes."""

_VERSION = 1
_SIGNED_BYTES = 16
_BYTES = _SIGNED_BYTES + SIGNATURE_BYTES
_KEY_ID_DIGITS = string.digits + string.ascii_uppercase
_KEY_BYTE = 256


class LinkKind(IntEnum):
    """What the reference names."""

    ORDER = 1


@dataclass(frozen=True, slots=True)
class _Opened:
    key_byte: int
    order_ref: OrderRef
    expires_at: datetime
    signed: bytes
    signature: bytes


def write_link(scheme: OrderCodeScheme, *, order_ref: OrderRef, expires_at: datetime, signer: Signer) -> str:
    """The link of an order, in the capitals that alphanumeric mode wants."""
    signed = b"".join(
        (
            bytes([_VERSION << 4 | LinkKind.ORDER, _key_byte(signer.key_id)]),
            order_ref.partner_no.to_bytes(4),
            order_ref.serial.to_bytes(6),
            int(expires_at.timestamp()).to_bytes(4),
        )
    )
    signature = sign(signer, environment=scheme.environment, kind=SignedKind.LINK, content=signed)
    return f"{scheme.link_base}{int.from_bytes(signed + signature):0{DIGITS}d}"


def is_link(scheme: OrderCodeScheme, text: str) -> bool:
    """Whether a text is meant as a link of ours; scheme and host in any case, as browsers hand them on."""
    return text[: len(scheme.link_base)].upper() == scheme.link_base


def read_link(scheme: OrderCodeScheme, text: str, verify_key: VerifyKey) -> SignedOrder:
    """What the link says, once its signature holds; whether it has expired is the caller's clock to say.

    Raises:
        CodeForeign, CodeOfOtherEnvironment: no link of this host.
        CodeMalformed: ours by its form, and damaged, or of a version or kind we never issued.
        CodeForged: no key of ours signed this.
    """
    opened = _open(scheme, text)
    for key_id in key_ids(opened.key_byte):
        key = verify_key(key_id)
        if key is not None and verify(
            key,
            opened.signature,
            environment=scheme.environment,
            kind=SignedKind.LINK,
            content=opened.signed,
        ):
            return SignedOrder(
                merchant_number=None,
                order_ref=opened.order_ref,
                key_id=key_id,
                expires_at=opened.expires_at,
            )
    raise CodeForged


def key_byte_of(scheme: OrderCodeScheme, text: str) -> int:
    """Which key a link names, before anything is believed.

    Raises:
        CodeForeign, CodeMalformed: see `read_link`.
    """
    return _open(scheme, text).key_byte


def key_ids(key_byte: int) -> Iterator[str]:
    """The key ids a byte may stand for: ids follow each other, so of live keys it names one."""
    base = len(_KEY_ID_DIGITS)
    for number in range(key_byte, base**2, _KEY_BYTE):
        high, low = divmod(number, base)
        yield _KEY_ID_DIGITS[high] + _KEY_ID_DIGITS[low]


def _key_byte(key_id: str) -> int:
    return int(key_id, len(_KEY_ID_DIGITS)) % _KEY_BYTE


def _open(scheme: OrderCodeScheme, text: str) -> _Opened:
    if not is_link(scheme, text):
        raise scheme.refusal(text)
    digits = text[len(scheme.link_base) :]
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise CodeMalformed("link_digits")
    number = int(digits)
    if number.bit_length() > _BYTES * 8:
        raise CodeMalformed("link_digits")
    data = number.to_bytes(_BYTES)
    order_ref = OrderRef(int.from_bytes(data[2:6]), int.from_bytes(data[6:12]))
    if data[0] != _VERSION << 4 | LinkKind.ORDER or order_ref.serial >= SERIALS:
        raise CodeMalformed("link_kind")
    return _Opened(
        key_byte=data[1],
        order_ref=order_ref,
        expires_at=datetime.fromtimestamp(int.from_bytes(data[12:16]), tz=UTC),
        signed=data[:_SIGNED_BYTES],
        signature=data[_SIGNED_BYTES:],
    )
