"""Amounts as people type them."""

import re
from decimal import Decimal
from typing import Final

from merchants.money import exponent

# A comma stands between thousands or nowhere: others part cents with it, and nobody may be paid a hundredfold.
_AMOUNT: Final = re.compile(r"([0-9]{1,13}|[0-9]{1,3}(,[0-9]{3}){1,4})([.][0-9]{1,3})?")


def minor_of(text: str, currency: str) -> int | None:
    """`1,280.50` in minor units; None for what is no amount, or has more digits than the currency."""
    written = text.strip()
    if not _AMOUNT.fullmatch(written):
        return None
    value = Decimal(written.replace(",", "")).scaleb(exponent(currency))
    return int(value) if value == value.to_integral_value() else None
