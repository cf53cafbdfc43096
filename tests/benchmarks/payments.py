"""Payments a second against what the same PostgreSQL can do at all."""

from statistics import median

from tests.benchmarks import pgbench, processor_time
from tests.benchmarks.high_street import HighStreet, a_high_street
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report


async def payments(report: Report, pace: Pace) -> None:
    """Consumer-presented payments through HTTP, an offer in each, outbox written, nobody delivering."""
    async with a_high_street() as street:
        await _measure("payments", street, report, pace)


async def _measure(name: str, street: HighStreet, report: Report, pace: Pace) -> None:
    await pgbench.prepare(street.postgres)
    await street.pay(await street.queue_up(seconds=2))  # plans, connections, caches
    ratios, rates, yardsticks, used = [], [], [], dict.fromkeys(street.parts, 0.0)
    for _ in range(pace.rounds):
        tps = await pgbench.tps(street.postgres, seconds=pace.round_s)
        queue = await street.queue_up(seconds=pace.round_s)
        before = processor_time.taken_s(street.parts)
        tally = await street.pay(queue)
        after = processor_time.taken_s(street.parts)
        rate = tally.succeeded / pace.round_s
        ratios.append(rate / tps)
        rates.append(rate)
        yardsticks.append(tps)
        for part in used:
            used[part] += after[part] - before[part]
    report.say(name, median(ratios), "ratio")
    report.say(f"{name}_a_second", median(rates), "payments/s")
    report.say("pgbench_tps", median(yardsticks), "transactions/s")
    paid = sum(rates) * pace.round_s
    for part, seconds in used.items():
        report.say(f"{name}_cpu_{part}", seconds / paid * 1e6, "µs/payment")
