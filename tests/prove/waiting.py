"""Tills that wait, each for the end of a payment of its own, on replicas that are processes."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import psutil

from tests.processes import City
from tests.town import Person, Supermarket

_REPLICAS = 2
# Fewer than a listener's backlog: tills do not all come in the same millisecond.
_COME_TOGETHER = 250
_AT_ONCE = 24
_WAITING_WITHIN_S = 120.0
_TOLD_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How it went.

    Attributes:
        connections: those of both replicas to PostgreSQL while all waited.
        connections_more: what waiting took beyond what both held before, and their pools allow.
        memory_kib: what a wait takes of the replicas' memory.
        faults: how waits failed, which none should.
        lags_s: from the answer to the cancel to the word to who waited, sorted.
    """

    waits: int
    told: int
    shares: list[int]
    connections: int
    connections_more: int
    memory_kib: float
    lags_s: list[float] = field(repr=False)
    faults: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        half, most = (self.lags_s[int(len(self.lags_s) * share)] for share in (0.5, 0.99))
        return (
            f"{self.waits} waited, {' and '.join(map(str, self.shares))} on the two replicas, over "
            f"{self.connections} connections to PostgreSQL in all and {self.memory_kib:.0f} KiB each; "
            f"{self.told} were told, p50 {half * 1000:.0f} ms and p99 {most * 1000:.0f} ms after the end"
        )


async def run(city: City, *, waits: int, callers: int) -> Told:
    """So many long-polls by so many clients of one partner; then every payment is ended, on either replica."""
    shop = await city.town.supermarket()
    clients = await _clients(city, shop, callers)
    payments = await _shown(clients, waits)
    workers = await _workers(city)
    before_kib = _memory_kib(workers)
    ended: dict[str, float] = {}
    told: dict[str, float] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        tills: list[asyncio.Task[None]] = []
        for payment_id, client in zip(payments, _round(clients, waits), strict=True):
            till = Person(http=http, url=client.url, token=client.token)
            tills.append(asyncio.create_task(_wait(till, payment_id, told)))
            if len(tills) % _COME_TOGETHER == 0:
                await _until_all_wait(city, len(tills))
        await _until_all_wait(city, waits)
        memory_kib = (_memory_kib(workers) - before_kib) / waits
        connections = [_connections(one, city) for one in workers]
        shares = [_sockets(one, city) for one in workers]
        await _end(clients, payments, ended)
        await asyncio.wait(tills, timeout=_TOLD_WITHIN_S)
        for waiting in tills:
            waiting.cancel()
        faults = Counter(repr(one) for one in await asyncio.gather(*tills, return_exceptions=True) if one)
    return Told(
        waits=waits,
        told=len(told),
        shares=shares,
        connections=sum(connections),
        connections_more=sum(max(0, one - city.town.settings.database_pool_size - 1) for one in connections),
        memory_kib=memory_kib,
        faults=faults,
        lags_s=sorted(max(0.0, told[one] - ended[one]) for one in told),
    )


async def _clients(city: City, shop: Supermarket, number: int) -> list[Person]:
    owner: Any = {"partner_id": shop.merchant.partner_id, "merchant_id": shop.merchant.id}
    return [await city.town.person(kind="partner", **owner) for _ in range(number)]


def _round(clients: list[Person], number: int) -> list[Person]:
    return [clients[one % len(clients)] for one in range(number)]


async def _shown(clients: list[Person], number: int) -> list[str]:
    """So many payments that wait for a payer."""
    ids: list[str] = [""] * number

    async def show(at: int) -> None:
        body = {
            "amount": {"amount_minor": 100, "currency": "CNY"},
            "merchant_order_no": f"W-{at}",
            "expires_in_s": 3600,
        }
        asked = await clients[at % len(clients)].post("/v1/payments", body)
        assert asked.status == 201, asked.body
        ids[at] = asked.body["id"]

    await _some_at_once([show(at) for at in range(number)])
    return ids


async def _end(clients: list[Person], payments: list[str], ended: dict[str, float]) -> None:
    async def cancel(at: int) -> None:
        said = await clients[at % len(clients)].post(f"/v1/payments/{payments[at]}/cancel", {"wait_s": 0})
        assert said.status == 200, said.body
        ended[payments[at]] = time.monotonic()

    await _some_at_once([cancel(at) for at in range(len(payments))])


async def _some_at_once(deeds: list) -> None:  # type: ignore[type-arg] # coroutines of any kind
    waiting = iter(deeds)

    async def work() -> None:
        for deed in waiting:
            await deed

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


async def _wait(till: Person, payment_id: str, told: dict[str, float]) -> None:
    """As a till does: ask again where the wait was over before the payment was."""
    while True:
        read = await till.get(f"/v1/payments/{payment_id}?wait_s=30")
        assert read.status == 200, read.body
        if read.body["state"] == "canceled":
            told[payment_id] = time.monotonic()
            return


async def _until_all_wait(city: City, number: int) -> None:
    async with asyncio.timeout(_WAITING_WITHIN_S):
        while await _waiting(city) < number:  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.2)


async def _waiting(city: City) -> float:
    # The scrape itself is in flight, too.
    return await _figure(city, "gateway_http_in_flight") - 1


async def _figure(city: City, name: str) -> float:
    async with city.town.http.get(f"{city.town.operators}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return next(float(line.split(" ")[1]) for line in lines if line.startswith(f"{name} "))


async def _workers(city: City) -> list[psutil.Process]:
    """The replicas, once both serve."""
    async with asyncio.timeout(_WAITING_WITHIN_S):
        while await _figure(city, "gateway_serving_processes") < _REPLICAS:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.1)
    return list(psutil.Process(city.gateway.pid).children())


def _memory_kib(workers: list[psutil.Process]) -> float:
    return sum(float(one.memory_info().rss) for one in workers) / 1024


def _connections(worker: psutil.Process, city: City) -> int:
    port = int(city.town.settings.database_url.rpartition(":")[2].partition("/")[0])
    return len([one for one in worker.net_connections("tcp") if tuple(one.raddr)[1:] == (port,)])


def _sockets(worker: psutil.Process, city: City) -> int:
    port = int(city.town.public.rpartition(":")[2])
    connected = [one for one in worker.net_connections("tcp") if tuple(one.raddr)]
    return len([one for one in connected if tuple(one.laddr)[1:] == (port,)])
