"""`python -m tests.benchmarks [NAME]`: every benchmark, or one."""

import sys
from collections.abc import Awaitable, Callable

import uvloop

from tests.benchmarks.pace import Pace, pace_of_environment
from tests.benchmarks.payments import payments
from tests.benchmarks.report import Report

BENCHMARKS: dict[str, Callable[[Report, Pace], Awaitable[None]]] = {
    "payments": payments,
}


async def run(names: list[str]) -> None:
    report, pace = Report(), pace_of_environment()
    for name in names or BENCHMARKS:
        await BENCHMARKS[name](report, pace)
    report.repeat()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1:]))
