"""What an attempt means for its delivery."""

from datetime import UTC, datetime

import pytest

from webhooks.delivery import INTERNAL_WAIT_MAX_S, INTERNAL_WAIT_S, Claimed, conclude
from webhooks.retry import JITTER
from webhooks.sender import Attempt, Reason


def _claimed(*, fence: int, failures: int = 0) -> Claimed:
    return Claimed(
        *("mer_1", "dlv_1", "end_1", fence, failures, False, False),
        *("evt_1", "{}", "https://shop.example/", ["v1"], None, []),
    )


@pytest.mark.parametrize(
    ("fence", "failures", "wait_s"),
    [
        (1, 0, INTERNAL_WAIT_S),
        (2, 0, 2 * INTERNAL_WAIT_S),
        (4, 3, INTERNAL_WAIT_S),
        (99, 0, INTERNAL_WAIT_MAX_S),
    ],
)
def test_our_own_trouble_is_waited_for_ever_longer_and_costs_no_attempt(
    fence: int, failures: int, wait_s: float
) -> None:
    attempt = Attempt(started_at=datetime.now(UTC), duration_ms=0, reason=Reason.INTERNAL_ERROR)
    ended = conclude(_claimed(fence=fence, failures=failures), attempt, {})
    assert (ended.state, ended.answered) == ("pending", False)
    assert wait_s * (1 - JITTER) <= ended.wait_s <= wait_s * (1 + JITTER)
