"""Amounts, numbers and times as a language writes them."""

from datetime import datetime
from decimal import Decimal

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

from gateway.pages.language import Language
from merchants.money import exponent

_LOCALE = {"zh-CN": "zh_CN", "en": "en"}


def amount(amount_minor: int, currency: str, language: Language) -> str:
    """`¥128.00`, `CN¥128.00`: minor units by ISO 4217, exactly."""
    value = Decimal(amount_minor).scaleb(-exponent(currency))
    return format_currency(
        value, currency, locale=_LOCALE[language], currency_digits=False, format=_pattern(currency)
    )


def number(value: float, language: Language) -> str:
    return format_decimal(value, locale=_LOCALE[language])


def instant(at: datetime, language: Language) -> Markup:
    """A `<time>` in UTC, which `times.js` turns into the reader's own time, with UTC on hover."""
    utc = at.isoformat().replace("+00:00", "Z")
    shown = format_datetime(at, "yyyy-MM-dd HH:mm:ss", locale=_LOCALE[language])
    return Markup('<time datetime="{}" title="{} UTC" data-local>{} UTC</time>').format(utc, shown, shown)


def _pattern(currency: str) -> str:
    digits = exponent(currency)
    return "¤#,##0" + ("." + "0" * digits if digits else "")
