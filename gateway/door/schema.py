"""The JSON schemas of every wire type, built once: `openapi.yaml` shows them and bad bodies are judged by them."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from gateway.door.operation import Media, Operation
from gateway.wire.problem import Problem

_REF = "#/components/schemas/{name}"


class Schemas:
    """Components by name, and each type's own schema, which mostly is a reference into them."""

    def __init__(self, types: Iterable[Any]) -> None:
        self._types = list(types)
        schemas, self.components = msgspec.json.schema_components(self._types, ref_template=_REF)
        self._schemas = list(schemas)

    def of(self, wanted: Any) -> dict[str, Any]:
        return self._schemas[self._types.index(wanted)]

    def document(self, wanted: Any) -> dict[str, Any]:
        """The type's schema as a document of its own, for a validator."""
        return {**self.of(wanted), "components": {"schemas": self.components}}


def schemas_of(operations: Iterable[Operation]) -> Schemas:
    """Every type the operations take or answer, in a fixed order."""
    types: list[Any] = []
    for one in (Problem, *(one for operation in operations for one in _types_of(operation))):
        if one not in types:
            types.append(one)
    return Schemas(types)


def _types_of(operation: Operation) -> Iterator[Any]:
    if operation.body not in (None, bytes):
        yield operation.body
    if operation.query is not None:
        yield operation.query
    for answer in operation.answers.values():
        if answer is not None and not isinstance(answer, Media):
            yield answer
