"""Deliveries a second, claimed and recorded durably, against a bare client that posts the same bodies."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

import aiohttp
import asyncpg

from gateway.demo.processes import free_ports
from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.migrate import migrate
from gateway.storage.pool import open_pool
from merchants.ids import new_id
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report
from tests.receivers import PARTNER_NO, Worker, an_event, delivering, subscribe
from webhooks import outbox, signing
from webhooks.event import NewEvent, body

_ENDPOINTS = 8
_AT_ONCE = 32  # requests under way at each endpoint, and as many for each in the bare client
_MOST_A_SECOND = 3_000  # more than two cores deliver, so that a round never runs out
# About as much as a payment's event says.
_DATA = {
    "payment": {"id": "pay_" + "0" * 32, "lines": [{"sku": f"sku-{n}", "quantity": 1} for n in range(20)]}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Yard:
    """PostgreSQL as it ships, a receiver in a process of its own, and endpoints that lead to it."""

    pool: asyncpg.Pool
    url: str
    tenants: tuple[str, ...]


async def webhooks(report: Report, pace: Pace) -> None:
    """Rounds of the bare client and of the deliverer in turn, in this process both."""
    bare_client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=600))
    async with _a_yard() as yard, delivering(yard.pool) as worker, bare_client as http:
        await _deliver(yard, worker, seconds=2)  # plans, connections, caches
        await _post(http, yard, seconds=2)
        ratios, rates, yardsticks = [], [], []
        for _ in range(pace.rounds):
            bare = await _post(http, yard, seconds=pace.round_s)
            delivered = await _deliver(yard, worker, seconds=pace.round_s)
            ratios.append(delivered / bare)
            rates.append(delivered)
            yardsticks.append(bare)
        report.say("webhooks", median(ratios), "ratio")
        report.say("webhooks_a_second", median(rates), "deliveries/s")
        report.say("bare_posts_a_second", median(yardsticks), "posts/s")


@asynccontextmanager
async def _a_yard() -> AsyncIterator[_Yard]:
    with EmbeddedPostgres() as postgres:
        await migrate(postgres.url())
        pool = await open_pool(postgres.url(), size=4)
        [port] = free_ports(1)
        receiver = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.receiver", str(port)
        )
        try:
            url = f"http://127.0.0.1:{port}/"
            await _listening(url)
            tenants = tuple(new_id("mer", PARTNER_NO) for _ in range(_ENDPOINTS))
            for tenant in tenants:
                await subscribe(pool, url, tenant=tenant, concurrency=_AT_ONCE)
            yield _Yard(pool=pool, url=url, tenants=tenants)
        finally:
            receiver.kill()
            await receiver.wait()
            await pool.close()


async def _listening(url: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def _events(yard: _Yard, count: int) -> list[NewEvent]:
    return [an_event(tenant=yard.tenants[n % _ENDPOINTS], data=_DATA) for n in range(count)]


async def _deliver(yard: _Yard, worker: Worker, *, seconds: int) -> float:
    """Answers recorded a second, while more waits than can be sent."""
    async with yard.pool.acquire() as conn:
        for _ in range(0, seconds * _MOST_A_SECOND, outbox.EVENTS_MAX):
            await outbox.publish(conn, _events(yard, outbox.EVENTS_MAX))
        await conn.execute("VACUUM ANALYZE webhooks.deliveries")
    recorded, began = 0, time.monotonic()
    while (took_s := time.monotonic() - began) < seconds:
        did = await worker.deliverer.run_once()
        recorded += did.recorded
        if not did:
            await worker.woken(0.02)
    await yard.pool.execute("UPDATE webhooks.deliveries SET state = 'skipped' WHERE state = 'pending'")
    await yard.pool.execute("VACUUM ANALYZE webhooks.deliveries")
    return recorded / took_s


async def _post(http: aiohttp.ClientSession, yard: _Yard, *, seconds: int) -> float:
    """Answers a second that aiohttp's client gets for signed bodies of the same size, and nothing else."""
    rendered = body(_events(yard, 1)[0])
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
