"""JSON as we take it: RFC 8259, UTF-8, one value per key, bounded, and nothing a database cannot store.

`json` lets a duplicate key win, reads NaN and lone surrogates; PostgreSQL has no NUL in a text. Refused here.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from gateway.door.errors import BodyMalformed
from gateway.wire.problem import Fault

MAX_DEPTH = 16
_LARGEST = 2**63 - 1
# Nineteen digits in a row may be a number that 64 bits do not hold; right behind a quote they are a payment code.
_LONG_DIGITS = re.compile(rb"(?<!\")[0-9]{19}")


def parse(raw: bytes) -> Any:
    """The document.

    Raises:
        BodyMalformed: with the one fault that ended the reading.
    """
    try:
        document = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise _malformed("not_utf8", f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed("not_json", f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # what int() says to thousands of digits
        raise _malformed("number_too_large", "a whole number has to fit 64 bits") from None
    if _is_suspicious(raw):
        _inspect(document, "", 0)
    return document


def escape(key: str) -> str:
    """A key as it stands in a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _is_suspicious(raw: bytes) -> bool:
    """Whether the document must be walked: escapes may hide NUL or surrogates, brackets depth."""
    return (
        b"\\u" in raw or raw.count(b"{") + raw.count(b"[") > MAX_DEPTH or _LONG_DIGITS.search(raw) is not None
    )


def _inspect(value: Any, pointer: str, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth == MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, dict):
            for key in value:
                _inspect_text(key, pointer)
        for key, child in _children(value):
            _inspect(child, f"{pointer}/{key}", depth + 1)
    elif isinstance(value, str):
        _inspect_text(value, pointer)
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise _malformed("number_too_large", "a whole number has to fit 64 bits", pointer)


def _inspect_text(text: str, pointer: str) -> None:
    if "\x00" in text:
        raise _malformed("nul_character", "a text holds no NUL character", pointer)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _malformed("lone_surrogate", "a surrogate stands without its pair", pointer)


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield escape(key), child
    elif isinstance(value, list):
        yield from enumerate(value)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise _malformed("duplicate_key", "a key stands twice in one object")
    return unique


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _malformed("number_too_large", "a number is too large to be held")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise _malformed("not_json", f"{name} is no JSON number")


def _too_deep() -> BodyMalformed:
    return _malformed("too_deep", f"objects and arrays nest at most {MAX_DEPTH} deep")


def _malformed(code: str, detail: str, pointer: str = "") -> BodyMalformed:
    return BodyMalformed(Fault(pointer=pointer, code=code, detail=detail))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_float=_finite, parse_constant=_refuse_constant
)
