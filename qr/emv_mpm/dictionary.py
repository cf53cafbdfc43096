"""The data objects of EMVCo MPM v1.1, tables 3.3 to 3.9: format, length, presence and what is inside."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

MAX_PAYLOAD = 512
MAX_VALUE = 99


class Format(Enum):
    """How a value is written (section 3.2)."""

    N = "digits"
    ANS = "printable ASCII"
    S = "precomposed Unicode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the standard says about one object.

    `pattern` is a bound that format and length do not express, `meaning` its words; `inside` are the rules of
    a template's objects and `required` those that must stand in it.
    """

    name: str
    format: Format
    longest: int
    shortest: int = 1
    pattern: re.Pattern[str] | None = None
    meaning: str = ""
    inside: Mapping[str, "Rule"] = field(default_factory=dict)
    required: tuple[str, ...] = ()


def _text(name: str, longest: int = MAX_VALUE, fmt: Format = Format.ANS) -> Rule:
    return Rule(name=name, format=fmt, longest=longest)


def _numeric(name: str, length: int, pattern: str | None = None, meaning: str = "") -> Rule:
    compiled = re.compile(pattern) if pattern else None
    return Rule(
        name=name, format=Format.N, shortest=length, longest=length, pattern=compiled, meaning=meaning
    )


def _amount(name: str) -> Rule:
    return Rule(
        name=name,
        format=Format.ANS,
        longest=13,
        pattern=re.compile(r"(?=.*[1-9])[0-9]+\.?[0-9]*"),
        meaning="digits and at most one point, and not zero",
    )


def _span(first: int, last: int, rule: Rule) -> dict[str, Rule]:
    return {f"{number:02d}": rule for number in range(first, last + 1)}


def _owned(name: str, fmt: Format) -> Rule:
    """A template whose first object names its owner, in at most 32 characters."""
    inside = {"00": _text("globally unique identifier", 32), **_span(1, 99, _text("owner's data", fmt=fmt))}
    return Rule(name=name, format=fmt, longest=MAX_VALUE, inside=inside, required=("00",))


ADDITIONAL_FIELDS: Final = {
    "01": "bill_number",
    "02": "mobile_number",
    "03": "store_label",
    "04": "loyalty_number",
    "05": "reference_label",
    "06": "customer_label",
    "07": "terminal_label",
    "08": "purpose",
}

_ADDITIONAL = {
    **{tag: _text(name.replace("_", " "), 25, Format.S) for tag, name in ADDITIONAL_FIELDS.items()},
    "09": Rule(
        name="consumer data request",
        format=Format.ANS,
        longest=3,
        pattern=re.compile(r"(?!.*(.).*\1)[AME]+"),
        meaning="some of A (address), M (mobile), E (e-mail), each once",
    ),
    **_span(10, 49, _text("reserved by EMVCo", fmt=Format.S)),
    **_span(50, 99, _owned("payment system template", Format.S)),
}

_LANGUAGE = {
    "00": Rule(
        name="language",
        format=Format.ANS,
        shortest=2,
        longest=2,
        pattern=re.compile("[A-Za-z]{2}"),
        meaning="an ISO 639 code of two letters",
    ),
    "01": _text("merchant name", 25, Format.S),
    "02": _text("merchant city", 15, Format.S),
    **_span(3, 99, _text("reserved by EMVCo", fmt=Format.S)),
}

ROOT: Final[Mapping[str, Rule]] = {
    "00": _numeric("payload format", 2, "01", "the value 01"),
    "01": _numeric("point of initiation", 2, "1[12]", "11 (static) or 12 (dynamic)"),
    **_span(2, 25, _text("merchant account")),
    **_span(26, 51, _owned("merchant account", Format.ANS)),
    "52": _numeric("merchant category code", 4),
    "53": _numeric("currency", 3),
    "54": _amount("amount"),
    "55": _numeric("tip indicator", 2, "0[123]", "01, 02 or 03"),
    "56": _amount("fixed tip"),
    "57": Rule(
        name="tip percentage",
        format=Format.ANS,
        longest=5,
        pattern=re.compile(r"(?=.*[1-9])[0-9]{1,2}(\.[0-9]{0,2})?"),
        meaning="00.01 to 99.99",
    ),
    "58": Rule(
        name="country",
        format=Format.ANS,
        shortest=2,
        longest=2,
        pattern=re.compile("[A-Z]{2}"),
        meaning="an ISO 3166-1 code of two capitals",
    ),
    "59": _text("merchant name", 25),
    "60": _text("merchant city", 15),
    "61": _text("postal code", 10),
    "62": Rule(name="additional data", format=Format.S, longest=MAX_VALUE, inside=_ADDITIONAL),
    "63": Rule(name="CRC", format=Format.ANS, shortest=4, longest=4),
    "64": Rule(
        name="language template",
        format=Format.S,
        longest=MAX_VALUE,
        inside=_LANGUAGE,
        required=("00", "01"),
    ),
    **_span(65, 79, _text("reserved by EMVCo", fmt=Format.S)),
    **_span(80, 99, _owned("unreserved template", Format.S)),
}

REQUIRED: Final = ("00", "52", "53", "58", "59", "60", "63")
ACCOUNTS: Final = tuple(f"{number:02d}" for number in range(2, 52))
FIRST_ACCOUNT_TEMPLATE: Final = "26"
UNRESERVED: Final = tuple(f"{number:02d}" for number in range(80, 100))
SYSTEM_TEMPLATES: Final = tuple(f"{number:02d}" for number in range(50, 100))
