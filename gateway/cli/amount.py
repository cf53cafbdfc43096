"""Amounts on the command line: `128.00` as people write it, never a float."""

import re
from typing import Any

import click

from gateway.wire.money import PositiveAmount
from merchants.errors import UnknownCurrency
from merchants.money import exponent

_DECIMAL = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,4}))?")


class AmountType(click.ParamType[PositiveAmount]):
    """`128.00`, or `128.00 CNY` in one argument."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PositiveAmount:
        """The amount in minor units."""
        if isinstance(value, PositiveAmount):
            return value
        number, _, currency = str(value).partition(" ")
        currency = currency or "CNY"
        try:
            digits = exponent(currency)
        except UnknownCurrency:
            self.fail(f"{currency} is no currency", param, ctx)
        written = _DECIMAL.fullmatch(number)
        if written is None or len(written[2] or "") > digits:
            self.fail(f"{value!r} is no amount of {currency}, which has {digits} decimals", param, ctx)
        minor = int(written[1]) * 10**digits + int((written[2] or "").ljust(digits, "0") or "0")
        if minor == 0:
            self.fail("an amount is more than zero", param, ctx)
        return PositiveAmount(amount_minor=minor, currency=currency)
