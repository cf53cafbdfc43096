"""Worker, gateway and PostgreSQL killed while events are delivered: every one arrives, and few of them twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
from aiohttp import web

from gateway.storage.embedded import EmbeddedPostgres
from tests.processes import City
from tests.prove.publishers import Publisher, pings
from tests.receivers import Arrived, Receiver, receiving
from tests.town import Supermarket

_FAULTY: Final = 0.1
_SLOWEST_S: Final = 0.02  # how long a consumer may work before it answers
_CONCURRENCY: Final = 8
_GATEWAYS_SHARE: Final = 0.3  # of the kills; the rest are the worker's
_UNTIL_AT_MOST: Final = 20  # arrivals between two kills


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What came of it.

    Attributes:
        in_flight: at each kill of the worker, what had been claimed and not recorded.
        moments: how far each of those was: claimed only, sent, or answered.
        seen: which claims those were.
        lost_leases: claims that neither an answer nor a failure ended, by the database's own account.
        faults: everything that must not be.
    """

    committed: int = 0
    arrived: int = 0
    attempts: int = 0
    duplicates: int = 0
    lost_leases: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    in_flight: list[int] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)
    seen: set[tuple[str, int]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} of {name}" for name, count in sorted(self.killed.items()))
        return (
            f"killed: {kills}\n{self.committed} deliveries of committed events to healthy endpoints, {self.arrived} "
            f"arrived in {self.attempts} attempts; the worker's kills met {sum(self.in_flight)} deliveries in flight "
            f"({max(self.in_flight, default=0)} at most: {dict(self.moments)}), {self.lost_leases} leases were lost "
            f"in all and made {self.duplicates} duplicates; {len(self.faults)} faults"
        )


@dataclass(slots=True, kw_only=True)
class Consumer:
    """A partner's receiver, whose every tenth answer is a failure or none, and what it has taken well."""

    chance: random.Random
    receiver: Receiver
    answered: Counter[str] = field(default_factory=Counter)
    took: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.receiver.answering = self._answer
        self.receiver.works_s = lambda: self.chance.random() * _SLOWEST_S

    def _answer(self, arrived: Arrived) -> web.Response | None:
        luck = self.chance.random()
        if luck < _FAULTY:
            return None if luck < _FAULTY / 2 else web.Response(status=500)
        self.answered[arrived.event_id] += 1
        self.took.set()
        return web.Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who takes part: shops, each with a healthy and a hanging endpoint, and who publishes for them."""

    city: City
    consumer: Consumer
    chance: random.Random

    @property
    def pool(self) -> asyncpg.Pool:
        return self.city.town.pool

    async def claimed(self) -> None:
        while not await self.pool.fetchval(_CLAIMED):
            pass

    async def sent(self) -> None:
        arrivals = len(self.consumer.receiver.arrived)
        await self.consumer.receiver.wait_for(arrivals + self.chance.randint(1, _UNTIL_AT_MOST))

    async def answered(self) -> None:
        self.consumer.took.clear()
        await self.consumer.took.wait()
        await asyncio.sleep(0)  # so that the answer is on its way


async def run(
    city: City,
    postgres: EmbeddedPostgres | None,
    *,
    kills: int,
    outages: int,
    shops: int,
    chance: random.Random,
    within_s: float,
    pause_s: float = 0.02,
) -> Delivered:
    """Kill at random moments under load; afterwards let everything arrive, and count."""
    delivered = Delivered()
    async with receiving() as receiver, receiving() as silent:
        silent.held = asyncio.Event()
        consumer = Consumer(chance=chance, receiver=receiver)
        scene = Scene(city=city, consumer=consumer, chance=chance)
        endpoints = {await _subscribed(city, receiver.url, silent.url): None for _ in range(shops)}
        publisher = Publisher(
            pool=city.town.pool,
            tenants=[shop.merchant.partner_id for shop, _ in endpoints],
            chance=chance,
            pause_s=pause_s,
            taken=consumer.answered,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(publisher.run())
            for shop, endpoint_id in endpoints:
                group.create_task(pings(shop, endpoint_id, publisher))
            await _kill_all(scene, delivered, postgres, kills=kills, outages=outages)
            publisher.stopped = True
        healthy = [endpoint_id for _, endpoint_id in endpoints]
        await _until_all_is_delivered(city.town.pool, healthy, within_s=within_s)
        await _count(delivered, scene, publisher, healthy)
    return delivered


async def _kill_all(
    scene: Scene, delivered: Delivered, postgres: EmbeddedPostgres | None, *, kills: int, outages: int
) -> None:
    moments: Sequence[Callable[[], Awaitable[None]]] = (scene.claimed, scene.sent, scene.answered)
    crashes = set(scene.chance.sample(range(kills), outages))
    for number in range(kills):
        await scene.chance.choice(moments)()
        if number in crashes and postgres is not None:
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.start)
            delivered.killed["PostgreSQL"] += 1
        elif scene.chance.random() < _GATEWAYS_SHARE:
            await scene.city.gateway.restart()
            delivered.killed["gateway"] += 1
        else:
            await scene.city.worker.kill()
            await _note_in_flight(scene, delivered)
            await scene.city.worker.start()
            delivered.killed["worker"] += 1


async def _note_in_flight(scene: Scene, delivered: Delivered) -> None:
    """What was under way when the worker died, and how far it had come; what an earlier kill left is counted there."""
    rows = [
        row for row in await scene.pool.fetch(_HELD) if (row["event_id"], row["fence"]) not in delivered.seen
    ]
    delivered.seen |= {(row["event_id"], row["fence"]) for row in rows}
    delivered.in_flight.append(len(rows))
    sent = Counter(one.event_id for one in scene.consumer.receiver.arrived)
    for row in rows:
        if sent[row["event_id"]] < row["fence"]:
            delivered.moments["after claim"] += 1
        elif scene.consumer.answered[row["event_id"]]:
            delivered.moments["before record"] += 1
        else:
            delivered.moments["after send"] += 1


_CLAIMED = "SELECT EXISTS (SELECT FROM webhooks.deliveries WHERE state = 'sending')"
_HELD = """
    SELECT d.event_id, d.fence FROM webhooks.deliveries d JOIN webhooks.endpoints e ON e.tenant = d.tenant
       AND e.id = d.endpoint_id WHERE d.state = 'sending' AND e.description = 'healthy'
"""
_UNDER_WAY = """
    SELECT EXISTS (SELECT FROM webhooks.deliveries
                    WHERE state IN ('pending', 'sending') AND endpoint_id = ANY ($1))
"""
_OF_HEALTHY = """
    SELECT event_id, state, fence - failures - (state = 'delivered')::integer AS lost
      FROM webhooks.deliveries WHERE endpoint_id = ANY ($1)
"""


async def _subscribed(city: City, url: str, silent_url: str) -> tuple[Supermarket, str]:
    """Retries soon and often, so that the proof need not wait for three days' schedule."""
    shop = await city.town.supermarket()
    wishes = {"concurrency": _CONCURRENCY, "retry_waits_s": [1] * 14}
    made = await shop.office.post("/v1/webhook-endpoints", {"url": url, "description": "healthy", **wishes})
    assert made.status == 201, made.body
    hanging = await shop.office.post("/v1/webhook-endpoints", {"url": silent_url, "concurrency": 2})
    assert hanging.status == 201, hanging.body
    return shop, made.body["id"]


async def _until_all_is_delivered(pool: asyncpg.Pool, healthy: Sequence[str], *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while await pool.fetchval(_UNDER_WAY, healthy):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)


async def _count(delivered: Delivered, scene: Scene, publisher: Publisher, healthy: Sequence[str]) -> None:
    rows = {row["event_id"]: row for row in await scene.pool.fetch(_OF_HEALTHY, healthy)}
    events = set(await _all_events(scene.pool))
    answered, came = scene.consumer.answered, scene.consumer.receiver.arrived
    delivered.committed, delivered.arrived, delivered.attempts = len(rows), len(answered), len(came)
    delivered.duplicates = sum(number - 1 for number in answered.values())
    delivered.lost_leases = sum(row["lost"] for row in rows.values())
    delivered.faults = [
        *(f"{one} was committed and is gone" for one in publisher.committed - events),
        *(f"{one} was rolled back and is there" for one in publisher.rolled_back & events),
        *(f"{one.event_id} came and was never committed" for one in came if one.event_id not in events),
        *(f"{one} never arrived" for one in rows.keys() - answered.keys()),
        *(f"{one} was published and has no delivery" for one in publisher.committed - rows.keys()),
        *_too_often(answered, rows),
    ]


def _too_often(answered: Mapping[str, int], rows: Mapping[str, asyncpg.Record]) -> list[str]:
    return [
        f"{one} arrived {number} times and lost {rows[one]['lost']} leases"
        for one, number in answered.items()
        if one in rows and number - 1 > rows[one]["lost"]
    ]


async def _all_events(pool: asyncpg.Pool) -> list[str]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM webhooks.events")]
