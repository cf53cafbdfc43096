"""Examples put together from the fields' own, for answers whose declaration brings none."""

from collections.abc import Mapping
from typing import Any

# One moment for all examples, so that `openapi.yaml` stays the same from day to day.
_A_TIME = "2026-01-05T01:30:00Z"


def example_of(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """A document that fits, as far as types, choices, bounds and given examples tell."""
    match schema:
        case {"$ref": str(ref)}:
            return example_of(components[ref.rpartition("/")[2]], components)
        case {"examples": [first, *_]} | {"const": first} | {"enum": [first, *_]}:
            return first
        case {"anyOf": list(branches)}:
            meant = next((one for one in branches if one.get("type") != "null"), branches[0])
            return example_of(meant, components)
        case {"type": "object"}:
            properties = schema.get("properties", {})
            return {name: example_of(one, components) for name, one in properties.items()}
        case {"type": "array"}:
            return [example_of(schema["items"], components)] if schema.get("items") else []
        case {"type": "string", "format": "date-time"}:
            return _A_TIME
        case {"type": "string"}:
            return "text"[: schema.get("maxLength", 4)].ljust(schema.get("minLength", 0), "x")
        case {"type": "integer"}:
            return schema.get("minimum", 0)
        case {"type": "boolean"}:
            return False
        case _:
            return None
