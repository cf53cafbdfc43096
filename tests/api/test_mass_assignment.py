"""Whatever an answer shows is sent back as input, to every operation: nothing of it is taken, nothing changes."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.api.table import OPERATIONS
from gateway.door.operation import JSON, Media, Operation
from gateway.door.schema import Schemas
from tests.inhabitants import inhabited
from tests.town import Person, Town

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def shown_fields() -> frozenset[str]:
    """Every field of every resource that any operation answers with."""
    shapes = {
        repr(shape): shape
        for one in OPERATIONS
        for shape in one.answers.values()
        if shape is not None and not isinstance(shape, Media)
    }
    components = Schemas(list(shapes.values())).components
    return frozenset(name for schema in components.values() for name in schema.get("properties", {}))


def bodied() -> list[Operation]:
    return [one for one in OPERATIONS if one.method in _CHANGING and one.consumes == JSON]


async def test_no_operation_takes_a_field_that_only_answers_have(town: Town) -> None:
    people = await inhabited(town)
    fields = shown_fields()
    assert {"status", "id", "partner_id", "approver_id", "merchant_number", "fee_basis_points"} <= fields
    before = await everything(town)
    sent = 0
    faults = []
    for operation in bodied():
        caller = next(
            one
            for one in people.by_name.values()
            if operation.listener & one.listener
            and (operation.scope is None or (one.scopes is not None and operation.scope in one.scopes))
        )
        person = Person(http=town.http, url=caller.url, token=caller.token or "")
        path = operation.path.format_map({**people.ids, "code": "not_found"})
        foreign = dict.fromkeys(fields - own_fields(operation), "canary")
        bodies = [(some, with_fields(operation, some)) for some in _in_parts(foreign)]
        bodies += [({}, body) for body in nested(operation, fields)]
        for some, body in bodies:
            answered = await person.call(operation.method, path, body)
            sent += len(some)
            refused = {fault["pointer"][1:] for fault in answered.body.get("errors", ())}
            named = operation.body is None or some.keys() <= refused
            if answered.status != 400 or not named:
                took = sorted(some.keys() - refused)[:5]
                faults.append(f"{operation.name}: {answered.status}, took {took}")
    assert faults == []
    assert await everything(town) == before
    assert sent > 10_000


def _in_parts(foreign: Mapping[str, str]) -> list[dict[str, str]]:
    """As many at once as a problem lists faults, and some room for the body's own."""
    names = sorted(foreign)
    return [{name: foreign[name] for name in names[at : at + 40]} for at in range(0, len(names), 40)]


def own_fields(operation: Operation) -> frozenset[str]:
    """What an operation does take at the top of its body."""
    if operation.body is None:
        return frozenset()
    document = Schemas([operation.body]).document(operation.body)
    return frozenset(_properties(document, document))


def _properties(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        found = (document.get("$defs") or document["components"]["schemas"])[name]
        yield from _properties(found, document)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _properties(one, document)
    yield from schema.get("properties", {})


def with_fields(operation: Operation, foreign: Mapping[str, str]) -> dict[str, Any]:
    example = {} if operation.example is None else msgspec.to_builtins(operation.example)
    return {**example, **foreign}


def nested(operation: Operation, fields: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The same inside each object of the body; members it has are left as they are."""
    example = {} if operation.example is None else msgspec.to_builtins(operation.example)
    for name, member in example.items():
        if isinstance(member, dict):
            yield {**example, name: {**dict.fromkeys(fields, "canary"), **member}}


async def everything(town: Town) -> dict[str, str]:
    """A fingerprint of every row of every table, but for the one in which processes say that they are alive."""
    tables = await town.pool.fetch(
        """SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_catalog.pg_tables
            WHERE schemaname IN ('gateway', 'qr', 'merchants') AND tablename <> 'replicas'"""
    )
    return {
        row["name"]: await town.pool.fetchval(
            f"SELECT md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {row['name']} AS t"
        )
        for row in tables
    }
