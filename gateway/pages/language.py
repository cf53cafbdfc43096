"""Which of our two languages a browser would rather read (RFC 9110, section 12.5.4)."""

from typing import Literal

Language = Literal["zh-CN", "en"]

_MOST_RANGES = 16
"""Browsers name a handful; who names hundreds is answered by the first of them."""


def preferred(accept_language: str) -> Language:
    """The language with the highest weight; Chinese where nothing we write is named, for that is who our payers are."""
    ranges = [_weighed(one) for one in accept_language.split(",", _MOST_RANGES)[:_MOST_RANGES]]
    known = [(weight, tag) for weight, tag in ranges if weight > 0 and tag[:2] in {"zh", "en"}]
    if not known:
        return "zh-CN"
    _, tag = max(known, key=lambda one: one[0])  # the first of equals, as written
    return "en" if tag.startswith("en") else "zh-CN"


def _weighed(written: str) -> tuple[float, str]:
    tag, _, weight = written.strip().lower().partition(";")
    name, _, value = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0, tag.strip()
    try:
        return float(value), tag.strip()
    except ValueError:
        return 0.0, tag.strip()
