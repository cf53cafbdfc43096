"""The data objects a payload is made of: two digits of ID, two of length, then so many characters.

EMVCo MPM v1.1, section 3.2. The length counts characters, not bytes: `最佳运输` has length `04`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from qr.emv_mpm.faults import FaultKind
from qr.fault import Fault

_HEADER = 4


@dataclass(frozen=True, slots=True)
class DataObject:
    """An object as it stands in the payload; `path` is `62.05`, `position` that of its ID."""

    tag: str
    path: str
    value: str
    position: int

    @property
    def value_position(self) -> int:
        return self.position + _HEADER


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The objects of the root or of one template, in order; not `whole` when the framing broke."""

    objects: dict[str, DataObject]
    whole: bool


def read_level(text: str, faults: list[Fault], *, within: DataObject | None = None) -> Level:
    """Cut a level into objects by ID; after a fault in the framing the rest cannot be found.

    Args:
        text: the payload, or a template's value.
        faults: where broken framing and repeated IDs are noted.
        within: the template that is read, None for the root.
    """
    objects: dict[str, DataObject] = {}
    for one in _frames(text, within):
        if isinstance(one, Fault):
            faults.append(one)
            return Level(objects=objects, whole=False)
        if one.tag in objects:
            faults.append(_fault(FaultKind.DUPLICATE, one, "this ID stands twice on its level"))
        else:
            objects[one.tag] = one
    return Level(objects=objects, whole=True)


def write_object(tag: str, value: str) -> str:
    """An object as text; the caller checks the length, which 99 characters bound."""
    return f"{tag}{len(value):02d}{value}"


def _frames(text: str, within: DataObject | None) -> Iterator[DataObject | Fault]:
    start = within.value_position if within else 0
    prefix = f"{within.path}." if within else ""
    at, end = 0, len(text)
    while at < end:
        tag, digits = text[at : at + 2], text[at + 2 : at + _HEADER]
        length = int(digits) if _is_number(digits) else 0
        value = text[at + _HEADER : at + _HEADER + length]
        one = DataObject(tag, prefix + tag, value, start + at)
        yield _framing_fault(one, digits, length, within) or one
        at += _HEADER + length


def _framing_fault(one: DataObject, digits: str, length: int, within: DataObject | None) -> Fault | None:
    if not _is_number(one.tag):
        path = within.path if within else ""
        return Fault(
            kind=FaultKind.ID_NOT_NUMERIC,
            tag=path,
            position=one.position,
            detail="an object begins with an ID of two digits",
        )
    if not _is_number(digits):
        return _fault(FaultKind.LENGTH_NOT_NUMERIC, one, "the length after the ID has two digits")
    if length == 0:
        return _fault(FaultKind.LENGTH_ZERO, one, "an object has at least one character")
    if len(one.value) < length:
        return _fault(FaultKind.TRUNCATED, one, f"announces {length} characters, {len(one.value)} are left")
    return None


def _is_number(text: str) -> bool:
    """Two ASCII digits; `isdigit` alone also takes superscripts and other scripts' digits."""
    return len(text) == 2 and text.isascii() and text.isdigit()  # noqa: PLR2004 - IDs and lengths have two digits


def _fault(kind: FaultKind, one: DataObject, detail: str) -> Fault:
    return Fault(kind=kind, tag=one.path, position=one.position, detail=detail)
