"""Transfers in doubt, for the bank's operators, and hints about them from a wallet's backend."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.money import Amount
from gateway.wire.page import PageQuery, next_like
from gateway.wire.payments import ResourceId

TransferId = Annotated[
    str,
    Meta(
        pattern="^[a-z]{3}_[0-9a-f]{32}[.][1-9][0-9]{0,8}$",
        description="As the wallet core knows it",
        examples=["pay_01980f5e7d3c7a10b6a2f0d100000001.1"],
    ),
]


class CoreAttempt(Struct, frozen=True, kw_only=True):
    """One call to the wallet core and what came of it."""

    at: datetime
    deed: Literal["send", "query", "reverse"]
    outcome: str
    detail: str | None
    took_ms: int


class InDoubt(Struct, frozen=True, kw_only=True):
    """A transfer that no answer of the core has decided yet.

    Attributes:
        owner_id: the payment or refund it belongs to.
        phase: `open`, the core's answer decides; `undoing`, only its answer to a reversal does.
        next_action: what the resolver does at `due_at`: ask, send again, or reverse.
        age_s: since it was stored; the alarm is at 900.
        attempts: how many calls there were; `latest`, the last ten of them, newest first.
    """

    id: TransferId
    owner_id: ResourceId
    purpose: Literal["payment", "capture", "release", "refund", "verification"]
    partner_id: ResourceId
    issuer: str
    kind: str
    moved: Annotated[list[Amount], Meta(description="One amount for each leg")]
    phase: Literal["open", "undoing"]
    next_action: Literal["query", "reverse"]
    due_at: datetime
    age_s: Annotated[int, Meta(ge=0, examples=[95])]
    attempts: int
    latest: list[CoreAttempt]


class InDoubtFilter(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of them to list."""

    cursor: Annotated[str, next_like(r"^[0-9]{1,16}\.[a-z]{3}_[0-9a-f]{32}$")] | None = None
    older_than_s: Annotated[int, Meta(ge=0, le=31_536_000)] = 0


class OutcomeHint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The core may have decided this transfer."""

    transfer_id: TransferId
