"""Strict order under failures: nothing of an object overtakes, and no object waits for another."""

import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import asyncpg
from aiohttp import web

from merchants.ids import new_id
from tests.receivers import PARTNER_NO, Arrived, an_event, delivering, receiving, subscribe
from webhooks import outbox
from webhooks.breaker import Breaker
from webhooks.deliver import DeliveryPolicy
from webhooks.event import NewEvent

_FAIL_SHARE = 0.1
_EACH = 20  # events of one object
_STUCK = "stuck"
# Retries at 1/100 of the published waits; a breaker that opens would measure the breaker.
_POLICY = DeliveryPolicy(waits_s=(0.05, 0.15, *(0.3,) * 40), breaker=Breaker(failures=1_000_000))


@dataclass(slots=True)
class Consumer:
    """Fails by chance, and always for the object that is stuck; notes whatever comes before its turn."""

    chance: random.Random
    stuck_id: str
    taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    inversions: int = 0
    failed: int = 0
    done: int = 0
    of_stuck: set[int] = field(default_factory=set)

    def answer(self, arrived: Arrived) -> web.Response:
        data = arrived.json["data"]
        object_id, sequence = data["object_id"], data["sequence"]
        if object_id == self.stuck_id:
            self.of_stuck.add(sequence)
            return web.Response(status=500)
        self.inversions += sequence > self.taken[object_id] + 1
        if self.chance.random() < _FAIL_SHARE:
            self.failed += 1
            return web.Response(status=500)
        self.done += sequence > self.taken[object_id]
        self.taken[object_id] = max(sequence, self.taken[object_id])
        return web.Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What came out; `of_stuck` counts how many events of the object that never ends were tried."""

    events: int
    inversions: int
    failed: int
    of_stuck: int
    took_s: float

    def __str__(self) -> str:
        return (
            f"{self.events} events in strict order, {self.failed} failed attempts, {self.inversions} inversions; "
            f"{self.events / self.took_s:.0f} events/s beside an object that never ends"
        )


async def run(pool: asyncpg.Pool, *, events: int, chance: random.Random) -> Order:
    """Publish everything first, so that all of it waits at one endpoint at once; then deliver."""
    consumer = Consumer(chance, new_id("pay", PARTNER_NO))
    async with receiving(consumer.answer) as receiver, delivering(pool, _POLICY) as worker:
        await subscribe(pool, receiver.url, strict_order=True, concurrency=50)
        async with pool.acquire() as conn:
            for batch in _batches(events, consumer.stuck_id):
                await outbox.publish(conn, batch)
        began = time.monotonic()
        await worker.until(lambda: consumer.done >= events, within_s=events / 20 + 10)
        took_s = time.monotonic() - began
    return Order(
        events=events,
        inversions=consumer.inversions,
        failed=consumer.failed,
        of_stuck=len(consumer.of_stuck),
        took_s=took_s,
    )


def _batches(events: int, stuck_id: str) -> Iterator[list[NewEvent]]:
    """All of an object's events in a row: the most that a claim could have to step over."""
    stuck = [_event(stuck_id, n) for n in range(1, events // 10 + 1)]
    objects = [new_id("pay", PARTNER_NO) for _ in range(events // _EACH)]
    others = (_event(one, n) for one in objects for n in range(1, _EACH + 1))
    every = itertools.chain(stuck, others)
    while batch := list(itertools.islice(every, outbox.EVENTS_MAX)):
        yield batch


def _event(object_id: str, sequence: int) -> NewEvent:
    return an_event(object_id=object_id, sequence=sequence, data={"object_id": object_id})
