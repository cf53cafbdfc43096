"""Money is an integer of minor units with its ISO 4217 currency; a float never holds an amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import iso4217

from merchants.errors import UnknownCurrency


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (fen, cents, yen) of an ISO 4217 currency."""

    amount_minor: int
    currency: str


@cache
def exponent(currency: str) -> int:
    """How many decimal digits the minor unit of an ISO 4217 currency has: CNY 2, JPY 0, KWD 3.

    Raises:
        UnknownCurrency: not a code of ISO 4217, or one without a minor unit (gold, test codes).
    """
    digits: int | None = _of(currency).exponent
    if digits is None:
        raise UnknownCurrency(currency)
    return digits


@cache
def numeric_code(currency: str) -> str:
    """The three-digit ISO 4217 code that EMVCo puts in object 53: CNY is `156`."""
    return f"{_of(currency).number:03d}"


def format_amount(money: Money) -> str:
    """Decimal text without separators or symbol, as EMVCo object 54 and receipts want it: `128.00`."""
    digits = exponent(money.currency)
    sign, units = ("-", -money.amount_minor) if money.amount_minor < 0 else ("", money.amount_minor)
    if digits == 0:
        return f"{sign}{units}"
    whole, minor = divmod(units, 10**digits)
    return f"{sign}{whole}.{minor:0{digits}d}"


def allot(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that the parts sum exactly, by the largest remainder.

    Equal remainders go to the earlier weight, so the same split is always the same.

    Args:
        total_minor: what is split, zero or more.
        weights: non-negative, at least one positive.
    """
    assert total_minor >= 0, "only amounts of zero or more are split"
    weight = sum(weights)
    assert weight > 0, "a split needs a positive weight"
    parts = [total_minor * one // weight for one in weights]
    remainders = [total_minor * one % weight for one in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[: total_minor - sum(parts)]:
        parts[i] += 1
    return parts


def _of(currency: str) -> iso4217.Currency:
    try:
        return iso4217.Currency(currency)
    except ValueError:
        raise UnknownCurrency(currency) from None
