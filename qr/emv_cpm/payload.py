"""From Base64 to what a payload says, and back (sections 2.1 to 2.5)."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from qr.emv_cpm.ber_tlv import DataObject, Placed, read_objects, write_objects
from qr.emv_cpm.code import CpmCode, PoiData
from qr.emv_cpm.faults import CpmRefused, FaultKind
from qr.fault import Fault

_MAGIC = "hQVDUFY"
_VERSION = DataObject("85", b"CPV01")
_APPLICATION, _COMMON = "61", "62"
_MOST_APPLICATIONS = 2
_LONGEST_TEXT = 2953  # bytes of the largest QR symbol

_LENGTHS: dict[str, tuple[int, int]] = {
    "4F": (5, 16),
    "50": (1, 16),
    "57": (1, 19),
    "5A": (1, 10),
    "5F20": (2, 26),
    "5F2D": (2, 8),
    "9F08": (2, 2),
    "9F19": (6, 6),
    "9F24": (29, 29),
    "9F25": (2, 2),
}
"""Shortest and longest value in bytes (table 2.2); 5F50, a URL, is bound by the payload alone."""

_TRACK_2 = re.compile("[0-9]+D[0-9]+F?")
_ACCOUNT_NUMBER = re.compile("[0-9]+F?")
_DIGITS = {"57": _TRACK_2, "5A": _ACCOUNT_NUMBER}


def looks_like_cpm(scanned: str) -> bool:
    """Whether a scanned text means to be one: Base64 of the version object begins so."""
    return scanned.startswith(_MAGIC)


def parse(text: str) -> CpmCode:
    """Read a consumer-presented payload.

    Raises:
        CpmRefused: names every fault; positions are bytes after decoding.
    """
    content = _decoded(text)
    root = list(read_objects(content))
    faults = [one for one in root if isinstance(one, Fault)]
    placed = [one for one in root if isinstance(one, Placed)]
    if not faults:
        faults += _root_faults(placed, len(content))
    for one in placed:
        if one.data.tag in {_APPLICATION, _COMMON}:
            faults += _inside(one)
    code = _code(placed)
    if not faults:
        faults += _account_faults(code, placed)
    if faults:
        raise CpmRefused(sorted(faults, key=lambda fault: fault.position))
    return code


def build(code: CpmCode) -> str:
    """The payload of a code.

    Raises:
        CpmRefused: what was asked for is not valid.
    """
    applications = [DataObject(_APPLICATION, write_objects(one.objects)) for one in code.applications]
    common = [DataObject(_COMMON, write_objects(code.common.objects))] if code.common else []
    content = write_objects([_VERSION, *applications, *common, *code.others])
    text = base64.b64encode(content).decode()
    parse(text)
    return text


def _decoded(text: str) -> bytes:
    if len(text) > _LONGEST_TEXT:
        detail = f"{len(text)} characters, more than a QR symbol holds"
        raise CpmRefused([_fault(FaultKind.PAYLOAD_TOO_LONG, "", _LONGEST_TEXT, detail)])
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        content = b""
    if base64.b64encode(content).decode() != text:  # or spare bits are set: one payload has one spelling
        raise CpmRefused([_fault(FaultKind.NOT_BASE64, "", 0, "the text is not Base64")])
    return content


def _root_faults(placed: Sequence[Placed], end: int) -> Iterator[Fault]:
    tags = [one.data.tag for one in placed]
    if not placed or placed[0].data != _VERSION:
        yield _fault(FaultKind.WRONG_VALUE, _VERSION.tag, 0, "the payload begins with version CPV01")
    if _APPLICATION not in tags:
        yield _fault(FaultKind.MISSING, _APPLICATION, end, "there is no application template")
    ranks = [_rank(one.data.tag) for one in placed]
    for one, rank, before in zip(placed[1:], ranks[1:], ranks, strict=False):
        if rank < before:
            detail = "the version, applications, common data and others follow in this order"
            yield _fault(FaultKind.OUT_OF_ORDER, one.data.tag, one.position, detail)
    yield from _duplicates(placed, "", most={_APPLICATION: _MOST_APPLICATIONS})


def _rank(tag: str) -> int:
    return {_VERSION.tag: 0, _APPLICATION: 1, _COMMON: 2}.get(tag, 3)


def _inside(template: Placed) -> Iterator[Fault]:
    """Every fault of a template's objects."""
    path = template.data.tag
    objects = list(read_objects(template.data.value, path=path, start=template.value_position))
    placed = [one for one in objects if isinstance(one, Placed)]
    yield from (one for one in objects if isinstance(one, Fault))
    yield from _duplicates(placed, f"{path}.", most={})
    for one in placed:
        yield from _value_faults(one, f"{path}.{one.data.tag}")
    if path == _APPLICATION and all(one.data.tag != "4F" for one in placed):
        yield _fault(FaultKind.MISSING, "61.4F", template.position, "the application names itself in 4F")


def _value_faults(one: Placed, path: str) -> Iterator[Fault]:
    shortest, longest = _LENGTHS.get(one.data.tag, (0, len(one.data.value)))
    if not shortest <= len(one.data.value) <= longest:
        detail = f"has {shortest} to {longest} bytes, not {len(one.data.value)}"
        yield _fault(FaultKind.WRONG_LENGTH, path, one.position, detail)
    digits = _DIGITS.get(one.data.tag)
    if digits and not digits.fullmatch(one.data.value.hex().upper()):
        yield _fault(FaultKind.WRONG_VALUE, path, one.position, "holds decimal digits, padded with F")


def _duplicates(placed: Sequence[Placed], prefix: str, *, most: dict[str, int]) -> Iterator[Fault]:
    seen: Counter[str] = Counter()
    for one in placed:
        seen[one.data.tag] += 1
        if seen[one.data.tag] > most.get(one.data.tag, 1):
            detail = "this tag stands too often on its level"
            yield _fault(FaultKind.DUPLICATE, prefix + one.data.tag, one.position, detail)


def _account_faults(code: CpmCode, placed: Sequence[Placed]) -> Iterator[Fault]:
    """Track 2 or an account number is in each application or in what they share."""
    if code.common and (code.common.get("57") or code.common.get("5A")):
        return
    templates = [one for one in placed if one.data.tag == _APPLICATION]
    for template, application in zip(templates, code.applications, strict=True):
        if not (application.get("57") or application.get("5A")):
            yield _fault(FaultKind.MISSING, "61.57", template.position, "there is neither 57 nor 5A")


def _code(placed: Sequence[Placed]) -> CpmCode:
    objects = [one.data for one in placed]
    common = next((one for one in objects if one.tag == _COMMON), None)
    return CpmCode(
        applications=tuple(_poi(one) for one in objects if one.tag == _APPLICATION),
        common=_poi(common) if common else None,
        others=tuple(one for one in objects if one.tag not in {_VERSION.tag, _APPLICATION, _COMMON}),
    )


def _poi(template: DataObject) -> PoiData:
    found = read_objects(template.value)
    return PoiData(tuple(one.data for one in found if isinstance(one, Placed)))


def _fault(kind: FaultKind, tag: str, position: int, detail: str) -> Fault:
    return Fault(kind=kind, tag=tag, position=position, detail=detail)
