"""An event as a floor above reports it, and the one body every endpoint of its audience receives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from webhooks.errors import EventTooLarge

Audience = Literal["merchant", "funder", "wallet"]

BODY_BYTES_MAX: Final = (
    20_000  # the Standard Webhooks advice: receivers behind small proxies must take it whole
)

# Every type we publish; an endpoint's filter is checked against it, so that a typo cannot silence a partner.
TYPES: Final = frozenset(
    f"{subject}.{happening}"
    for subject, happenings in {
        "payment": "requires_confirmation succeeded declined canceled expired reversed authorized",
        "refund": "succeeded failed",
        "checkout": "completed expired",
        "discount": "reserved redeemed released clawed_back",
        "offer": "proposed countered agreed live paused funding_withdrawn budget_80 exhausted ended",
        "merchant": "submitted needs_more_info to_be_verified to_be_signed approved rejected withdrawn expired"
        " activated changed suspended closed",
        "client": "keys_reset key_enrolled",
        "endpoint": "disabled",
    }.items()
    for happening in happenings.split()
) | {"ping"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One happening as one audience of one tenant may see it.

    `sequence` counts the happenings of `object_id` (for `payment.*`, `refund.*` and `discount.*` the
    payment), so that a receiver can drop what is stale; `data` is its full state, not a difference.
    """

    id: str
    type: str
    tenant: str
    audience: Audience
    object_id: str
    sequence: int
    occurred_at: datetime
    data: Mapping[str, Any]
    merchant_id: str | None = None
    store_id: str | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        assert self.type in TYPES, self.type
        assert self.occurred_at.tzinfo is not None, "a naive time has no place on the wire"


def body(event: NewEvent) -> bytes:
    """Render the bytes that are stored, signed and sent; made once, so every attempt carries the same."""
    rendered = msgspec.json.encode(
        {
            "type": event.type,
            "timestamp": event.occurred_at,
            "data": {"audience": event.audience, "sequence": event.sequence, **event.data},
        }
    )
    if len(rendered) > BODY_BYTES_MAX:
        raise EventTooLarge
    return rendered


def marked_as_replay(rendered: bytes) -> bytes:
    """Tell the receiver that it asked for this one, which stands outside the order of first deliveries."""
    assert rendered.endswith(b"}")
    return rendered[:-1] + b',"replay":true}'


def is_filter(text: str) -> bool:
    """Say whether `text` names a type, or every type of one object (`discount.*`)."""
    subject, _, happening = text.partition(".")
    return text in TYPES or (happening == "*" and any(each.startswith(f"{subject}.") for each in TYPES))
