"""What a partner reads of its events and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webhooks.delivery import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as published; `body` is what its deliveries carry."""

    id: str
    type: str
    object_id: str
    sequence: int
    occurred_at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    """One request and what came back; `response` is the beginning of the body."""

    started_at: datetime
    duration_ms: int
    url: str
    request_headers: str
    status: int | None
    reason: str
    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint.

    Attributes:
        next_attempt_at: where it waits for one.
        body: of the event, where one delivery is read alone; a list goes without.
        attempts: oldest first; in a list the last alone.
    """

    id: str
    endpoint_id: str
    event_id: str
    event_type: str
    state: State
    reason: str | None
    failures: int
    replay: bool
    created_at: datetime
    finished_at: datetime | None
    next_attempt_at: datetime | None
    body: str | None
    attempts: Sequence[LoggedAttempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Which events to send again: published within a window, of some types, or by id; all that is given holds."""

    since: datetime | None = None
    until: datetime | None = None
    event_types: Sequence[str] = ()
    event_ids: Sequence[str] = ()
