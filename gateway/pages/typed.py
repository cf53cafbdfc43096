"""Amounts and times as people type them, on whichever page."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from gateway.door.errors import RequestInvalid
from gateway.pages.texts import mark
from gateway.wire.problem import Fault
from merchants.money import exponent

CHINA: Final = timezone(timedelta(hours=8))
"""Days and times in forms are those of the bank and its partners, who know no summer time."""
_NO_AMOUNT: Final = mark("Give an amount such as 12.80.")
# A comma stands between thousands or nowhere: others part cents with it, and nobody may be paid a hundredfold.
_AMOUNT: Final = re.compile(r"([0-9]{1,13}|[0-9]{1,3}(,[0-9]{3}){1,4})([.][0-9]{1,3})?")


def minor_of(text: str, currency: str) -> int | None:
    """`1,280.50` in minor units; None for what is no amount, or has more digits than the currency."""
    written = text.strip()
    if not _AMOUNT.fullmatch(written):
        return None
    value = Decimal(written.replace(",", "")).scaleb(exponent(currency))
    return int(value) if value == value.to_integral_value() else None


def minor_typed(text: str, currency: str, *, pointer: str) -> int:
    """The same, of the field that `pointer` names.

    Raises:
        RequestInvalid: it is no amount, or has more digits than the currency.
    """
    found = minor_of(text, currency)
    if found is None:
        raise RequestInvalid([Fault(pointer=pointer, code="invalid", detail=_NO_AMOUNT)])
    return found


def amount_typed(text: str, currency: str) -> dict[str, Any]:
    """The field `/amount`, as operations take it.

    Raises:
        RequestInvalid: as `minor_typed` does.
    """
    return {"amount_minor": minor_typed(text, currency, pointer="/amount/amount_minor"), "currency": currency}


def begins(day: date) -> datetime:
    """A day's first moment, in UTC."""
    return datetime.combine(day, time(), CHINA).astimezone(UTC)
