"""What two million payments in the database cost the next one."""

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
_FILL = Path(__file__).with_name("payments_growth.sql")


async def payments_growth(report: Report, pace: Pace) -> None:
    """Two streets in turn, one of them with a past; the ratio of their rates."""
    async with AsyncExitStack() as stack:
        young, old = [await stack.enter_async_context(a_high_street()) for _ in range(2)]
        for street in (young, old):
            await street.pay(await street.queue_up(seconds=2))  # plans, connections, caches
        await _fill(old, _PAYMENTS)
        for street in (young, old):
            await street.pool.execute("ANALYZE")
            await street.pay(await street.queue_up(seconds=2))
        ratios, rates = [], []
        for _ in range(pace.rounds):
            before, after = [await _rate(one, seconds=min(pace.round_s, _ROUND_S)) for one in (young, old)]
            ratios.append(after / before)
            rates.append(after)
        report.say("payments_growth", median(ratios), "ratio")
        report.say("payments_growth_a_second", median(rates), "payments/s")
        report.say("payments_growth_payments", await _count(old), "payments in the database")


async def _rate(street: HighStreet, *, seconds: float) -> float:
    tally = await street.pay(await street.queue_up(seconds=seconds))
    return tally.succeeded / seconds


async def _fill(street: HighStreet, count: int) -> None:
    """Copies of what the tills were paid, with their transfers, attempts, reservations and idempotency keys.

    Events and deliveries are left out: they are swept after days, a payment is kept for years.
    """
    connection = await asyncpg.connect(street.postgres.url("gateway"))
    await connection.execute(_FILL.read_text().replace(":payments", str(count)))
    # As autovacuum would have, all along; or the first round would pay for the last of the filling.
    await connection.execute("VACUUM (FREEZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _count(street: HighStreet) -> int:
    count: int = await street.pool.fetchval("SELECT count(*) FROM gateway.payments")
    return count
