"""What people typed, as operations want it; what cannot be read is a fault beside its field."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

import msgspec

from gateway.door.errors import RequestInvalid
from gateway.pages.texts import mark
from gateway.pages.typed import CHINA
from gateway.wire.money import Amount
from gateway.wire.problem import Fault
from merchants.money import Money, format_amount

_DEEPEST: Final = 4
_UNREADABLE: Final = mark("Paste it whole: it begins with { and ends with }.")
_NO_DAY: Final = mark("Give a day such as 2026-11-11.")


def fresh_key() -> str:
    """An idempotency key for a form: sent twice, it is one deed."""
    return uuid4().hex


def typed(amount: Amount) -> str:
    """An amount as it would be typed: `12.80`."""
    return format_amount(Money(amount.amount_minor, amount.currency))


def day(text: str, *, pointer: str) -> date | None:
    """A date field's value; None for an empty one.

    Raises:
        RequestInvalid: it is no day.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RequestInvalid([Fault(pointer=pointer, code="invalid", detail=_NO_DAY)]) from None


def today() -> date:
    return datetime.now(CHINA).date()


def nested(form: Mapping[str, str]) -> dict[str, Any]:
    """Fields that are named by JSON pointers, as the document they point into; empty ones are left out.

    So is what no form of ours has: a pointer that is too deep, or into what another field has said is text.
    """
    document: dict[str, Any] = {}
    for pointer, value in form.items():
        steps = pointer.removeprefix("/").split("/", _DEEPEST)
        if not pointer.startswith("/") or not value.strip() or len(steps) > _DEEPEST:
            continue
        within: Any = document
        for step in steps[:-1]:
            within = within.setdefault(step, {}) if isinstance(within, dict) else None
        if isinstance(within, dict):
            within[steps[-1]] = value.strip()
    return document


def readable(text: str) -> str:
    """JSON over several lines, for people; anything else as it is."""
    try:
        return msgspec.json.format(text.encode(), indent=2).decode()
    except (msgspec.DecodeError, RecursionError):
        return text


def json_of(text: str, *, pointer: str) -> dict[str, Any]:
    """An object that was pasted, such as a public key.

    Raises:
        RequestInvalid: it is none.
    """
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise RequestInvalid([Fault(pointer=pointer, code="unreadable", detail=_UNREADABLE)]) from None
