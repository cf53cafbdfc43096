"""Keeps a failing endpoint from being hammered, and stops at one that has failed for days.

The state lives in the endpoint's row, so that all workers share it: closed; open (nothing is sent) once
`failures` attempts in a row failed; half-open after `open_s` (one request at a time) until one succeeds.
Deliveries that wait meanwhile spend none of their attempts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from webhooks.delivery import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When an endpoint is left in peace.

    Attributes:
        failures: so many in a row are no accident; a burst of concurrent ones opens it at once.
        open_s: shorter than most waits of the schedule, so that recovery is noticed early.
        disable_after_s: five days, longer than one delivery's whole schedule.
    """

    failures: int = 5
    open_s: float = 30.0
    disable_after_s: float = 5 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """How one endpoint answered in one batch."""

    tenant: str
    endpoint_id: str
    succeeded: bool
    failed: int


def note(ended: Iterable[Ended]) -> list[Noted]:
    """Sum a batch up per endpoint; what went wrong on our side says nothing about it."""
    answers: dict[tuple[str, str], list[bool]] = {}
    for each in ended:
        if each.answered:
            answers.setdefault((each.claimed.tenant, each.claimed.endpoint_id), []).append(each.delivered)
    return [
        Noted(tenant=tenant, endpoint_id=endpoint_id, succeeded=any(good), failed=good.count(False))
        for (tenant, endpoint_id), good in sorted(answers.items())
    ]
