"""How it goes: the last hour by the minute, for the bank's people."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.money import Amount
from gateway.wire.payments import ResourceId
from gateway.wire.time import Time


class CoreMinute(Struct, frozen=True, kw_only=True):
    """What one wallet core decided about a minute's charges; `undone` were reversed, `undecided` are in doubt."""

    issuer: Annotated[str, Meta(examples=["bank"])]
    approved: int
    declined: int
    undone: int
    undecided: int


class Declines(Struct, frozen=True, kw_only=True):
    """Payments that were declined for one reason."""

    reason: Annotated[str, Meta(examples=["insufficient_balance"])]
    payments: int


class Spent(Struct, frozen=True, kw_only=True):
    """What one offer took off payments, for all its funders."""

    offer_id: ResourceId
    discount: Amount


class MonitoredMinute(Struct, frozen=True, kw_only=True):
    """One minute, by when payments were stored and charges were sent.

    Attributes:
        lapsed: expired, canceled or reversed; `open` ones are not decided, or wait for their payer.
        p50_ms, p99_ms: from a charge's acceptance to its core's decision; null where there was none.
        delivered: webhooks of this minute's events that have arrived; 99 of 100 took `webhook_lag_ms` at most.
    """

    at: Time
    succeeded: int
    declined: int
    lapsed: int
    open: int
    p50_ms: int | None
    p99_ms: int | None
    cores: list[CoreMinute]
    declines: list[Declines]
    discounts: list[Spent]
    delivered: int
    webhook_lag_ms: int | None


class OfferTitle(Struct, frozen=True, kw_only=True):
    """What an offer was called on the payments it was used for."""

    offer_id: ResourceId
    title: str


class Monitoring(Struct, frozen=True, kw_only=True):
    """The last hour, from the rows the money moves by; all replicas together.

    Attributes:
        p50_ms, p99_ms: of the last five minutes.
        in_doubt: transfers that no core has decided, the oldest for `oldest_in_doubt_s`; the alarm is at 900.
        endpoints_behind: with a webhook that is due and has not begun, the oldest for `webhooks_behind_s`.
    """

    as_of: Time
    minutes: list[MonitoredMinute]
    offers: list[OfferTitle]
    p50_ms: int | None
    p99_ms: int | None
    in_doubt: int
    oldest_in_doubt_s: int
    endpoints_behind: int
    webhooks_behind_s: int
