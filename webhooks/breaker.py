"""Keeps a failing endpoint from being hammered, and stops at one that has failed for days.

The state lives in the endpoint's row, so that all workers share it: closed; open (nothing is sent) once
`failures` attempts in a row failed; half-open after `open_s` (one request at a time) until one succeeds.
Deliveries that wait meanwhile spend none of their attempts.
"""

from dataclasses import dataclass


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
