"""Examples put together from the fields' own, for answers whose declaration brings none."""

import re
from collections.abc import Mapping
from typing import Any

# What an id of ours looks like: prefix, UUIDv7 in hex, partner 7.
_ID_PATTERN = "^[a-z]{3}_[0-9a-f]{32}$"
_ID_DIGITS = "01939e7c5b7a7c3f9d2e4a6b00000007"
# Prefixes that are not their noun's first three letters.
_PREFIXES = {
    "code": "qrc",
    "scan": "scn",
    "offer": "ofr",
    "terminal": "trm",
    "endpoint": "end",
    "delivery": "dlv",
}

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
            owner = schema.get("title", "")
            required = schema.get("required", ())
            return {
                name: _id_example(name, owner) if _is_id(one) else example_of(one, components)
                for name, one in schema.get("properties", {}).items()
                # What may be missing and stands for nothing then says something special.
                if name in required or "default" in one
            }
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


def _is_id(schema: Mapping[str, Any]) -> bool:
    branches = [schema, *schema.get("anyOf", ())]
    return any(one.get("pattern") == _ID_PATTERN and "examples" not in one for one in branches)


def _id_example(name: str, owner: str) -> str:
    """`payment_id` and the `id` of a `Payment` begin with `pay_`."""
    noun = name.removesuffix("_id") if name != "id" else re.sub(r"(?<!^)(?=[A-Z])", "_", owner).lower()
    known = (prefix for word, prefix in _PREFIXES.items() if noun.endswith(word))
    return f"{next(known, noun.rpartition('_')[2][:3])}_{_ID_DIGITS}"
