from pathlib import Path
from typing import Any

import asyncpg
import jsonschema_rs
import pytest
import schemathesis
import yaml

from gateway.api.event_table import EVENTS
from gateway.api.table import OPERATIONS
from gateway.cli.openapi import rendered
from gateway.door.listeners import with_own
from gateway.door.openapi import Event, document, to_yaml
from gateway.door.operation import Listener, Operation
from tests.doors import NewNote, note_operations

ROOT = Path(__file__).parents[2]
SERVERS = {Listener.PUBLIC: "http://public", Listener.OPERATORS: "http://operators"}


@pytest.fixture
def operations() -> tuple[Operation, ...]:
    nowhere: asyncpg.Pool = None  # type: ignore[assignment] # never called here
    return with_own(note_operations(nowhere), {})


@pytest.fixture
def openapi(operations: tuple[Operation, ...]) -> dict[str, Any]:
    event = Event(type="note.written", summary="A note was written", body=NewNote)
    return document(operations, events=[event], servers=SERVERS)


def test_every_operation_stands_in_the_document_with_its_listener(
    openapi: dict[str, Any], operations: tuple[Operation, ...]
) -> None:
    stands = {
        (method, path, said["operationId"])
        for path, item in openapi["paths"].items()
        for method, said in item.items()
        if method != "servers"
    }
    assert stands == {(one.method.lower(), one.path, one.name) for one in operations}
    assert openapi["paths"]["/admin/v1/notes"]["servers"] == [{"url": "http://operators"}]


def test_an_operation_names_every_code_it_can_answer(openapi: dict[str, Any]) -> None:
    responses = openapi["paths"]["/v1/notes"]["post"]["responses"]
    codes = {code for one in responses.values() for code in one["description"].split(", ")}
    assert {"title_taken", "idempotency_key_reused", "secret_already_shown", "token_expired"} <= codes
    explained = {one["code"]: one for one in openapi["x-docs"]["errors"]}
    assert codes - {"Created"} <= explained.keys()
    assert all(one["caller"] and one["operator"] for one in explained.values())


def test_the_document_is_the_same_each_time_and_plain_yaml(openapi: dict[str, Any]) -> None:
    text = to_yaml(openapi)
    assert text == to_yaml(openapi)
    assert "&id" not in text
    assert yaml.load(text, yaml.CSafeLoader) == openapi


def test_the_document_is_good_openapi(openapi: dict[str, Any]) -> None:
    schema = schemathesis.openapi.from_dict(openapi)
    schema.validate()


def examples_in(openapi: dict[str, Any]) -> list[tuple[str, dict[str, Any], Any]]:
    """Where, schema and example of every body."""
    found = []
    items = {**openapi["paths"], **openapi.get("webhooks", {})}
    for path, item in items.items():
        for method, said in item.items():
            bodies = [] if method == "servers" else [said.get("requestBody", {}), *said["responses"].values()]
            contents = [media for body in bodies for media in body.get("content", {}).values()]
            for one in filter(None, contents):
                named = one.get("examples", {"": {"value": one.get("example")}})
                found += [
                    (f"{method} {path} {name}", one["schema"], each["value"]) for name, each in named.items()
                ]
    return found


def misfits(openapi: dict[str, Any]) -> list[str]:
    components = {"components": {"schemas": openapi["components"]["schemas"]}}
    return [
        f"{where}: {error}"
        for where, schema, example in examples_in(openapi)
        for error in jsonschema_rs.Draft202012Validator({**schema, **components}).iter_errors(example)
    ]


def test_every_example_fits_its_schema(openapi: dict[str, Any]) -> None:
    assert misfits(openapi) == []


def test_every_example_of_the_gateway_fits_its_schema() -> None:
    assert misfits(document(with_own(OPERATIONS, {}), events=EVENTS, servers=SERVERS)) == []


def test_openapi_yaml_is_good_openapi_and_what_the_operations_say() -> None:
    """If not: `gateway openapi --output openapi.yaml`."""
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert text == rendered()
    schemathesis.openapi.from_dict(yaml.load(text, yaml.CSafeLoader)).validate()
