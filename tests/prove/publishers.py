"""Who publishes while all else is killed: one that commits and rolls back itself, and partners through the API."""

import asyncio
import random
import uuid
from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import asyncpg

from tests.receivers import an_event
from tests.town import Answered, Supermarket
from webhooks import outbox
from webhooks.event import NewEvent

_ROLLED_BACK: Final = 0.1
_AT_ONCE: Final = 5
# Enough that every kill meets full hands, and no more than a worker under fire can deliver.
_WAITING_AT_MOST: Final = 300
_LOST: Final = (
    *(OSError, TimeoutError),
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
)


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Commits events and rolls some back, until it is stopped; what it does not know it leaves out of both sets."""

    pool: asyncpg.Pool
    tenants: Sequence[str]
    chance: random.Random
    pause_s: float
    taken: Sized
    committed: set[str] = field(default_factory=set)
    rolled_back: set[str] = field(default_factory=set)
    stopped: bool = False

    @property
    def enough_waits(self) -> bool:
        return len(self.committed) - len(self.taken) > _WAITING_AT_MOST

    async def run(self) -> None:
        while not self.stopped:
            if not self.enough_waits:
                tenant = self.chance.choice(self.tenants)
                events = [an_event(tenant=tenant) for _ in range(self.chance.randint(1, _AT_ONCE))]
                await self._publish(events, fails=self.chance.random() < _ROLLED_BACK)
            await self.pause()

    async def pause(self) -> None:
        await asyncio.sleep(self.chance.random() * self.pause_s)  # the pace of the load

    async def _publish(self, events: Sequence[NewEvent], *, fails: bool) -> None:
        try:
            async with self.pool.acquire() as conn:
                transaction = conn.transaction()
                await transaction.start()
                await outbox.publish(conn, events)
                await (transaction.rollback() if fails else transaction.commit())
        except _LOST:
            return  # PostgreSQL was killed: nobody can say whether this commit was its last
        (self.rolled_back if fails else self.committed).update(one.id for one in events)


async def pings(shop: Supermarket, endpoint_id: str, publisher: Publisher) -> None:
    """Ask for test events through the gateway, each until it is promised, whoever dies meanwhile."""
    while not publisher.stopped:
        if not publisher.enough_waits:
            answer = await _promised(shop, f"/v1/webhook-endpoints/{endpoint_id}/test", publisher)
            if answer is not None:
                publisher.committed.add(answer.body["event_id"])
        await publisher.pause()


async def _promised(shop: Supermarket, path: str, publisher: Publisher) -> Answered | None:
    """The same request under the same key; None where it was stopped before there was an answer."""
    key = uuid.uuid4().hex
    while not publisher.stopped:
        try:
            answer = await shop.office.post(path, None, key=key)
        except (aiohttp.ClientError, OSError):
            await publisher.pause()
            continue
        if answer.status == 202:
            return answer
        assert answer.status in {409, 429, 503}, answer.body
        await publisher.pause()
    return None
