"""What two million payments in the database cost the next one."""

import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

import asyncpg

from tests.benchmarks.high_street import HighStreet, a_high_street
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report

_PAYMENTS = 2_000_000
# A full round of `payments` for each street and round would be a minute more than this needs.
_ROUND_S = 10
# A checkpoint amid the filling would have every page logged once more by the freezing. Both streets have it alike.
_ROOMY = {"max_wal_size": "16GB", "checkpoint_timeout": "1h"}
_FILL = Path(__file__).with_name("payments_growth.sql")


async def payments_growth(report: Report, pace: Pace) -> None:
    """Two streets in turn, one of them with a past; the ratio of their rates."""
    async with AsyncExitStack() as stack:
        young, old = [await stack.enter_async_context(a_high_street(server=_ROOMY)) for _ in range(2)]
        for street in (young, old):
            await street.pay(await street.queue_up(seconds=2))  # plans, connections, caches
        began = time.monotonic()
        await _fill(old, _PAYMENTS)
        report.say("payments_growth_fill", time.monotonic() - began, "s")
        report.say("payments_growth_payments", await _count(old), "payments in the database")
        # The old one's filling ends with it, in more time than a pool's statement has.
        await young.pool.execute("ANALYZE")
        for street in (young, old):
            await street.pay(await street.queue_up(seconds=2))
        ratios, rates = [], []
        for _ in range(pace.rounds):
            before, after = [await _rate(one, seconds=min(pace.round_s, _ROUND_S)) for one in (young, old)]
            ratios.append(after / before)
            rates.append(after)
        report.say("payments_growth", median(ratios), "ratio")
        report.say("payments_growth_a_second", median(rates), "payments/s")


async def _rate(street: HighStreet, *, seconds: float) -> float:
    tally = await street.pay(await street.queue_up(seconds=seconds))
    return tally.succeeded / seconds


async def _fill(street: HighStreet, count: int) -> None:
    """Copies of what the tills were paid, spread over a year.

    Filled: payments, their transfers, what was sent of them, what they reserved of offers, and the idempotency keys
    of the last tenth, since keys are kept for thirty days. All have every index they have in life, of the size it has.
    Not filled: events and deliveries, which are swept after days; used codes, swept after minutes; and the core's
    ledger, which is the bank's and not what is measured.
    """
    connection = await asyncpg.connect(street.postgres.url("gateway"))
    await connection.execute(_FILL.read_text().replace(":payments", str(count)))
    # As autovacuum would have, all along; or the first round would pay for the last of the filling.
    await connection.execute("VACUUM (FREEZE, ANALYZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _count(street: HighStreet) -> int:
    connection = await asyncpg.connect(street.postgres.url("gateway"))
    count: int = await connection.fetchval("SELECT count(*) FROM gateway.payments")
    await connection.close()
    assert count > _PAYMENTS, count
    return count
