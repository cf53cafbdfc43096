"""Where deliveries are measured: a receiver and a worker in processes of their own, and a publisher that keeps a pace.

The worker is `gateway work` itself, told of commits as the gateway tells it. Clocks are the machine's monotonic one,
which all its processes share.
"""

import asyncio
import base64
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import psutil

from gateway.demo.processes import free_ports
from gateway.storage.hub import DELIVERIES, Hub
from gateway.storage.pool import open_pool
from merchants.ids import new_id
from tests.processes import Program
from tests.receivers import PARTNER_NO, an_event, subscribe
from webhooks import outbox
from webhooks.event import NewEvent, body

# About as much as a payment's event says.
DATA: Mapping[str, Any] = {
    "payment": {"id": "pay_" + "0" * 32, "lines": [{"sku": f"sku-{n}", "quantity": 1} for n in range(20)]}
}
# The key of `tests.receivers.SEALING`.
_MASTER_KEY = base64.b64encode(bytes(32)).decode()
_FILLS_WITHIN_S = 180.0
_ASK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """A database, and a receiver that answers at one address and hangs at another."""

    database_url: str
    pool: asyncpg.Pool
    url: str
    silent_url: str
    http: aiohttp.ClientSession

    async def arrived(self) -> dict[str, list[float]]:
        """When each event came, since this was asked last."""
        came: dict[str, list[float]] = {}
        async with self.http.get(self.url + "arrived") as answer:
            for line in (await answer.text()).splitlines():
                event_id, at = line.split(" ")
                came.setdefault(event_id, []).append(float(at))
        return came

    async def hang_up(self) -> None:
        """End every connection that is held in silence."""
        async with self.http.get(self.url + "hang-up"):
            return

    async def subscribed(self, url: str, count: int, **wishes: Any) -> list[str]:
        """So many tenants with an endpoint each."""
        tenants = [new_id("mer", PARTNER_NO) for _ in range(count)]
        for tenant in tenants:
            await subscribe(self.pool, url, tenant=tenant, **wishes)
        return tenants

    async def fill(self, tenants: Sequence[str], count: int) -> None:
        """Let so many deliveries wait, as many for each of these tenants, put in by SQL."""
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute("SET LOCAL statement_timeout = 0")
            await conn.execute(
                _FILL, list(tenants), count // len(tenants), body(_of_payment(tenants[0])).decode(),
                timeout=_FILLS_WITHIN_S,
            )  # fmt: skip

    async def settle(self) -> None:
        """Do now what autovacuum and the checkpointer would do in the middle of a measurement."""
        async with self.pool.acquire() as conn:
            await conn.execute("SET statement_timeout = 0")
            for table in ("events", "deliveries", "attempts", "endpoint_health"):
                await conn.execute(f"VACUUM ANALYZE webhooks.{table}", timeout=_FILLS_WITHIN_S)
            await conn.execute("CHECKPOINT", timeout=_FILLS_WITHIN_S)
            await conn.execute("RESET statement_timeout")


_FILL = """
    WITH new AS (
        INSERT INTO webhooks.events (tenant, id, type, object_id, sequence, occurred_at, body)
        SELECT tenant, 'evt_' || md5(gen_random_uuid()::text), 'payment.succeeded', 'pay_' || n, 1, now(), $3
          FROM unnest($1::text[]) AS tenant, generate_series(1, $2) AS n
     RETURNING tenant, id
    )
    INSERT INTO webhooks.deliveries (tenant, id, endpoint_id, event_id)
    SELECT new.tenant, webhooks.new_delivery_id(new.id), e.id, new.id
      FROM new JOIN webhooks.endpoints e ON e.tenant = new.tenant
"""


@asynccontextmanager
async def a_yard(database_url: str, *, connections: int = 8) -> AsyncIterator[Yard]:
    """A yard on a migrated database."""
    pool = await open_pool(database_url, size=connections)
    port, silent = free_ports(2)
    receiver = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.receiver", str(port), str(silent)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        url, silent_url = f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{silent}/"
        async with aiohttp.ClientSession() as http:
            await _listening(http, url)
            yield Yard(database_url=database_url, pool=pool, url=url, silent_url=silent_url, http=http)
    finally:
        receiver.kill()
        await receiver.wait()
        await pool.close()


async def _listening(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(_ASK_EVERY_S)  # another process has no other way to say that it listens


@asynccontextmanager
async def a_worker(yard: Yard, folder: Path, **settings: str) -> AsyncIterator[psutil.Process]:
    """`gateway work`, once it has delivered for the first time."""
    environ = {
        "GATEWAY_ENV": "sandbox",
        "DATABASE_URL": yard.database_url,
        "MASTER_KEY": _MASTER_KEY,
        "WEBHOOK_LOOPBACK": "true",
        "LOG_LEVEL": "WARNING",
        **settings,
    }
    worker = Program(name="worker", arguments=("work",), environ=environ, log=folder / "worker.log")
    await worker.start()
    try:
        tenants = await yard.subscribed(yard.url, 1)
        await flow(yard, tenants, rate=10, seconds=0.1)
        yield psutil.Process(worker.pid)
    finally:
        await worker.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What came of events published at a pace.

    Attributes:
        delays_s: from the commit, as its publisher heard of it, to the arrival; in order of size.
        lost: committed, and not arrived in the time that was given.
        again: arrived more than once.
    """

    delays_s: Sequence[float] = field(repr=False)
    lost: int
    again: int

    def percentile_ms(self, percent: float) -> float:
        return self.delays_s[min(len(self.delays_s) - 1, int(len(self.delays_s) * percent / 100))] * 1_000


async def flow(
    yard: Yard,
    tenants: Sequence[str],
    *,
    rate: float,
    seconds: float,
    silent: Sequence[str] = (),
    within_s: float = 30.0,
) -> Flow:
    """Publish an event a transaction, for one tenant after the other, at this rate; and wait for all to arrive.

    Args:
        yard: where.
        tenants: whose events are to arrive.
        rate: events a second, of all tenants.
        seconds: how long to publish.
        silent: tenants that get their share of the events, and whose endpoints never answer.
        within_s: how long to wait for the last.
    """
    everybody, unheard = [*tenants, *silent], set(silent)
    committed: dict[str, float] = {}
    hub = Hub(yard.database_url)
    await hub.start()

    async def publish(event: NewEvent) -> None:
        async with yard.pool.acquire() as conn:
            await outbox.publish(conn, [event])
        if event.tenant not in unheard:
            committed[event.id] = time.monotonic()
        hub.tell(DELIVERIES)

    try:
        began = time.monotonic()
        async with asyncio.TaskGroup() as publishing:
            for number in range(max(1, round(rate * seconds))):
                await asyncio.sleep(began + number / rate - time.monotonic())  # the pace that is asked for
                publishing.create_task(publish(_of_payment(everybody[number % len(everybody)])))
        came = await _all_arrived(yard, committed, within_s=within_s)
    finally:
        await hub.stop()
    return Flow(
        delays_s=sorted(came[one][0] - at for one, at in committed.items() if one in came),
        lost=len(committed.keys() - came.keys()),
        again=sum(len(came[one]) > 1 for one in committed.keys() & came.keys()),
    )


async def _all_arrived(
    yard: Yard, committed: Mapping[str, float], *, within_s: float
) -> dict[str, list[float]]:
    came = await yard.arrived()
    until = time.monotonic() + within_s
    while committed.keys() - came.keys() and time.monotonic() < until:
        await asyncio.sleep(_ASK_EVERY_S)  # another process's doing
        for event_id, times in (await yard.arrived()).items():
            came.setdefault(event_id, []).extend(times)
    return came


def _of_payment(tenant: str) -> NewEvent:
    return an_event(tenant=tenant, data=DATA)
