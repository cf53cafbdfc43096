"""When to try again: the published schedule, its jitter, and what an answer means for it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

SECOND: Final = 1.0
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

# Waits before the second, third, … attempt: fifteen attempts in about three days outlive a bad weekend.
WAITS_S: Final = (
    *(5 * SECOND, 15 * SECOND, 30 * SECOND),
    *(1 * MINUTE, 3 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    *(1 * HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR),
)
JITTER: Final = 0.2  # so that a thousand deliveries that failed together do not come back together
RETRY_AFTER_MAX_S: Final = 24 * HOUR  # a receiver may slow us down, not silence us


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after this wait."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Every attempt of the schedule has failed; the delivery stays, shown and replayable."""


def after_failure(
    failures: int, *, retry_after_s: float | None = None, waits_s: Sequence[float] = WAITS_S
) -> Again | Exhausted:
    """Decide what follows the `failures`-th failed attempt (1 is the first).

    `Retry-After` only ever lengthens a wait: honouring a short one late in the schedule would spend the
    remaining attempts within minutes.
    """
    assert failures >= 1
    if failures > len(waits_s):
        return Exhausted()
    return Again(max(jittered(waits_s[failures - 1]), min(retry_after_s or 0.0, RETRY_AFTER_MAX_S)))


def jittered(wait_s: float) -> float:
    return wait_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # spreads load, guards nothing


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3: seconds or a date); nonsense counts as absent."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
