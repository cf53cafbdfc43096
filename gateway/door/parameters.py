"""Query parameters and forms: texts under names, read into a struct with every fault listed."""

import re
from datetime import datetime
from typing import Any, get_origin
from urllib.parse import parse_qsl

import msgspec

from gateway.door.errors import RequestInvalid
from gateway.wire.problem import Fault
from gateway.wire.time import TIME_PATTERN

# No operation has half as many; a longer list is an attack on the parser.
_MAX_PARAMETERS = 50
# A database text holds no NUL, a lone surrogate is no text, and `$` in a pattern overlooks a last line break.
_TIME = re.compile(TIME_PATTERN)
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
        return self._convert(self._collect(pairs))

    def _collect(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        """Values by name; a name that stands twice is a fault unless its field is a list."""
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
                faults.append(self._fault(name, "wrong_format", "has to be an RFC 3339 time with its offset"))
        if faults:
            raise RequestInvalid(faults)
        return values

    def _convert(self, values: dict[str, Any]) -> Any:
        try:
            return msgspec.convert(values, self._shape, strict=False)
        except msgspec.ValidationError as error:
            raise RequestInvalid(self._find(values) or [self._fault("", "invalid", str(error))]) from None

    def _find(self, values: dict[str, Any]) -> list[Fault]:
        faults = []
        for name, one in self._fields.items():
            if name in values:
                try:
                    msgspec.convert(values[name], one.type, strict=False)
                except msgspec.ValidationError as error:
                    faults.append(self._fault(name, "invalid", _lower_first(str(error))))
            elif one.required:
                faults.append(self._fault(name, "missing", "is required"))
        return faults

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
