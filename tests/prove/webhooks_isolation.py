"""A fifth of the endpoints hangs: what does it cost the others? And what do a million that wait cost the worker?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from tests.yard import Yard, a_worker, a_yard, flow

RATIO_MOST: Final = 2.0
# Slots with their bodies and connections, and a claim's rows; a million bodies would be 800.
GROWN_MB_MOST: Final = 150.0
_SHARE: Final = 5  # every fifth hangs
_RATE: Final = 100  # events a second, for one endpoint after the other
_HELD_FOR_EACH: Final = 20  # more than an endpoint has slots, so that all of those hang from the first moment
_SLOTS: Final = 8
_SAMPLED_EVERY_S: Final = 0.05
_MB: Final = 1_048_576


@dataclass(slots=True, kw_only=True)
class Isolation:
    """What came out; the lists have a figure a round, the memory is the worker's."""

    endpoints: int
    healthy_ms: list[float] = field(default_factory=list)
    beside_ms: list[float] = field(default_factory=list)
    lost: int = 0
    again: int = 0
    waiting: int = 0
    backlog_ms: float = 0.0
    before_mb: float = 0.0
    most_mb: float = 0.0

    @property
    def ratio(self) -> float:
        return median(self.beside_ms) / median(self.healthy_ms)

    @property
    def grown_mb(self) -> float:
        return self.most_mb - self.before_mb

    def __str__(self) -> str:
        return (
            f"{self.endpoints} endpoints, a fifth of them hanging: p99 from commit to arrival at the others "
            f"{_told(self.beside_ms)} ms, with all healthy {_told(self.healthy_ms)} ms; ratio of the medians "
            f"{self.ratio:.2f}; {self.lost} lost, {self.again} came twice\n"
            f"{self.waiting} deliveries waiting for those that hang: p99 at the others {self.backlog_ms:.0f} ms, "
            f"the worker's memory {self.most_mb:.0f} MB at most, {self.before_mb:.0f} MB before"
        )


async def run(
    database_url: str, folder: Path, *, endpoints: int, rounds: int, seconds: float, waiting: int
) -> Isolation:
    """Rounds with all endpoints healthy and with a fifth hanging in turn; then once more beside a backlog."""
    found = Isolation(endpoints=endpoints, waiting=waiting)
    hanging = endpoints // _SHARE
    async with a_yard(database_url) as yard, a_worker(yard, folder) as worker:
        well = await yard.subscribed(yard.url, endpoints)
        for _ in range(rounds):
            found.healthy_ms.append(await _p99_ms(found, yard, well, [], seconds))
            async with _hanging(yard, hanging, waiting=hanging * _HELD_FOR_EACH) as silent:
                found.beside_ms.append(await _p99_ms(found, yard, well[hanging:], silent, seconds))
        found.before_mb = worker.memory_info().rss / _MB
        async with _hanging(yard, hanging, waiting=waiting) as silent, _sampled(worker) as sizes:
            found.backlog_ms = await _p99_ms(found, yard, well[hanging:], silent, seconds)
        found.most_mb = max(sizes) / _MB
    return found


async def _p99_ms(
    found: Isolation, yard: Yard, well: Sequence[str], silent: Sequence[str], seconds: float
) -> float:
    # What follows a change of scene is not what is asked about: plans, connections, the first write of each page.
    await flow(yard, well, rate=_RATE, seconds=seconds / 10)
    came = await flow(yard, well, silent=silent, rate=_RATE, seconds=seconds)
    found.lost += came.lost
    found.again += came.again
    return came.percentile_ms(99)


@asynccontextmanager
async def _hanging(yard: Yard, count: int, *, waiting: int) -> AsyncIterator[Sequence[str]]:
    """New endpoints that never answer, with so much waiting for them that all their slots are taken; then gone."""
    silent = await yard.subscribed(yard.silent_url, count, concurrency=_SLOTS)
    await yard.fill(silent, waiting)
    await yard.settle()
    try:
        async with asyncio.timeout(60):
            # From here on the others compete with them.
            while await yard.pool.fetchval(_SENDING, silent) < count * _SLOTS // 2:  # noqa: ASYNC110
                await asyncio.sleep(_SAMPLED_EVERY_S)
        yield silent
    finally:
        async with yard.pool.acquire() as conn, conn.transaction():
            await conn.execute("SET LOCAL statement_timeout = 0")
            await conn.execute("DELETE FROM webhooks.endpoints WHERE tenant = ANY ($1)", silent)
            await conn.execute(_FORGET, silent, timeout=120)
        await yard.hang_up()


_SENDING = "SELECT count(*) FROM webhooks.deliveries WHERE state = 'sending' AND tenant = ANY ($1)"
_FORGET = "DELETE FROM webhooks.deliveries WHERE state = 'pending' AND tenant = ANY ($1)"


@asynccontextmanager
async def _sampled(worker: psutil.Process) -> AsyncIterator[list[int]]:
    """The process's resident memory, again and again."""
    sizes = [worker.memory_info().rss]

    async def sample() -> None:
        while True:
            sizes.append(worker.memory_info().rss)
            await asyncio.sleep(_SAMPLED_EVERY_S)

    sampling = asyncio.create_task(sample())
    try:
        yield sizes
    finally:
        sampling.cancel()


def _told(figures: Sequence[float]) -> str:
    return "/".join(f"{one:.0f}" for one in figures)
