"""What became of a payment, step by step."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.payments import ResourceId
from gateway.wire.time import Time
from gateway.wire.webhooks import EventId


class CoreCall(Struct, frozen=True, kw_only=True, tag_field="kind", tag="core_call"):
    """A call to the wallet core for the payment or one of its refunds.

    Attributes:
        of: the payment, or the refund.
        deed: what it was asked: to move money, what became of that, or to undo it.
        outcome: what it answered; `unknown` where no answer came.
    """

    at: Time
    of: Annotated[ResourceId, Meta(examples=["pay_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    deed: Literal["send", "query", "reverse"]
    outcome: Annotated[str, Meta(examples=["approved"])]
    took_ms: Annotated[int, Meta(examples=[38])]


class Happened(Struct, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """Something that you were told of; its data is in the feed and in your webhooks."""

    at: Time
    event_id: EventId
    type: Annotated[str, Meta(examples=["payment.succeeded"])]


class Timeline(Struct, frozen=True, kw_only=True):
    """Oldest first, the first two hundred of each."""

    items: list[CoreCall | Happened]
