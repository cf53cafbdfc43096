from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from webhooks.retry import JITTER, WAITS_S, Again, Exhausted, after_failure, retry_after_s

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_schedule_is_fifteen_attempts_in_about_three_days() -> None:
    assert len(WAITS_S) + 1 == 15
    assert 3 * 86_400 < sum(WAITS_S) < 3.3 * 86_400


@pytest.mark.parametrize("failures", range(1, 15))
def test_every_wait_stays_within_its_jitter_and_does_vary(failures: int) -> None:
    waits = [step.wait_s for step in (after_failure(failures) for _ in range(200)) if isinstance(step, Again)]
    planned = WAITS_S[failures - 1]
    assert len(waits) == 200
    assert planned * (1 - JITTER) <= min(waits) < max(waits) <= planned * (1 + JITTER)
    assert max(waits) - min(waits) > planned * JITTER


def test_after_the_last_attempt_the_delivery_is_exhausted() -> None:
    assert after_failure(15) == Exhausted()


def test_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    assert after_failure(1, retry_after_s=120.0) == Again(120.0)
    late = after_failure(14, retry_after_s=1.0)
    assert isinstance(late, Again)
    assert late.wait_s >= 86_400 * (1 - JITTER)


def test_retry_after_is_bounded_to_a_day() -> None:
    assert after_failure(1, retry_after_s=10.0**9) == Again(86_400.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 400, 999_999_999_999.0),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +" + "9" * 18, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_nonsense_is_ignored(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after_s(header, now=NOW) == seconds
