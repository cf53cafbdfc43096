"""The number an order's code carries: which partner's shard to ask, and for which of its codes."""

import secrets
from dataclasses import dataclass

_PARTNER_DIGITS = 10
_SERIAL_DIGITS = 12
TEXT_LENGTH = _PARTNER_DIGITS + _SERIAL_DIGITS
SERIALS = 10**_SERIAL_DIGITS
_PARTNERS = 1 << 32


@dataclass(frozen=True, slots=True)
class OrderRef:
    """A partner's number and a random serial; as text 22 digits, which a QR symbol packs densest."""

    partner_no: int
    serial: int

    @property
    def text(self) -> str:
        return f"{self.partner_no:0{_PARTNER_DIGITS}d}{self.serial:0{_SERIAL_DIGITS}d}"


def draw_order_ref(partner_no: int) -> OrderRef:
    """A fresh reference. Random, so that codes tell nobody how much a shop sells."""
    return OrderRef(partner_no, secrets.randbelow(SERIALS))


def read_order_ref(digits: str) -> OrderRef | None:
    """The reference in 22 ASCII digits; None when no partner can have this number."""
    partner_no = int(digits[:_PARTNER_DIGITS])
    if partner_no >= _PARTNERS:
        return None
    return OrderRef(partner_no, int(digits[_PARTNER_DIGITS:]))
