"""Deliveries a second, claimed and recorded durably, against a bare client that posts the same bodies."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.migrate import migrate
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report
from tests.receivers import Worker, an_event, delivering
from tests.yard import DATA, Yard, a_worker, a_yard, flow
from webhooks import signing
from webhooks.event import body

_ENDPOINTS: Final = 8
_AT_ONCE: Final = 32  # requests under way at each endpoint, and as many for each in the bare client
_MOST_A_SECOND: Final = 4_000  # more than two cores deliver, so that a round never runs out
_PACES: Final = (300, 1_000)  # events a second whose delays are told
_PERCENTILES: Final = (50, 95, 99)
_WAITING: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """A yard with busy endpoints, and a deliverer in this process that serves them."""

    yard: Yard
    worker: Worker
    tenants: Sequence[str]


async def webhooks(report: Report, pace: Pace) -> None:
    """Rounds of the bare client and of the deliverer in turn, in this process both; then delays at a steady pace."""
    ratios, rates, yardsticks = [], [], []
    bare_client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=600))
    async with _a_scene() as scene, bare_client as http:
        await _post(http, scene.yard, seconds=2)
        for _ in range(pace.rounds):
            bare = await _post(http, scene.yard, seconds=pace.round_s)
            delivered = await _deliver(scene, seconds=pace.round_s)
            ratios.append(delivered / bare)
            rates.append(delivered)
            yardsticks.append(bare)
    report.say("webhooks", median(ratios), "ratio")
    report.say("webhooks_a_second", median(rates), "deliveries/s")
    report.say("bare_posts_a_second", median(yardsticks), "posts/s")
    await _delays(report, pace)


async def webhooks_backlog(report: Report, pace: Pace) -> None:
    """The rate while a million deliveries wait for other endpoints, by the rate while none does; rounds in turn."""
    ratios, rates = [], []
    async with _a_scene() as empty, _a_scene() as full:
        await _let_wait(full.yard)
        for _ in range(pace.rounds):
            alone = await _deliver(empty, seconds=pace.round_s // 2)
            beside = await _deliver(full, seconds=pace.round_s // 2)
            ratios.append(beside / alone)
            rates.append(beside)
        waiting = await full.yard.pool.fetchval(_STILL_WAITING, full.tenants, timeout=60)
    report.say("webhooks_backlog", median(ratios), "ratio")
    report.say("webhooks_backlog_a_second", median(rates), "deliveries/s")
    report.say("webhooks_backlog_waiting", waiting, "deliveries")


_STILL_WAITING = "SELECT count(*) FROM webhooks.deliveries WHERE state = 'pending' AND tenant <> ALL ($1)"


@asynccontextmanager
async def _a_scene() -> AsyncIterator[_Scene]:
    """On PostgreSQL as it ships; warm."""
    with EmbeddedPostgres() as postgres:
        await migrate(postgres.url())
        async with a_yard(postgres.url(), connections=4) as yard, delivering(yard.pool) as worker:
            tenants = await yard.subscribed(yard.url, _ENDPOINTS, concurrency=_AT_ONCE)
            scene = _Scene(yard=yard, worker=worker, tenants=tenants)
            await _deliver(scene, seconds=2)  # plans, connections, caches
            yield scene


async def _deliver(scene: _Scene, *, seconds: int) -> float:
    """Answers recorded a second, while more waits than can be sent."""
    pool = scene.yard.pool
    await scene.yard.fill(scene.tenants, seconds * _MOST_A_SECOND)
    await pool.execute("VACUUM ANALYZE webhooks.deliveries", timeout=60)
    recorded, began = 0, time.monotonic()
    while (took_s := time.monotonic() - began) < seconds:
        did = await scene.worker.deliverer.run_once()
        recorded += did.recorded
        if not did:
            await scene.worker.woken(0.02)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL statement_timeout = 0")
        await conn.execute(_SKIP_THE_REST, scene.tenants, timeout=60)
    return recorded / took_s


_SKIP_THE_REST = "DELETE FROM webhooks.deliveries WHERE state = 'pending' AND tenant = ANY ($1)"


async def _post(http: aiohttp.ClientSession, yard: Yard, *, seconds: int) -> float:
    """Answers a second that aiohttp's client gets for signed bodies of the same size, and nothing else."""
    rendered = body(an_event(data=DATA))
    headers = signing.headers("evt_1", int(time.time()), rendered, secrets=[bytes(32)])
    until, posted = time.monotonic() + seconds, 0

    async def post_on() -> None:
        nonlocal posted
        while time.monotonic() < until:
            async with http.post(yard.url, data=rendered, headers=headers) as answer:
                await answer.read()
            posted += 1

    began = time.monotonic()
    await asyncio.gather(*(post_on() for _ in range(_ENDPOINTS * _AT_ONCE)))
    return posted / (time.monotonic() - began)


async def _delays(report: Report, pace: Pace) -> None:
    """From commit to arrival: `gateway work` in a process of its own, events published one a transaction."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres() as postgres:
        await migrate(postgres.url())
        async with a_yard(postgres.url()) as yard, a_worker(yard, Path(folder)):
            tenants = await yard.subscribed(yard.url, _ENDPOINTS, concurrency=_AT_ONCE)
            for rate in _PACES:
                await flow(yard, tenants, rate=rate, seconds=1)
                came = await flow(yard, tenants, rate=rate, seconds=pace.round_s / 2)
                for percent in _PERCENTILES:
                    report.say(f"webhooks_p{percent}_at_{rate}_a_second", came.percentile_ms(percent), "ms")
                report.say(f"webhooks_lost_at_{rate}_a_second", came.lost, "deliveries")


async def _let_wait(yard: Yard) -> None:
    """A million, of every kind there is: held by a disabled endpoint, by an open breaker, and until a retry."""
    kinds = 3
    tenants = await yard.subscribed(yard.silent_url, 16 * kinds)
    await yard.fill(tenants, _WAITING + len(tenants))
    disabled, broken, retried = (tenants[n::kinds] for n in range(kinds))
    async with yard.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL statement_timeout = 0")
        for statement, whose in ((_DISABLE, disabled), (_BREAK, broken), (_PUT_OFF, retried)):
            await conn.execute(statement, whose, timeout=120)
    await yard.settle()


_DISABLE = """
    UPDATE webhooks.endpoints SET disabled_reason = 'by_partner', disabled_at = now() WHERE tenant = ANY ($1)
"""
_BREAK = """
    UPDATE webhooks.endpoint_health SET consecutive_failures = 5, open_until = now() + interval '1 day'
     WHERE tenant = ANY ($1)
"""
_PUT_OFF = "UPDATE webhooks.deliveries SET due_at = now() + interval '1 day' WHERE tenant = ANY ($1)"
