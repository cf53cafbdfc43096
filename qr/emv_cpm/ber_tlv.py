"""BER-TLV both ways (EMV Book 3, annex B; ISO/IEC 8825-1): tags of up to three bytes, definite lengths."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qr.emv_cpm.faults import FaultKind
from qr.fault import Fault

_MORE_TAG_BYTES = 0x1F
_MORE_FOLLOWS = 0x80
_LONGEST_TAG = 3
_LONGEST_LENGTH_FIELD = 2
_SHORT_FORM_END = 0x80


@dataclass(frozen=True, slots=True)
class DataObject:
    """A tag in upper-case hex (`5F20`) and its value, a template's undecoded."""

    tag: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """An object found in a payload, with the byte its tag and its value begin at."""

    data: DataObject
    position: int
    value_position: int


def read_objects(content: bytes, *, path: str = "", start: int = 0) -> Iterator[Placed | Fault]:
    """The objects of one level in order; a fault in the framing is the last thing found.

    Args:
        content: a payload or a template's value.
        path: of the template, for faults.
        start: where the content begins in the payload.
    """
    at = 0
    while at < len(content):
        found = _read_object(content, at, path, start)
        yield found
        if isinstance(found, Fault):
            return
        at = found.value_position - start + len(found.data.value)


def write_objects(objects: Iterable[DataObject]) -> bytes:
    """Objects as bytes, every length in its shortest form."""
    return b"".join(bytes.fromhex(one.tag) + _length(len(one.value)) + one.value for one in objects)


def _read_object(content: bytes, at: int, path: str, start: int) -> Placed | Fault:
    tag_end = _tag_end(content, at)
    if tag_end is None:
        detail = "no tag of one to three bytes"
        return Fault(kind=FaultKind.TAG_MALFORMED, tag=path, position=start + at, detail=detail)
    tag = content[at:tag_end].hex().upper()
    found = _read_length(content, tag_end)
    if isinstance(found, FaultKind):
        full = f"{path}.{tag}" if path else tag
        return Fault(kind=found, tag=full, position=start + at, detail=_WORDS[found])
    length, value_at = found
    value = content[value_at : value_at + length]
    return Placed(DataObject(tag, value), start + at, start + value_at)


_WORDS = {
    FaultKind.LENGTH_MALFORMED: "the length is indefinite, or has more than two bytes",
    FaultKind.TRUNCATED: "the payload ends before the value does",
}


def _tag_end(content: bytes, at: int) -> int | None:
    """Where the tag ends. Zero is padding in a chip's records and no tag here."""
    if content[at] == 0:
        return None
    if content[at] & _MORE_TAG_BYTES != _MORE_TAG_BYTES:
        return at + 1
    for end in range(at + 1, min(at + _LONGEST_TAG, len(content))):
        if not content[end] & _MORE_FOLLOWS:
            return end + 1
    return None


def _read_length(content: bytes, at: int) -> tuple[int, int] | FaultKind:
    """The length and where the value begins."""
    if at >= len(content):
        return FaultKind.TRUNCATED
    first = content[at]
    if first < _SHORT_FORM_END:
        length, value_at = first, at + 1
    else:
        size = first - _SHORT_FORM_END
        if not 1 <= size <= _LONGEST_LENGTH_FIELD:
            return FaultKind.LENGTH_MALFORMED
        value_at = at + 1 + size
        if value_at > len(content):
            return FaultKind.TRUNCATED
        length = int.from_bytes(content[at + 1 : value_at])
    return (length, value_at) if value_at + length <= len(content) else FaultKind.TRUNCATED


def _length(length: int) -> bytes:
    if length < _SHORT_FORM_END:
        return bytes([length])
    size = (length.bit_length() + 7) // 8
    assert size <= _LONGEST_LENGTH_FIELD, "no payload of ours has 64 KiB"
    return bytes([_SHORT_FORM_END + size]) + length.to_bytes(size)
