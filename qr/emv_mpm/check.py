"""The rules of the dictionary, applied to objects; every breach becomes a fault with its place."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from qr.crc import crc16
from qr.emv_mpm.dictionary import ACCOUNTS, MAX_PAYLOAD, REQUIRED, ROOT, Format, Rule
from qr.emv_mpm.faults import FaultKind
from qr.emv_mpm.objects import DataObject, Level, read_level
from qr.fault import Fault

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ANS = re.compile("[\x20-\x7e]*")
_DIGITS = re.compile("[0-9]*")
_TIP_VALUES: Mapping[str | None, tuple[str, ...]] = {None: (), "01": (), "02": ("56",), "03": ("57",)}

Levels = dict[str, dict[str, DataObject]]
"""Objects by ID, by the path of the template they stand in; the root's path is empty."""


def check(payload: str) -> tuple[Levels, list[Fault]]:
    """Every object of a payload and every fault, in the order of their places."""
    faults: list[Fault] = []
    levels: Levels = {}
    _check_text(payload, faults)
    root = read_level(payload, faults)
    levels[""] = root.objects
    for one in root.objects.values():
        _check_object(one, ROOT[one.tag], levels, faults)
    if root.whole:
        end = len(payload)
        faults.extend(_missing(root, ROOT, REQUIRED, path="", position=end))
        faults.extend(_order_faults(root.objects, position=end))
    faults.extend(_tip_faults(root.objects))
    faults.extend(_crc_faults(payload, root.objects.get("63")))
    return levels, sorted(faults, key=lambda fault: fault.position)


def _check_text(payload: str, faults: list[Fault]) -> None:
    unprintable = _UNPRINTABLE.search(payload)
    if unprintable:
        detail = "a control character or half a surrogate pair"
        faults.append(_at(FaultKind.UNPRINTABLE, unprintable.start(), detail))
    if len(payload) > MAX_PAYLOAD:
        detail = f"{len(payload)} characters, at most {MAX_PAYLOAD} are allowed"
        faults.append(_at(FaultKind.PAYLOAD_TOO_LONG, MAX_PAYLOAD, detail))


def _check_object(one: DataObject, rule: Rule, levels: Levels, faults: list[Fault]) -> None:
    faults.extend(_value_faults(one, rule))
    if not rule.inside:
        return
    level = read_level(one.value, faults, within=one)
    levels[one.path] = level.objects
    for child in level.objects.values():
        child_rule = rule.inside.get(child.tag)
        if child_rule:
            _check_object(child, child_rule, levels, faults)
        else:
            faults.append(_of(FaultKind.WRONG_VALUE, child, f"is no object of {rule.name}"))
    if level.whole:
        end = one.value_position + len(one.value)
        faults.extend(_missing(level, rule.inside, rule.required, path=one.path, position=end))


def _value_faults(one: DataObject, rule: Rule) -> list[Fault]:
    length = len(one.value)
    if not rule.shortest <= length <= rule.longest:
        return [_length_fault(one, rule, length)]
    if rule.format is Format.N and not _DIGITS.fullmatch(one.value):
        return [_of(FaultKind.WRONG_VALUE, one, f"{rule.name} has digits only")]
    if rule.pattern and not rule.pattern.fullmatch(one.value):
        lower = rule.pattern.fullmatch(one.value.upper())
        kind = FaultKind.LOWER_CASE if lower else FaultKind.WRONG_VALUE
        return [_of(kind, one, f"{rule.name} must be {rule.meaning}")]
    if not _written_as(rule.format, one.value):
        return [_of(FaultKind.WRONG_CHARACTERS, one, f"{rule.name} is written in {rule.format.value}")]
    return []


def _length_fault(one: DataObject, rule: Rule, length: int) -> Fault:
    if rule.shortest == rule.longest:
        detail = f"{rule.name} has {rule.longest} characters, not {length}"
        return _of(FaultKind.WRONG_LENGTH, one, detail)
    kind = FaultKind.WRONG_LENGTH if rule.pattern else FaultKind.TOO_LONG
    return _of(kind, one, f"{rule.name} has at most {rule.longest} characters, not {length}")


def _written_as(fmt: Format, value: str) -> bool:
    if value.isascii():
        return _ANS.fullmatch(value) is not None
    return fmt is Format.S and unicodedata.is_normalized("NFC", value)


def _missing(
    level: Level, rules: Mapping[str, Rule], required: Sequence[str], *, path: str, position: int
) -> list[Fault]:
    return [
        Fault(
            kind=FaultKind.MISSING,
            tag=f"{path}.{tag}" if path else tag,
            position=position,
            detail=f"{rules[tag].name} is missing",
        )
        for tag in required
        if tag not in level.objects
    ]


def _order_faults(objects: Mapping[str, DataObject], *, position: int) -> list[Fault]:
    faults = []
    order = list(objects.values())
    if "00" in objects and order[0].tag != "00":
        faults.append(_of(FaultKind.NOT_FIRST, objects["00"], "payload format comes first"))
    if "63" in objects and order[-1].tag != "63":
        faults.append(_of(FaultKind.NOT_LAST, objects["63"], "the CRC comes last"))
    if objects.keys().isdisjoint(ACCOUNTS):
        faults.append(_at(FaultKind.MISSING, position, "merchant account (one of 02 to 51) is missing"))
    return faults


def _tip_faults(objects: Mapping[str, DataObject]) -> list[Fault]:
    indicator = objects.get("55")
    wanted = _TIP_VALUES.get(indicator.value if indicator else None)
    if wanted is None:
        return []  # the indicator's own value is the fault
    faults = [
        _of(FaultKind.TIP_CONFLICT, objects[tag], "stands without the tip indicator that calls for it")
        for tag in ("56", "57")
        if tag in objects and tag not in wanted
    ]
    if indicator:
        faults += [
            _of(FaultKind.TIP_CONFLICT, indicator, f"calls for object {tag}, which is missing")
            for tag in wanted
            if tag not in objects
        ]
    return faults


def _crc_faults(payload: str, crc: DataObject | None) -> list[Fault]:
    if crc is None:
        return []
    expected = crc16(payload[: crc.value_position].encode("utf-8", "surrogatepass"))
    if crc.value == expected:
        return []
    if crc.value.upper() == expected:
        return [_of(FaultKind.LOWER_CASE, crc, "the CRC is written in capitals")]
    return [_of(FaultKind.CRC_WRONG, crc, "the CRC does not fit the characters before it")]


def _of(kind: FaultKind, one: DataObject, detail: str) -> Fault:
    return Fault(kind=kind, tag=one.path, position=one.position, detail=detail)


def _at(kind: FaultKind, position: int, detail: str) -> Fault:
    return Fault(kind=kind, tag="", position=position, detail=detail)
