"""One delivery on its way: what a claim hands out, and how its attempt ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct

from webhooks.retry import WAITS_S, Again, Exhausted, after_failure, jittered
from webhooks.sender import Attempt, Reason

State = Literal["pending", "sending", "delivered", "exhausted", "expired", "skipped"]
Next = Literal["pending", "delivered", "exhausted"]

# Our own trouble is rarely over sooner, and waiting costs the partner no attempt. Each time it is longer: what is ours
# for an hour must not fill the log of a million deliveries.
INTERNAL_WAIT_S: Final = 10.0
INTERNAL_WAIT_MAX_S: Final = 300.0


class Claimed(Struct, frozen=True):
    """A leased delivery with all its attempt needs; `fence` proves the lease when the answer is recorded.

    A struct because thousands a second are made; its members stand as `webhooks.claim` returns them.

    Attributes:
        in_order: others of its object may be parked until it has ended.
    """

    tenant: str
    id: str
    endpoint_id: str
    fence: int
    failures: int
    replay: bool
    in_order: bool
    event_id: str
    body: str
    url: str
    signatures: Sequence[str]
    retry_waits_s: Sequence[float] | None
    secrets: Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn of a worker found beside recording what it was given.

    Attributes:
        too_long: an endpoint it recorded failures of has failed for too long.
        parked: put aside to wait in order; more than none means that there may be more behind them.
        walked: how many endpoints with waiting deliveries it stepped over, the last of them `walked_to`.
    """

    too_long: bool
    parked: int
    walked: int
    walked_to: tuple[str, str]
    claimed: Sequence[Claimed]


class Ended(Struct, frozen=True, kw_only=True):
    """An attempt and what follows from it; `wait_s` is until the next one where the state is pending."""

    claimed: Claimed
    attempt: Attempt
    request_headers: Mapping[str, str]
    state: Next
    wait_s: float = 0.0

    @property
    def delivered(self) -> bool:
        return self.attempt.reason.delivered

    @property
    def answered(self) -> bool:
        """Whether this tells something about the endpoint, and not about ourselves."""
        return self.attempt.reason is not Reason.INTERNAL_ERROR


def conclude(
    claimed: Claimed,
    attempt: Attempt,
    request_headers: Mapping[str, str],
    *,
    waits_s: Sequence[float] = WAITS_S,
) -> Ended:
    """Decide what an attempt means for its delivery."""

    def ended(state: Next, wait_s: float = 0.0) -> Ended:
        return Ended(
            claimed=claimed, attempt=attempt, request_headers=request_headers, state=state, wait_s=wait_s
        )

    if attempt.reason.delivered:
        return ended("delivered")
    if attempt.reason is Reason.INTERNAL_ERROR:
        return ended("pending", _internal_wait_s(claimed))
    match after_failure(
        claimed.failures + 1, retry_after_s=attempt.retry_after_s, waits_s=claimed.retry_waits_s or waits_s
    ):
        case Again(wait_s):
            return ended("pending", wait_s)
        case Exhausted():
            return ended("exhausted")


def _internal_wait_s(claimed: Claimed) -> float:
    in_vain = (
        claimed.fence - claimed.failures - 1
    )  # claims before this one that no failure of the endpoint's ended
    return jittered(min(INTERNAL_WAIT_S * 2 ** min(in_vain, 10), INTERNAL_WAIT_MAX_S))
