"""An endpoint: where a tenant wants its events, what it decided about it, and how it is doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Signature = Literal["v1", "v1a"]
DisabledReason = Literal["by_partner", "gone", "failing"]
Circuit = Literal["closed", "half_open", "open"]

CONCURRENCY: Final = 8  # requests under way at one endpoint, unless it asks for another number


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a tenant decides about its endpoint; empty filters take everything."""

    url: str
    description: str = ""
    event_types: Sequence[str] = ()
    store_ids: Sequence[str] = ()
    signatures: Sequence[Signature] = ("v1",)
    strict_order: bool = False
    concurrency: int = CONCURRENCY
    rate_per_s: int | None = None
    retry_waits_s: Sequence[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an endpoint has answered lately; `pending` counts what waits for it, up to a bound."""

    circuit: Circuit
    consecutive_failures: int
    failing_since: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    id: str
    tenant: str
    wishes: Wishes
    disabled_reason: DisabledReason | None
    disabled_at: datetime | None
    created_at: datetime
    health: Health
