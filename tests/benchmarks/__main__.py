"""`python -m tests.benchmarks [NAME]`: every benchmark, or one."""

import sys
from collections.abc import Awaitable, Callable

import uvloop

from tests.benchmarks.code_redeem import code_redeem
from tests.benchmarks.offered_payments import payments_hot_budget, payments_offers, payments_offers_stacked
from tests.benchmarks.offers import offers
from tests.benchmarks.pace import Pace, pace_of_environment
from tests.benchmarks.payments import payments, payments_delivered
from tests.benchmarks.payments_growth import payments_growth
from tests.benchmarks.qr_codes import qr_png, qr_read, qr_sign, qr_verify
from tests.benchmarks.report import Report
from tests.benchmarks.webhooks import webhooks, webhooks_backlog

# Short ones first: whoever watches sees something soon.
BENCHMARKS: dict[str, Callable[[Report, Pace], Awaitable[None]]] = {
    one.__name__: one
    for one in (
        offers,
        qr_png,
        qr_sign,
        qr_verify,
        qr_read,
        code_redeem,
        payments,
        payments_delivered,
        payments_growth,
        payments_offers,
        payments_offers_stacked,
        payments_hot_budget,
        webhooks,
        webhooks_backlog,
    )
}


async def run(names: list[str]) -> None:
    """All of them, or those named, and every figure once more at the end."""
    unknown = set(names) - BENCHMARKS.keys()
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    report, pace = Report(), pace_of_environment()
    for name in names or BENCHMARKS:
        await BENCHMARKS[name](report, pace)
    report.repeat()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1:]))
