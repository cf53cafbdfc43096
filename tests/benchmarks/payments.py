"""Payments a second against what the same PostgreSQL can do at all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median

import aiohttp

from gateway.demo.processes import free_ports
from tests.benchmarks import pgbench, processor_time
from tests.benchmarks.high_street import HighStreet, a_high_street
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report


async def payments(report: Report, pace: Pace) -> None:
    """Consumer-presented payments through HTTP, an offer in each, outbox written, nobody delivering."""
    async with a_high_street() as street:
        measured = await _measure(street, pace)
        _say(report, "payments", measured)
        half = await street.pay(
            await street.queue_up(seconds=pace.round_s, rate_per_s=median(measured.rates) / 2)
        )
        report.say("payments_p50_at_half_load", half.percentile_ms(50), "ms")
        report.say("payments_p99_at_half_load", half.percentile_ms(99), "ms")


async def payments_delivered(report: Report, pace: Pace) -> None:
    """The same with a worker delivering every event to the shops' consumer."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}/"
    async with a_high_street(webhook_url=url) as street:
        consumer = await street.processes.start(
            "consumer", "tests.benchmarks.receiver", str(port), piped=True
        )
        assert consumer.process.stdout is not None
        await consumer.process.stdout.readline()
        await street.start("worker", "gateway", "work")
        measured = await _measure(street, pace, count=lambda: _received(url))
        _say(report, "payments_delivered", measured)
        report.say("payments_delivered_webhooks", median(measured.counted), "deliveries/s")


@dataclass(slots=True)
class _Measured:
    """Of each round: payments a second, what pgbench did beside it, what was counted; and processor time."""

    rates: list[float] = field(default_factory=list)
    yardsticks: list[float] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)
    processor_s: dict[str, float] = field(default_factory=dict)
    paid: int = 0


async def _nothing() -> int:
    return 0


async def _measure(
    street: HighStreet, pace: Pace, count: Callable[[], Awaitable[int]] = _nothing
) -> _Measured:
    await pgbench.prepare(street.postgres)
    await street.pay(await street.queue_up(seconds=2))  # plans, connections, caches
    await street.pool.execute("ANALYZE")  # as autovacuum would, some time within the first minute
    measured = _Measured(processor_s=dict.fromkeys(street.parts, 0.0))
    for _ in range(pace.rounds):
        measured.yardsticks.append(await pgbench.tps(street.postgres, seconds=pace.round_s))
        queue = await street.queue_up(seconds=pace.round_s)
        before, counted = processor_time.taken_s(street.parts), await count()
        tally = await street.pay(queue)
        after = processor_time.taken_s(street.parts)
        measured.counted.append((await count() - counted) / pace.round_s)
        measured.rates.append(tally.succeeded / pace.round_s)
        measured.paid += tally.succeeded
        for part in measured.processor_s:
            measured.processor_s[part] += after[part] - before[part]
    return measured


def _say(report: Report, name: str, measured: _Measured) -> None:
    ratios = [rate / tps for rate, tps in zip(measured.rates, measured.yardsticks, strict=True)]
    report.say(name, median(ratios), "ratio")
    report.say(f"{name}_a_second", median(measured.rates), "payments/s")
    report.say(f"{name}_pgbench", median(measured.yardsticks), "transactions/s")
    for part, seconds in measured.processor_s.items():
        report.say(f"{name}_cpu_{part}", seconds / measured.paid * 1e6, "µs/payment")


async def _received(url: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return int(await answer.text())
