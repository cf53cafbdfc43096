"""Times of small pure deeds."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

# Long enough that the clock's own grain and a passing interrupt do not show.
_STRETCH_S = 0.2


def seconds_each(*deeds: Callable[[], object], rounds: int) -> list[float]:
    """What each deed takes, the deeds in turn, so that a slow moment hits them all; median of the rounds."""
    counts = [_enough(deed) for deed in deeds]
    times = [
        [_time(deed, count) for deed, count in zip(deeds, counts, strict=True)] for _ in range(max(rounds, 3))
    ]
    return [median(of_one) for of_one in zip(*times, strict=True)]


def _enough(deed: Callable[[], object]) -> int:
    count = 1
    while (took_s := _time(deed, count) * count) < _STRETCH_S:
        count = max(count * 2, int(count * _STRETCH_S / max(took_s, 1e-6)))
    return count


def _time(deed: Callable[[], object], count: int) -> float:
    begun = perf_counter()
    for _ in range(count):
        deed()
    return (perf_counter() - begun) / count
