"""A worker killed between sending and recording: the lease is lost, and another sends again."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from tests.receivers import an_event, delivering, receiving, subscribe
from webhooks import outbox
from webhooks.deliver import DeliveryPolicy

LEASE_S = 0.5
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def _worker(database_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.delivering_process", database_url, str(LEASE_S), cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_what_a_killed_worker_had_sent_and_not_recorded_arrives_again(
    pool: asyncpg.Pool, database_url: str
) -> None:
    async with receiving() as receiver:
        receiver.held = asyncio.Event()
        await subscribe(pool, receiver.url, concurrency=3)
        events = [an_event() for _ in range(5)]
        async with pool.acquire() as conn:
            await outbox.publish(conn, events)
        async with _worker(database_url) as doomed:
            await receiver.wait_for(3)
            doomed.kill()
            await doomed.wait()
        assert await pool.fetchval("SELECT count(*) FROM webhooks.deliveries WHERE state = 'sending'") == 3

        receiver.held.set()
        async with delivering(pool, DeliveryPolicy(lease_s=LEASE_S)) as other:
            await other.until_recorded(5)
    assert {each.event_id for each in receiver.arrived} == {each.id for each in events}
    assert len(receiver.arrived) == 8, "no more duplicates than were under way"
    delivered = await pool.fetch("SELECT state, failures FROM webhooks.deliveries")
    assert {tuple(row) for row in delivered} == {("delivered", 0)}
