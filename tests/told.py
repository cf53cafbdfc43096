"""What was published, held to what `openapi.yaml` promises."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import asyncpg
import jsonschema_rs
import msgspec

from gateway.api.event_table import EVENTS
from gateway.door.openapi import document
from gateway.door.operation import Listener


async def published(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """Every body so far, in no order."""
    return [msgspec.json.decode(row["body"]) for row in await pool.fetch("SELECT body FROM webhooks.events")]


def broken_promises(bodies: Iterable[dict[str, Any]]) -> list[str]:
    """What does not fit the schema of its type."""
    return [
        f"{body['type']} at {'/'.join(map(str, error.instance_path))}: {error.message}"
        for body in bodies
        for error in _promises()[body["type"]](body)
    ]


@cache
def _promises() -> dict[str, Callable[[Any], Iterable[jsonschema_rs.ValidationError]]]:
    nowhere = {Listener.PUBLIC: "http://public", Listener.OPERATORS: "http://operators"}
    openapi = document((), events=EVENTS, servers=nowhere)
    components = {"components": {"schemas": openapi["components"]["schemas"]}}
    return {
        kind: jsonschema_rs.Draft202012Validator(
            {**item["post"]["requestBody"]["content"]["application/json"]["schema"], **components}
        ).iter_errors
        for kind, item in openapi["webhooks"].items()
    }
