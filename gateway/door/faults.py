"""What exactly is wrong with a body: every fault, found by the schema that `openapi.yaml` shows.

Details are made from the schema, never from the value: a caller's data does not come back in an error or a log.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway.door.json_text import escape
from gateway.door.schema import Schemas, walk
from gateway.wire.problem import Fault

# One answer stays readable, however long the body was.
MAX_FAULTS = 50

_NO_WHOLE_NUMBER = 0.5
_WRONG_TYPE = "wrong_type"


@cache
def finder_of(shape: Any) -> "FaultFinder":
    """The type's own: made once a process, as its schema takes longer to write than to use."""
    return FaultFinder(Schemas([shape]).document(shape))


class FaultFinder:
    """Lists the faults of documents of one type."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        inner = list(walk(schema))
        self._tags = frozenset(
            one["discriminator"]["propertyName"] for one in inner if "discriminator" in one
        )
        times = [one for one in inner if one.get("format") == "date-time"]
        assert all("pattern" in one for one in times), "times in a request are gateway.wire.time.Time"
        self._has_times = bool(times)

    def may_see_more(self, raw: bytes) -> bool:
        """Whether msgspec may have taken what the schema does not: a time, a (escaped) line break before `$`."""
        return self._has_times or b"\\" in raw

    def accepts(self, document: Any) -> bool:
        """Whether a document that msgspec took fits the schema too."""
        return self._validator.is_valid(document)

    def find(self, document: Any) -> list[Fault]:
        """Every fault, ordered by place; empty if the document fits."""
        errors = self._validator.iter_errors(_without_whole_floats(document))
        faults = [fault for error in errors for fault in self._faults(error)]
        mistyped = {fault.pointer for fault in faults if fault.code == _WRONG_TYPE}
        # What has the wrong type breaks other rules only because of it.
        kept = [one for one in faults if one.code == _WRONG_TYPE or one.pointer not in mistyped]
        return sorted(kept, key=lambda fault: fault.pointer)[:MAX_FAULTS]

    def _faults(self, error: ValidationError) -> Iterator[Fault]:
        match error.kind:
            case ValidationErrorKind.AnyOf() as kind:
                yield from self._faults_of_branch(error, kind.context)
            case _:
                yield from _faults_of_one(error)

    def _faults_of_branch(
        self, union: ValidationError, branches: list[list[ValidationError]]
    ) -> Iterator[Fault]:
        """The faults of the branch that was meant; if none can be, what would have said which."""
        for errors in branches:
            if not any(self._tells_apart(error, union) for error in errors):
                for error in errors:
                    yield from self._faults(error)
                return
        telling = [error for errors in branches for error in errors if self._tells_apart(error, union)]
        yield _no_branch(union, telling)

    def _tells_apart(self, error: ValidationError, union: ValidationError) -> bool:
        """Whether this error says that another branch was meant: the wrong JSON type, or another tag."""
        here, depth = len(error.instance_path), len(union.instance_path)
        match error.kind:
            case ValidationErrorKind.Type():
                return here == depth
            case ValidationErrorKind.Enum() | ValidationErrorKind.Constant():
                return here == depth + 1 and error.instance_path[-1] in self._tags
            case ValidationErrorKind.Required(property=name):
                return here == depth and name in self._tags
            case _:
                return False


def _faults_of_one(error: ValidationError) -> Iterator[Fault]:
    pointer = _pointer(error.instance_path)
    match error.kind:
        case ValidationErrorKind.Required(property=name):
            yield _fault(f"{pointer}/{escape(name)}", "missing", "is required")
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                yield _fault(f"{pointer}/{escape(name)}", "unknown_field", "is not a field of this object")
        case ValidationErrorKind.Type(types=types):
            yield _fault(pointer, _WRONG_TYPE, f"has to be {_any_of(types)}")
        case ValidationErrorKind.Enum(options=options):
            yield _fault(pointer, "not_allowed", f"has to be {_any_of(options)}")
        case ValidationErrorKind.Pattern(pattern=pattern):
            yield _fault(pointer, "wrong_format", f"has to match {pattern}")
        case ValidationErrorKind.Format(format=name):
            yield _fault(pointer, "wrong_format", f"has to be a {name} (RFC 3339 times carry their offset)")
        case _:
            yield _limit(pointer, error.kind)


def _limit(pointer: str, kind: ValidationErrorKind) -> Fault:
    limit = getattr(kind, "limit", None)
    match kind:
        case ValidationErrorKind.Minimum() | ValidationErrorKind.ExclusiveMinimum():
            return _fault(pointer, "too_small", f"has to be at least {limit}")
        case ValidationErrorKind.Maximum() | ValidationErrorKind.ExclusiveMaximum():
            return _fault(pointer, "too_large", f"has to be at most {limit}")
        case (
            ValidationErrorKind.MinLength()
            | ValidationErrorKind.MinItems()
            | ValidationErrorKind.MinProperties()
        ):
            return _fault(pointer, "too_short", f"has to have a length of at least {limit}")
        case (
            ValidationErrorKind.MaxLength()
            | ValidationErrorKind.MaxItems()
            | ValidationErrorKind.MaxProperties()
        ):
            return _fault(pointer, "too_long", f"has to have a length of at most {limit}")
        case _:
            return _fault(pointer, "invalid", f"breaks the schema's {kind.name}")


def _no_branch(union: ValidationError, telling: Iterable[ValidationError]) -> Fault:
    pointer = _pointer(union.instance_path)
    options: list[Any] = []
    types: list[str] = []
    for error in telling:
        match error.kind:
            case ValidationErrorKind.Required(property=tag):
                return _fault(f"{pointer}/{escape(tag)}", "missing", "is required")
            case ValidationErrorKind.Enum(options=more):
                tag_pointer = _pointer(error.instance_path)
                options += more
            case ValidationErrorKind.Type(types=more):
                types += more
            case _:
                pass
    if options:
        return _fault(tag_pointer, "not_allowed", f"has to be {_any_of(options)}")
    return _fault(pointer, _WRONG_TYPE, f"has to be {_any_of(types)}")


def _without_whole_floats(document: Any) -> Any:
    """JSON Schema calls 1.0 an integer; here no number is a fraction, so such a value must not fit."""
    match document:
        case float():
            return _NO_WHOLE_NUMBER
        case dict():
            return {key: _without_whole_floats(value) for key, value in document.items()}
        case list():
            return [_without_whole_floats(value) for value in document]
        case _:
            return document


def _fault(pointer: str, code: str, detail: str) -> Fault:
    return Fault(pointer=pointer, code=code, detail=detail)


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{escape(str(one))}" for one in path)


def _any_of(options: Iterable[Any]) -> str:
    return " or ".join(str(option) for option in dict.fromkeys(options))
