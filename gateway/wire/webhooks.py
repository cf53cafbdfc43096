"""Webhook endpoints, their deliveries and the feed of events, on the wire."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from gateway.wire.page import Cursor, Limit, PageQuery, next_id, next_like
from gateway.wire.time import Time

EndpointId = Annotated[
    str, Meta(pattern="^end_[0-9a-f]{32}$", examples=["end_0193a5f0c4d27000800000000000002a"])
]
DeliveryId = Annotated[
    str, Meta(pattern="^dlv_[0-9a-f]{32}$", examples=["dlv_0193a5f0c4d27000800000000000002a"])
]
EventId = Annotated[
    str, Meta(pattern="^evt_[0-9a-f]{32}$", examples=["evt_0193a5f0c4d27000800000000000002a"])
]
StoreId = Annotated[str, Meta(pattern="^sto_[0-9a-f]{32}$")]
Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        description="https, on the public internet, at port 443, 80 or another that the bank has opened",
        examples=["https://shop.example.com/webhooks"],
    ),
]
EventFilter = Annotated[
    str,
    Meta(
        pattern=r"^[a-z_]{1,32}(\.([a-z0-9_]{1,32}|\*))?$",
        description="An event's type, or `<object>.*` for all of an object's",
        examples=["discount.*"],
    ),
]
EventFilters = Annotated[list[EventFilter], Meta(max_length=50, description="Empty takes every type")]
StoreIds = Annotated[list[StoreId], Meta(max_length=100, description="Empty takes events of every store")]
Signatures = Annotated[
    list[Literal["v1", "v1a"]],
    Meta(
        min_length=1,
        max_length=2,
        description="Standard Webhooks: `v1` is HMAC with the secret, `v1a` Ed25519 with our public key",
    ),
]
Description = Annotated[str, Meta(max_length=200, examples=["Ledger of the head office"])]
Concurrency = Annotated[int, Meta(ge=1, le=100, description="Requests under way at once, at most")]
RatePerS = Annotated[int, Meta(ge=1, le=10_000, description="Requests a second, at most")]
RetryWaits = Annotated[
    list[Annotated[int, Meta(ge=1, le=86_400)]],
    Meta(min_length=1, max_length=20, description="Seconds between attempts, in place of our schedule"),
]
DeliveryState = Literal["pending", "sending", "delivered", "exhausted", "expired", "skipped"]


class NewWebhookEndpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where you want your events, and which."""

    url: Url
    description: Description = ""
    event_types: EventFilters = []
    store_ids: StoreIds = []
    signatures: Signatures = field(default_factory=lambda: ["v1"])
    strict_order: Annotated[
        bool,
        Meta(description="Send a payment's events one after another, each when the one before is through"),
    ] = False
    concurrency: Concurrency = 8
    rate_per_s: RatePerS | None = None
    retry_waits_s: RetryWaits | None = None


class WebhookEndpointChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays. `disabled` holds events back, or lets them go again."""

    url: Url | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    event_types: EventFilters | UnsetType = UNSET
    store_ids: StoreIds | UnsetType = UNSET
    signatures: Signatures | UnsetType = UNSET
    strict_order: bool | UnsetType = UNSET
    concurrency: Concurrency | UnsetType = UNSET
    rate_per_s: RatePerS | UnsetType | None = UNSET
    retry_waits_s: RetryWaits | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET


class EndpointHealth(Struct, frozen=True, kw_only=True):
    """How the endpoint has answered lately."""

    circuit: Annotated[
        Literal["closed", "half_open", "open"],
        Meta(description="`open`: left in peace for a moment; `half_open`: tried with one request at a time"),
    ]
    consecutive_failures: int
    failing_since: Time | None
    last_success_at: Time | None
    last_failure_at: Time | None
    pending: Annotated[int, Meta(description="Deliveries that wait, counted up to 10,000")]


class WebhookEndpoint(Struct, frozen=True, kw_only=True):
    """A place that receives your events."""

    id: EndpointId
    url: str
    description: str
    event_types: list[str]
    store_ids: list[str]
    signatures: list[Literal["v1", "v1a"]]
    strict_order: bool
    concurrency: int
    rate_per_s: int | None
    retry_waits_s: list[int] | None
    status: Literal["enabled", "disabled"]
    disabled_reason: Annotated[
        Literal["by_partner", "gone", "failing"] | None,
        Meta(description="`gone`: it answered 410; `failing`: every attempt of five days failed"),
    ]
    disabled_at: Time | None
    created_at: Time
    health: EndpointHealth
    public_keys: Annotated[
        list[str], Meta(description="What verifies `v1a` now; every key to come is in the JWKS first")
    ]
    secret: Annotated[
        str | None,
        Meta(description="The signing secret, in the answer that makes the endpoint and never again"),
    ] = None


class RotatedSecret(Struct, frozen=True, kw_only=True):
    """A new signing secret, shown once; the one before signs along for 24 hours."""

    secret: Annotated[str, Meta(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]


class Attempt(Struct, frozen=True, kw_only=True):
    """One request and what came back."""

    started_at: Time
    duration_ms: int
    url: str
    request_headers: dict[str, str]
    status: Annotated[int | None, Meta(description="HTTP status; null when no answer came")]
    reason: Annotated[str, Meta(description="How it ended, as a stable code", examples=["headers_timed_out"])]
    response: Annotated[str, Meta(description="The first 4 kB of the answer's body")]


class Delivery(Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint."""

    id: DeliveryId
    endpoint_id: EndpointId
    event_id: EventId
    event_type: str
    state: DeliveryState
    reason: Annotated[str | None, Meta(description="How the last attempt ended")]
    failures: int
    replay: Annotated[bool, Meta(description="Sent again at your wish")]
    created_at: Time
    finished_at: Time | None
    next_attempt_at: Time | None
    body: Annotated[str | None, Meta(description="What is sent, as text; null in a list")]
    attempts: Annotated[list[Attempt], Meta(description="Oldest first; in a list only the last")]


class DeliveryFilter(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deliveries in this state; in any without."""

    cursor: Annotated[str, next_id("evt")] | None = None
    state: DeliveryState | None = None


class ReplayRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events to send again; all that is given must hold. `after` goes on where the last answer ended."""

    since: Time | None = None
    until: Time | None = None
    event_types: EventFilters = []
    event_ids: Annotated[list[EventId], Meta(max_length=100)] = []
    after: EventId | None = None


class Replay(Struct, frozen=True, kw_only=True):
    """How many deliveries were made due; `next_after` is null once that was all."""

    count: int
    next_after: EventId | None


# The publishing transaction, and the last event seen of it; none at the very beginning.
FeedPlace = Annotated[str, next_like(r"^[0-9]{1,19}\.(?:evt_[0-9a-f]{32})?$")]


class FeedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Limit = 20
    cursor: FeedPlace | None = None
    type: Annotated[list[EventFilter], Meta(max_length=20)] = []


class Event(Struct, frozen=True, kw_only=True):
    """What happened, with the same `data` as its webhook."""

    id: EventId
    type: str
    timestamp: Time
    object_id: Annotated[str, Meta(description="What it happened to; `sequence` counts within it")]
    sequence: int
    data: dict[str, Any]


class EventPage(Struct, frozen=True, kw_only=True):
    """Events in order. `next` is always there: keep it, and go on from it whenever you like."""

    items: list[Event]
    next: Cursor
    more: Annotated[bool, Meta(description="Whether there is more right now")]


class SignedFeedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Annotated[
        FeedPlace | None, Meta(description="From where to go on; without it, from this moment")
    ] = None
    type: Annotated[list[EventFilter], Meta(max_length=20)] = []
    wait_s: Annotated[float, Meta(ge=0, le=30, description="How long to wait for the first event")] = 0.0


class SignedEvent(Struct, frozen=True, kw_only=True):
    """What a webhook endpoint would be sent this moment: post `body` with `headers`, both as they are."""

    type: str
    headers: dict[str, str]
    body: str


class SignedEventPage(Struct, frozen=True, kw_only=True):
    """Events in order, signed just now. `next` is always there."""

    items: list[SignedEvent]
    next: Cursor
    secret: Annotated[
        str, Meta(description="What they are signed with: yours in this sandbox, always the same")
    ]
