"""`openapi.yaml` (OpenAPI 3.1), written from the operations themselves, so that it cannot tell another story."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
import yaml

from gateway.door.examples import example_of
from gateway.door.explain import advice_to_operator, every_kind, kinds_of
from gateway.door.operation import FORM, JSON, Listener, Media, Operation
from gateway.door.problems import ProblemKind
from gateway.door.router import PARAMETER_PATTERN
from gateway.door.schema import Schemas, schemas_of

_DESCRIPTION = """\
The gateway between a bank's wallet and the businesses that take it.

Amounts are whole minor units with their currency, times are RFC 3339 in UTC, lists come in pages. A POST that
creates or moves needs an `Idempotency-Key`; repeat it with the same key until you have an answer. Every failure
is a problem (RFC 9457); branch on its `code`. `x-docs` says for each code what the caller and the operator do.
"""
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "One per intent, the same for each repeat; a UUID is best. Kept for 30 days.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    "example": "6f1f7c5e-7c0e-4d0b-9a58-0d2f5b1f2a10",
}
_REPLAYED_HEADER = {
    "description": "`true` if an earlier request with this key did it; the body shows the resource as it is now.",
    "schema": {"type": "string", "enum": ["true"]},
}
_REQUEST_ID_HEADER = {"description": "Names this request in our logs.", "schema": {"type": "string"}}
# Of every answer to somebody who is counted; draft-ietf-httpapi-ratelimit-headers-10.
_LIMIT_HEADERS = {
    "RateLimit": {
        "description": "What is left of each of your quotas (`r`), and in how many seconds it is whole again (`t`).",
        "schema": {"type": "string"},
        "example": '"terminal";r=59;t=1, "merchant";r=1999;t=1',
    },
    "RateLimit-Policy": {
        "description": "Your quotas here: so many requests at once (`q`), regained in so many seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"terminal";q=60;w=3, "merchant";q=2000;w=2',
    },
}
_RETRY_AFTER_HEADER = {
    "description": "With 429 and 503: send it again after so many seconds.",
    "schema": {"type": "integer"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webhook: its type, the struct of its whole body, and what its example shows other than the struct's own."""

    type: str
    summary: str
    body: Any
    shows: Mapping[str, Any] = field(default_factory=dict)


def document(
    operations: Iterable[Operation], *, events: Iterable[Event] = (), servers: Mapping[Listener, str]
) -> dict[str, Any]:
    """The whole document, ready for YAML; `servers` has each listener's URL."""
    operations, events = tuple(operations), tuple(events)
    schemas = schemas_of(operations, also=[event.body for event in events])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Merchant gateway", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": servers[Listener.PUBLIC]}],
        "paths": _paths(operations, schemas, servers),
        "webhooks": {event.type: {"post": _webhook(event, schemas)} for event in events},
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {"Problem": _problem_response()},
            "headers": {
                "RequestId": _REQUEST_ID_HEADER,
                "Replayed": _REPLAYED_HEADER,
                "RetryAfter": _RETRY_AFTER_HEADER,
                **_LIMIT_HEADERS,
            },
            "schemas": dict(sorted(schemas.components.items())),
        },
        "x-docs": {"errors": [_explained(kind) for kind in every_kind(operations)]},
    }


def to_yaml(openapi: dict[str, Any]) -> str:
    """The same text for the same document, in the order in which it was made."""
    return yaml.dump(openapi, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=110)


def _paths(
    operations: tuple[Operation, ...], schemas: Schemas, servers: Mapping[Listener, str]
) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for one in operations:
        item = paths.setdefault(one.path, {})
        if one.listener == Listener.OPERATORS:
            item.setdefault("servers", [{"url": servers[Listener.OPERATORS]}])
        item[one.method.lower()] = _operation(one, schemas)
    return paths


def _operation(one: Operation, schemas: Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": one.description,
        "tags": [_tag(one.path)],
    }
    parameters = [
        *_path_parameters(one),
        *_query_parameters(one),
        *([_KEY_PARAMETER] if one.idempotent else []),
    ]
    if parameters:
        said["parameters"] = parameters
    if one.body is not None:
        said["requestBody"] = {"required": True, "content": _request_content(one, schemas)}
    said["responses"] = {**_success(one, schemas), **_failures(one)}
    said["security"] = [{"bearer": [one.scope]}] if one.scope is not None else []
    if one.roles:
        said["x-roles"] = sorted(one.roles)
    return said


def _path_parameters(one: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string", "pattern": PARAMETER_PATTERN}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in re.findall(r"{(\w+)}", one.path)
    ]


def _query_parameters(one: Operation) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schemas = Schemas([one.query])
    shape = schemas.components[schemas.of(one.query)["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "in": "query", "required": name in shape["required"], "schema": _never_null(schema)}
        for name, schema in shape["properties"].items()
    ]


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out instead."""
    branches = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    kept = {name: value for name, value in schema.items() if (name, value) != ("default", None)}
    if len(branches) != 1:
        return kept
    return {**{name: value for name, value in kept.items() if name != "anyOf"}, **branches[0]}


def _request_content(one: Operation, schemas: Schemas) -> dict[str, Any]:
    if one.consumes not in {JSON, FORM}:
        return {media: {} for media in one.consumes.types}
    example = example_of(schemas.of(one.body), schemas.components) if one.example is None else one.example
    content = {"schema": schemas.of(one.body), "example": msgspec.to_builtins(example)}
    return dict.fromkeys(one.consumes.types, content)


def _success(one: Operation, schemas: Schemas) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if one.scope is not None or one.counts_strangers:
        headers |= _limit_headers()
    if one.idempotent:
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/Replayed"}
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": headers,
            **_success_content(shape, one, status, schemas),
        }
        for status, shape in one.answers.items()
    }


def _limit_headers() -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMIT_HEADERS}


def _success_content(shape: Any, one: Operation, status: int, schemas: Schemas) -> dict[str, Any]:
    if shape is None:
        return {}
    if isinstance(shape, Media):
        return {"content": {media: {} for media in shape.types}}
    schema = schemas.of(shape)
    return {"content": {"application/json": {"schema": schema, **_answered(one, status, schema, schemas)}}}


def _answered(one: Operation, status: int, schema: Any, schemas: Schemas) -> dict[str, Any]:
    """What an answer of this status may be: one example, or several by name."""
    named = one.answer_examples.get(status)
    if named is not None:
        return {"examples": {name: {"value": msgspec.to_builtins(body)} for name, body in named.items()}}
    if one.answer_example is not None:
        return {"example": msgspec.to_builtins(one.answer_example)}
    return {"example": example_of(schema, schemas.components)}


def _failures(one: Operation) -> dict[str, Any]:
    """One response a status, which names the codes it can have."""
    codes: dict[int, list[str]] = {}
    for kind in kinds_of(one):
        codes.setdefault(kind.status, []).append(kind.code)
    return {
        str(status): {"$ref": "#/components/responses/Problem", "description": ", ".join(found)}
        for status, found in codes.items()
    }


def _problem_response() -> dict[str, Any]:
    return {
        "description": "A problem; its code says what to do.",
        "headers": {
            "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
            "Retry-After": {"$ref": "#/components/headers/RetryAfter"},
            **_limit_headers(),
        },
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _webhook(event: Event, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.of(event.body)
    example = _overlaid(example_of(schema, schemas.components), event.shows)
    if "type" in example:
        example["type"] = event.type
    content = {"schema": schema, "example": example}
    return {
        "operationId": event.type,
        "summary": event.summary,
        "tags": ["webhooks"],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"2XX": {"description": "Taken; anything else is sent again."}},
        "security": [],
    }


def _overlaid(example: Any, shows: Any) -> Any:
    """The example with what is shown in its place, member by member."""
    if not isinstance(shows, Mapping):
        return shows
    return {**example, **{name: _overlaid(example.get(name, {}), one) for name, one in shows.items()}}


def _explained(kind: ProblemKind) -> dict[str, Any]:
    return {
        "code": kind.code,
        "status": kind.status,
        "caller": kind.detail,
        "operator": advice_to_operator(kind),
    }


def _tag(path: str) -> str:
    match path.strip("/").split("/"):
        case ["v1", resource, *_]:
            return resource
        case ["wallet", *_]:
            return "wallet"
        case ["admin", *_]:
            return "operators"
        case [first, *_]:
            return first.strip(".")
        case _:
            return "gateway"


class _PlainDumper(yaml.CSafeDumper):
    """No anchors: a reader, and a diff, want each place to stand for itself."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _dump_text(dumper: _PlainDumper, text: str) -> yaml.Node:
    """Several lines as a block."""
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _dump_text)
