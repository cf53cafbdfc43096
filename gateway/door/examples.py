"""Examples put together from the fields' own, for answers whose declaration brings none."""

import re
from collections.abc import Mapping
from typing import Any

# What an id of ours looks like: prefix, UUIDv7 in hex, partner 7.
_ID_PATTERN = "^[a-z]{3}_[0-9a-f]{32}$"
_ID_DIGITS = "01939e7c5b7a7c3f9d2e4a6b00000007"
# Prefixes that are not their noun's first three letters.
_PREFIXES = {
    "parent": "mer",
    "code": "qrc",
    "scan": "scn",
    "offer": "ofr",
    "terminal": "trm",
    "endpoint": "end",
    "delivery": "dlv",
}

# What a text of this name usually reads, where its own field gives no example.
_WORDS = {
    "address": "深南大道9678号",
    "app_name": "鹏城百货",
    "city": "Shenzhen",
    "description": "2 items",
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "mcc": "5411",
    "merchant_name": "鹏城百货",
    "merchant_number": "100440353110001",
    "merchant_order_no": "T7-000123",
    "name": "南山店",
    "reason": "",
    "short_name": "鹏城百货",
    "store_name": "南山店",
    "title": "满100减20",
}
# What an id of each of these is the id of.
_NOUNS = frozenset({"application", "merchant", "offer", "parent", "payment", "refund", "store", "terminal"})
_FREE_TEXT = frozenset({"type", "description", "title", "minLength", "maxLength", "default"})

# One moment for all examples, so that `openapi.yaml` stays the same from day to day.
_A_TIME = "2026-01-05T01:30:00Z"
_A_DATE = "2026-01-05"


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
                name: _member_of(owner, name, one, components)
                for name, one in schema.get("properties", {}).items()
                # What may be missing and stands for nothing then says something special.
                if name in required or "default" in one
            }
        case {"type": "array"}:
            return [example_of(schema["items"], components)] if schema.get("items") else []
        case {"type": "string"}:
            return _text_of(schema)
        case {"type": "integer"}:
            return schema.get("minimum", 0)
        case {"type": "boolean"}:
            return False
        case _:
            return None


def _text_of(schema: Mapping[str, Any]) -> str:
    match schema.get("format"):
        case "date-time":
            return _A_TIME
        case "date":
            return _A_DATE
        case _:
            return "text"[: schema.get("maxLength", 4)].ljust(schema.get("minLength", 0), "x")


def _member_of(owner: str, name: str, schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """One member of an object, which its name may say more about than its type."""
    if _is_id(schema):
        return _id_example(name, owner)
    text = next((one for one in (schema, *schema.get("anyOf", ())) if one.get("type") == "string"), None)
    if text is not None and text.keys() <= _FREE_TEXT:
        said = _id_example(name, owner) if name.removesuffix("_id") in _NOUNS else _WORDS.get(name)
        if said is not None and text.get("minLength", 0) <= len(said) <= text.get("maxLength", len(said)):
            return said
    return example_of(schema, components)


def _is_id(schema: Mapping[str, Any]) -> bool:
    branches = [schema, *schema.get("anyOf", ())]
    return any(one.get("pattern") == _ID_PATTERN and "examples" not in one for one in branches)


def _id_example(name: str, owner: str) -> str:
    """`payment_id` and the `id` of a `Payment` begin with `pay_`."""
    noun = name.removesuffix("_id") if name != "id" else re.sub(r"(?<!^)(?=[A-Z])", "_", owner).lower()
    known = (prefix for word, prefix in _PREFIXES.items() if noun.endswith(word))
    return f"{next(known, noun.rpartition('_')[2][:3])}_{_ID_DIGITS}"
