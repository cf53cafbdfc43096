"""A file of sub-merchants as lines: CSV under a header of ours, or JSON lines as one by one.

A line is not judged here; only a file that is none at all is refused. Pure, and for an executor: a file may have 20 MB.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from merchants.onboarding.errors import BulkFileUnreadable

Format = Literal["csv", "jsonl"]
# A day's work for a reviewer's sample; a larger partner sends several files.
MAX_LINES: Final = 20_000
# Longer than any line of ours; a quote that never closes would swallow the file.
_MAX_LINE_CHARACTERS: Final = 64 * 1024
# As of any other request.
_MAX_DEPTH: Final = 16
_LARGEST: Final = 2**63 - 1

# Each column's place in an application. `reference` is the partner's own name for the line.
COLUMNS: Final[Mapping[str, tuple[str | int, ...]]] = {
    "reference": ("reference",),
    "licence_name": ("licence", "name"),
    "credit_code": ("licence", "credit_code"),
    "form": ("licence", "form"),
    "licence_address": ("licence", "address"),
    "licence_valid_from": ("licence", "valid_from"),
    "licence_valid_until": ("licence", "valid_until"),
    "representative_name": ("legal_representative", "name"),
    "representative_document": ("legal_representative", "document"),
    "representative_document_number": ("legal_representative", "document_number"),
    "representative_valid_until": ("legal_representative", "valid_until"),
    "owner_name": ("owners", 0, "name"),
    "owner_document": ("owners", 0, "document"),
    "owner_document_number": ("owners", 0, "document_number"),
    "owner_valid_until": ("owners", 0, "valid_until"),
    "contact_name": ("contact", "name"),
    "phone": ("contact", "phone"),
    "email": ("contact", "email"),
    "short_name": ("short_name",),
    "city": ("city",),
    "mcc": ("mcc",),
    "account_name": ("settlement", "account_name"),
    "bank_name": ("settlement", "bank_name"),
    "branch_number": ("settlement", "branch_number"),
    "account_number": ("settlement", "account_number"),
    "store_name": ("stores", 0, "name"),
    "area_code": ("stores", 0, "area_code"),
    "store_address": ("stores", 0, "address"),
    "domain": ("online", "domain"),
    "app_name": ("online", "app_name"),
}
_COLUMN_AT: Final = {"/" + "/".join(map(str, place)): name for name, place in COLUMNS.items()}


def lines_of(raw: bytes, format_: Format) -> list[tuple[int, Any]]:
    """Every line with its number, which is that of the editor: the header is 1; empty lines are left out.

    A line of CSV is a document already; one of JSON lines that is no object is None.

    Raises:
        BulkFileUnreadable: no UTF-8, no header of ours, nothing in it, or too much.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BulkFileUnreadable("it is not UTF-8") from None
    if "\x00" in text:
        raise BulkFileUnreadable("it holds a NUL")
    found: list[tuple[int, Any]] = []
    for one in _csv(text) if format_ == "csv" else _json_lines(text):
        found.append(one)
        if len(found) > MAX_LINES:
            raise BulkFileUnreadable(f"it has more than {MAX_LINES} lines")
    if not found:
        raise BulkFileUnreadable("there is no line in it")
    return found


def column_of(pointer: str) -> str:
    """The column that a fault's pointer is about; a whole section stands under its first column."""
    if pointer in _COLUMN_AT:
        return _COLUMN_AT[pointer]
    inside = (name for place, name in _COLUMN_AT.items() if place.startswith(pointer.rstrip("/") + "/"))
    return next(inside, pointer)


def _csv(text: str) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(_MAX_LINE_CHARACTERS)
    reader = csv.reader(_bounded(io.StringIO(text, newline="")), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        begun = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begun, _document(header, cells)
            begun = reader.line_num + 1
    except csv.Error as error:
        raise BulkFileUnreadable(f"line {reader.line_num}: {error}") from None


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    """A line of a million commas would be a million cells."""
    for number, line in enumerate(lines, 1):
        if len(line) > _MAX_LINE_CHARACTERS:
            raise BulkFileUnreadable(f"line {number}: it is longer than any line of ours")
        yield line


def _check_header(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or not header:
        raise BulkFileUnreadable(f"the header has columns we do not know: {', '.join(unknown)[:200]}")
    if len(set(header)) < len(header):
        raise BulkFileUnreadable("the header names a column twice")


def _document(header: list[str], cells: list[str]) -> Any:
    """The line as an application's JSON; None for one with another number of cells."""
    if len(cells) != len(header):
        return None
    document: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if cell.strip():
            _put(document, COLUMNS[name], cell.strip())
    return document


def _put(document: dict[str, Any], place: tuple[str | int, ...], value: str) -> None:
    match place:
        case (str(only),):
            document[only] = value
        case (str(section), str(member)):
            document.setdefault(section, {})[member] = value
        case (str(section), int(), str(member)):
            document.setdefault(section, [{}])[0][member] = value
        case _:
            raise AssertionError(place)


def _json_lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(io.StringIO(text, newline="\n"), 1):
        if line.strip():
            yield number, _object(line)


def _object(line: str) -> Any:
    """The line's object, of which no member stands twice; None where it is none, or PostgreSQL cannot hold it."""
    if len(line) > _MAX_LINE_CHARACTERS:
        return None
    try:
        found = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and _is_sound(found, _MAX_DEPTH) else None


def _is_sound(value: Any, depth: int) -> bool:
    """Escapes may hide a NUL or half a surrogate pair: neither can be stored, nor can a number above 64 bits."""
    match value:
        case str():
            return "\x00" not in value and not any("\ud800" <= one <= "\udfff" for one in value)
        case float():
            return math.isfinite(value)
        case int():
            return abs(value) <= _LARGEST
        case dict():
            children: Iterable[Any] = (*value.keys(), *value.values())
        case list():
            children = value
        case _:
            return True
    return depth > 0 and all(_is_sound(child, depth - 1) for child in children)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice")
    return members
