"""A worker killed while it delivers: every committed event arrives, and no more duplicates than were under way."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
from aiohttp import web

from tests.processes import City, Program
from tests.receivers import Arrived, Receiver, an_event, receiving
from tests.town import Supermarket
from webhooks import outbox
from webhooks.event import NewEvent

_FAULTY = 0.1
_ROLLED_BACK = 0.1
_AT_ONCE = 5
_CONCURRENCY = 8
# Enough that every kill meets full hands.
_WAITING_AT_MOST = 500


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What came of it.

    Attributes:
        in_flight: at each kill, the events whose delivery had been claimed and not recorded.
        answered: how often each event was answered 200.
        faults: everything that must not be.
    """

    committed: int = 0
    attempts: int = 0
    in_flight: list[set[str]] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def duplicates(self) -> int:
        return sum(number - 1 for number in self.answered.values())

    def duplicates_of(self, kill: int) -> int:
        """Of what was under way at this kill, how much arrived more than once: its duplicates at most."""
        return sum(self.answered[one] > 1 for one in self.in_flight[kill])

    def __str__(self) -> str:
        held = [len(one) for one in self.in_flight]
        return (
            f"{self.committed} events committed, {len(self.answered)} arrived in {self.attempts} attempts; "
            f"{len(held)} kills with {sum(held)} deliveries in flight ({max(held, default=0)} at most) made "
            f"{self.duplicates} duplicates; {len(self.faults)} faults"
        )


@dataclass(slots=True, kw_only=True)
class _Publisher:
    """Commits events and rolls some back, until it is stopped."""

    pool: asyncpg.Pool
    shops: Sequence[Supermarket]
    chance: random.Random
    pause_s: float
    answered: Mapping[str, int]
    committed: set[str] = field(default_factory=set)
    rolled_back: set[str] = field(default_factory=set)
    stopped: bool = False

    async def run(self) -> None:
        while not self.stopped:
            if len(self.committed) - len(self.answered) > _WAITING_AT_MOST:
                await asyncio.sleep(self.pause_s)  # what waits has to end some day
                continue
            tenant = self.chance.choice(self.shops).merchant.partner_id
            events = [an_event(tenant=tenant) for _ in range(self.chance.randint(1, _AT_ONCE))]
            await self._publish(events, fails=self.chance.random() < _ROLLED_BACK)
            await asyncio.sleep(self.chance.random() * self.pause_s)  # the pace of the load

    async def _publish(self, events: Sequence[NewEvent], *, fails: bool) -> None:
        async with self.pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            await outbox.publish(conn, events)
            await (transaction.rollback() if fails else transaction.commit())
        (self.rolled_back if fails else self.committed).update(one.id for one in events)


async def run(
    city: City, *, kills: int, shops: int, chance: random.Random, within_s: float, pause_s: float = 0.02
) -> Delivered:
    """Kill the worker at random moments under load; afterwards let everything arrive, and count."""
    delivered = Delivered()

    def answering(arrived: Arrived) -> web.Response:
        if chance.random() < _FAULTY:
            return web.Response(status=500)
        delivered.answered[arrived.event_id] += 1
        return web.Response()

    async with receiving(answering) as receiver:
        customers = [await _subscribed(city, receiver.url) for _ in range(shops)]
        publisher = _Publisher(
            pool=city.town.pool,
            shops=customers,
            chance=chance,
            pause_s=pause_s,
            answered=delivered.answered,
        )
        publishing = asyncio.create_task(publisher.run())
        seen: set[tuple[str, int]] = set()
        for _ in range(kills):
            await receiver.wait_for(len(receiver.arrived) + chance.randint(1, 20))
            delivered.in_flight.append(await _kill(city.worker, city.town.pool, seen))
            await city.worker.start()
        publisher.stopped = True
        await publishing
        async with asyncio.timeout(within_s):
            while await city.town.pool.fetchval(_UNDER_WAY):  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(0.05)
        _count(delivered, receiver, publisher)
        return delivered


_UNDER_WAY = "SELECT EXISTS (SELECT FROM webhooks.deliveries WHERE state IN ('pending', 'sending'))"


async def _subscribed(city: City, url: str) -> Supermarket:
    """Retries soon and often, so that the proof need not wait for three days' schedule."""
    shop = await city.town.supermarket()
    wishes = {"url": url, "concurrency": _CONCURRENCY, "retry_waits_s": [1] * 14}
    made = await shop.office.post("/v1/webhook-endpoints", wishes)
    assert made.status == 201, made.body
    return shop


async def _kill(worker: Program, pool: asyncpg.Pool, seen: set[tuple[str, int]]) -> set[str]:
    """The events whose delivery was under way when it died; what an earlier kill left is not counted again."""
    await worker.kill()
    rows = await pool.fetch("SELECT id, fence, event_id FROM webhooks.deliveries WHERE state = 'sending'")
    held = {row["event_id"] for row in rows if (row["id"], row["fence"]) not in seen}
    seen |= {(row["id"], row["fence"]) for row in rows}
    return held


def _count(delivered: Delivered, receiver: Receiver, publisher: _Publisher) -> None:
    delivered.committed = len(publisher.committed)
    delivered.attempts = len(receiver.arrived)
    killed = Counter(event_id for held in delivered.in_flight for event_id in held)
    faults = [f"{one} never arrived" for one in publisher.committed - delivered.answered.keys()]
    faults += [
        f"{one.event_id} was rolled back" for one in receiver.arrived if one.event_id in publisher.rolled_back
    ]
    faults += [
        f"{one} arrived {number} times with {killed[one]} kills while it was under way"
        for one, number in delivered.answered.items()
        if number - 1 > killed[one]
    ]
    delivered.faults = faults
