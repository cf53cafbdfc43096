"""From the text of a payload to what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from qr.emv_mpm.check import Levels, check
from qr.emv_mpm.code import (
    AdditionalData,
    FixedTip,
    Initiation,
    LanguageTemplate,
    MpmCode,
    PercentTip,
    PrimitiveAccount,
    PromptedTip,
    Template,
    Tip,
)
from qr.emv_mpm.dictionary import (
    ACCOUNTS,
    ADDITIONAL_FIELDS,
    FIRST_ACCOUNT_TEMPLATE,
    SYSTEM_TEMPLATES,
    UNRESERVED,
)
from qr.emv_mpm.faults import TOLERATED, FaultKind, MpmRefused
from qr.emv_mpm.objects import DataObject
from qr.fault import Fault

_LONGEST_READ = 2953
"""More bytes than any QR symbol holds (version 40-L): longer text was never scanned."""


class Mode(Enum):
    """How to treat faults that change neither payee nor amount."""

    STRICT = auto()
    LENIENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A payload that was accepted.

    `faults` is empty after a strict reading; `objects` are those of the root in their order, reserved ones
    included, which an application ignores (section 4.3).
    """

    code: MpmCode
    objects: tuple[DataObject, ...]
    faults: tuple[Fault, ...]


def parse(payload: str, mode: Mode = Mode.STRICT) -> Parsed:
    """Read a merchant-presented payload. A right CRC does not make it valid.

    Raises:
        MpmRefused: names every fault; in lenient mode also those it would have tolerated.
    """
    if len(payload) > _LONGEST_READ:
        raise MpmRefused([_never_scanned(payload)])
    levels, faults = check(payload)
    if any(mode is Mode.STRICT or fault.kind not in TOLERATED for fault in faults):
        raise MpmRefused(faults)
    return Parsed(code=_code(levels), objects=tuple(levels[""].values()), faults=tuple(faults))


def _never_scanned(payload: str) -> Fault:
    return Fault(
        kind=FaultKind.PAYLOAD_TOO_LONG,
        tag="",
        position=_LONGEST_READ,
        detail=f"{len(payload)} characters, more than a QR symbol holds",
    )


def _code(levels: Levels) -> MpmCode:
    root = _values(levels[""])
    initiation = root.get("01")
    return MpmCode(
        accounts=tuple(_account(one, levels) for one in levels[""].values() if one.tag in ACCOUNTS),
        mcc=root["52"],
        currency=root["53"],
        country=root["58"],
        name=root["59"],
        city=root["60"],
        initiation=Initiation(initiation) if initiation else None,
        amount=root.get("54"),
        tip=_tip(root),
        postal_code=root.get("61"),
        additional=_additional(levels) if "62" in root else None,
        language=_language(levels["64"]) if "64" in root else None,
        templates=_templates(levels, within="", tags=UNRESERVED),
    )


def _values(objects: Mapping[str, DataObject]) -> dict[str, str]:
    return {tag: one.value for tag, one in objects.items()}


def _account(one: DataObject, levels: Levels) -> PrimitiveAccount | Template:
    if one.tag < FIRST_ACCOUNT_TEMPLATE:
        return PrimitiveAccount(tag=one.tag, value=one.value)
    return _template(one, levels)


def _template(one: DataObject, levels: Levels) -> Template:
    inside = _values(levels[one.path])
    gui = inside.pop("00")
    return Template(tag=one.tag, gui=gui, fields=tuple(inside.items()))


def _templates(levels: Levels, *, within: str, tags: tuple[str, ...]) -> tuple[Template, ...]:
    return tuple(_template(one, levels) for one in levels[within].values() if one.tag in tags)


def _tip(root: Mapping[str, str]) -> Tip | None:
    match root.get("55"):
        case "01":
            return PromptedTip()
        case "02":
            return FixedTip(root["56"])
        case "03":
            return PercentTip(root["57"])
        case _:
            return None


def _additional(levels: Levels) -> AdditionalData:
    inside = _values(levels["62"])
    named = {name: inside.get(tag) for tag, name in ADDITIONAL_FIELDS.items()}
    return AdditionalData(
        **named,
        consumer_data_request=inside.get("09"),
        templates=_templates(levels, within="62", tags=SYSTEM_TEMPLATES),
    )


def _language(objects: Mapping[str, DataObject]) -> LanguageTemplate:
    inside = _values(objects)
    return LanguageTemplate(language=inside["00"], name=inside["01"], city=inside.get("02"))
