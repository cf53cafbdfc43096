"""From what a code says to the text of its payload."""

from collections.abc import Iterator

from qr.crc import crc16
from qr.emv_mpm.check import check
from qr.emv_mpm.code import (
    AdditionalData,
    FixedTip,
    LanguageTemplate,
    MpmCode,
    PercentTip,
    PrimitiveAccount,
    PromptedTip,
    Template,
    Tip,
)
from qr.emv_mpm.dictionary import ADDITIONAL_FIELDS, MAX_VALUE
from qr.emv_mpm.faults import FaultKind, MpmRefused
from qr.emv_mpm.objects import write_object
from qr.fault import Fault

_CRC_HEADER = "6304"

Objects = Iterator[tuple[str, str | None]]


def build(code: MpmCode) -> str:
    """The payload of a code, objects in the order of their IDs, with its CRC.

    Raises:
        MpmRefused: what was asked for is not valid; the positions are those in the text it would have been.
    """
    payload = with_crc(body(code))
    _, faults = check(payload)
    if faults:
        raise MpmRefused(faults)
    return payload


def body(code: MpmCode) -> str:
    """Everything before the CRC, not checked: a signature is appended to this."""
    return _write(_objects(code))


def with_crc(text: str) -> str:
    """Close a payload with object 63."""
    text += _CRC_HEADER
    return text + crc16(text.encode("utf-8", "surrogatepass"))


def template(one: Template) -> str:
    """A template whole, with its ID."""
    return write_object(one.tag, _inside(one))


def _objects(code: MpmCode) -> Objects:
    yield "00", "01"
    yield "01", code.initiation.value if code.initiation else None
    for account in code.accounts:
        yield account.tag, account.value if isinstance(account, PrimitiveAccount) else _inside(account)
    yield "52", code.mcc
    yield "53", code.currency
    yield "54", code.amount
    yield from _tip_objects(code.tip)
    yield "58", code.country
    yield "59", code.name
    yield "60", code.city
    yield "61", code.postal_code
    yield "62", _additional(code.additional) if code.additional else None
    yield "64", _language(code.language) if code.language else None
    for one in code.templates:
        yield one.tag, _inside(one)


def _tip_objects(tip: Tip | None) -> Objects:
    match tip:
        case PromptedTip():
            yield "55", "01"
        case FixedTip(amount):
            yield "55", "02"
            yield "56", amount
        case PercentTip(percent):
            yield "55", "03"
            yield "57", percent
        case None:
            pass


def _additional(data: AdditionalData) -> str:
    named: list[tuple[str, str | None]] = [
        (tag, getattr(data, name)) for tag, name in ADDITIONAL_FIELDS.items()
    ]
    named.append(("09", data.consumer_data_request))
    named.extend((one.tag, _inside(one)) for one in data.templates)
    return _write(iter(named))


def _language(language: LanguageTemplate) -> str:
    return _write(iter([("00", language.language), ("01", language.name), ("02", language.city)]))


def _inside(one: Template) -> str:
    return _write(iter([("00", one.gui), *one.fields]))


def _write(objects: Objects) -> str:
    return "".join(_checked_object(tag, value) for tag, value in objects if value is not None)


def _checked_object(tag: str, value: str) -> str:
    """Text longer than two digits can announce would shift everything after it, so it is refused first."""
    if len(value) > MAX_VALUE:
        detail = f"an object has at most {MAX_VALUE} characters, not {len(value)}"
        raise MpmRefused([Fault(kind=FaultKind.TOO_LONG, tag=tag, position=0, detail=detail)])
    return write_object(tag, value)
