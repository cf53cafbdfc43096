"""Query parameters and forms: texts under names, read into a struct with every fault listed."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_origin
from urllib.parse import parse_qsl

import msgspec

from gateway.door.errors import RequestInvalid
from gateway.door.faults import finder_of
from gateway.wire.problem import Fault
from gateway.wire.time import TIME_PATTERN

# No operation has half as many; a longer list is an attack on the parser.
_MAX_PARAMETERS = 50
# A database text holds no NUL, a lone surrogate is no text, and `$` in a pattern overlooks a last line break.
_TIME = re.compile(TIME_PATTERN)
_NO_TIME = "has to be an RFC 3339 time with its offset"
# A pattern would say less than these to whoever made a value up.
_OWN_WORDS = {"cursor": "has to be `next` of this list's page before, or be left out"}
_UNREADABLE = frozenset({"wrong_format", "too_long"})
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Parameters:
    """Reads one struct type.

    Args:
        shape: the struct; each field is text, a number, a time, a choice, or a list of such.
        prefix: where the faults point, `#query/` or `/` for a form.
    """

    def __init__(self, shape: type[msgspec.Struct], *, prefix: str) -> None:
        self._shape = shape
        self._prefix = prefix
        self._fields = {one.encode_name: one for one in msgspec.structs.fields(shape)}
        self._lists = {name for name, one in self._fields.items() if get_origin(_bare(one.type)) is list}
        self._times = {name for name, one in self._fields.items() if _bare(one.type) is datetime}
        self._nothing = None if any(one.required for one in self._fields.values()) else shape()

    def read(self, text: str) -> Any:
        """The struct from `name=value&…`.

        Raises:
            RequestInvalid: lists every fault.
        """
        if not text and self._nothing is not None:
            return self._nothing
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
        except ValueError:
            raise RequestInvalid(
                [self._fault("", "not_urlencoded", "is not form-urlencoded UTF-8")]
            ) from None
        values, faults = self._collect(pairs)
        if not faults:
            try:
                return msgspec.convert(values, self._shape, strict=False)
            except msgspec.ValidationError as error:
                said = self._fault("", "invalid", _lower_first(str(error)))
            raise RequestInvalid([*self._find(values)] or [said])
        known = {one.pointer for one in faults}
        raise RequestInvalid([*faults, *(one for one in self._find(values) if one.pointer not in known)])

    def _collect(self, pairs: list[tuple[str, str]]) -> tuple[dict[str, Any], list[Fault]]:
        """Values by name, and what is wrong with their text; only a list's name may stand twice."""
        values: dict[str, Any] = {}
        faults = []
        for name, value in pairs:
            if name not in self._fields:
                faults.append(self._fault(name, "unknown_field", "is not a parameter here"))
            elif name in self._lists:
                values.setdefault(name, []).append(value)
            elif name in values:
                faults.append(self._fault(name, "duplicate_key", "stands twice"))
            else:
                values[name] = value
            if _CONTROL.search(value):
                faults.append(self._fault(name, "wrong_format", "holds a control character"))
            elif name in self._times and not _TIME.match(value):
                faults.append(self._fault(name, "wrong_format", _NO_TIME))
        return values, faults

    def _find(self, values: dict[str, Any]) -> Iterator[Fault]:
        """What the schema says of the values as JSON, one fault for each name."""
        document = {name: self._as_json(name, value) for name, value in values.items()}
        told: set[str] = set()
        for one in finder_of(self._shape).find(document):
            name = one.pointer.split("/")[1]
            if name not in told:
                told.add(name)
                own = _OWN_WORDS.get(name) if one.code in _UNREADABLE else None
                if name in self._times:
                    own = _NO_TIME
                yield self._fault(name, "wrong_format" if own else one.code, own or one.detail)

    def _as_json(self, name: str, value: Any) -> Any:
        """What a text says, as the kind of its field if it can be read as one."""
        if isinstance(value, list):
            return value
        kind = _bare(self._fields[name].type)
        try:
            return msgspec.to_builtins(msgspec.convert(value, kind, strict=False))
        except msgspec.ValidationError:
            return value

    def _fault(self, name: str, code: str, detail: str) -> Fault:
        printable = _CONTROL.sub("?", name)[:64]
        return Fault(pointer=f"{self._prefix}{printable}", code=code, detail=detail)


def _bare(annotated: Any) -> Any:
    """The type inside `Annotated` and `… | None`."""
    arguments = getattr(annotated, "__args__", ())
    if hasattr(annotated, "__metadata__"):
        return _bare(annotated.__origin__)
    if type(None) in arguments:
        return _bare(next(one for one in arguments if one is not type(None)))
    return annotated


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
