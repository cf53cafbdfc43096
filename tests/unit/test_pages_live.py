"""How often a page that stays true asks the database."""

import pytest

from gateway.pages.live import rested_s


@pytest.mark.parametrize(
    ("took_s", "rests_s"),
    [(0.01, 3.0), (0.3, 3.0), (1.5, 15.0), (30.0, 40.0)],
    ids=["quick", "as quick as its pace", "a busy day", "not longer than a proxy waits"],
)
def test_what_takes_long_to_read_is_read_seldom(took_s: float, rests_s: float) -> None:
    assert rested_s(3.0, took_s=took_s) == rests_s


def test_a_topic_that_is_told_seldom_is_read_whenever_it_is_told() -> None:
    assert rested_s(0.0, took_s=1.0) == 0.0
