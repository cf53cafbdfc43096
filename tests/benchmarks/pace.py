"""How long a benchmark measures; shorter runs are for whoever changes the code and wants a hint."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Rounds alternate between what is measured and what it is measured by, so that a slow minute hits both."""

    rounds: int = 3
    round_s: int = 20


def pace_of_environment() -> Pace:
    """`BENCH_ROUNDS` and `BENCH_ROUND_S`, for shorter runs than the published figures take."""
    return Pace(
        rounds=int(os.environ.get("BENCH_ROUNDS", Pace().rounds)),
        round_s=int(os.environ.get("BENCH_ROUND_S", Pace().round_s)),
    )
