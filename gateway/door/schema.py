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
        """The type's schema with the components it needs, as a document of its own."""
        needed = dict(self._closure(self.of(wanted), set()))
        return {**self.of(wanted), "components": {"schemas": needed}}

    def _closure(self, schema: Any, seen: set[str]) -> Iterator[tuple[str, Any]]:
        """Every component that a schema refers to, and those refer to."""
        for inner in walk(schema):
            name = inner.get("$ref", "").rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                yield name, self.components[name]
                yield from self._closure(self.components[name], seen)


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and every schema inside it."""
    if isinstance(schema, dict):
        yield schema
    inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for one in inside:
        yield from walk(one)


def schemas_of(operations: Iterable[Operation], *, also: Iterable[Any] = ()) -> Schemas:
    """Every type the operations take or answer, in a fixed order."""
    types: list[Any] = []
    for one in (Problem, *(one for operation in operations for one in _types_of(operation)), *also):
        if one not in types:
            types.append(one)
    return Schemas(types)


def _types_of(operation: Operation) -> Iterator[Any]:
    if operation.body not in (None, bytes):
        yield operation.body
    for answer in operation.answers.values():
        if answer is not None and not isinstance(answer, Media):
            yield answer
