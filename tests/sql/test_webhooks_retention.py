"""What is old goes in bounded pieces, and nothing else does."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy

from merchants.ids import new_id
from tests.receivers import (
    PARTNER_NO,
    TENANT,
    an_event,
    delivering,
    receiving,
    subscribe,
    until_readable,
)
from webhooks import endpoints, feed, outbox, retention
from webhooks.errors import CursorTooOld
from webhooks.event import NewEvent
from webhooks.feed import Cursor, Page

URL = "http://127.0.0.1:9/hook"
TABLES = ("events", "deliveries", "attempts")
KEPT = timedelta(days=90)
LONG_AGO = f"{int((datetime.now(UTC) - timedelta(days=91)).timestamp() * 1000):012x}"


def _old_event(tenant: str = TENANT) -> NewEvent:
    """Age is in the id."""
    fresh = new_id("evt", PARTNER_NO)
    return an_event(tenant=tenant, id=f"evt_{LONG_AGO}{fresh[16:]}")


async def _publish(pool: asyncpg.Pool, *events: NewEvent) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)


async def _sweep(pool: asyncpg.Pool, *, limit: int = 100) -> int:
    async with pool.acquire() as conn:
        return await retention.sweep(conn, limit=limit, kept=KEPT)


async def _left(pool: asyncpg.Pool) -> dict[str, int]:
    return {table: await pool.fetchval(f"SELECT count(*) FROM webhooks.{table}") for table in TABLES}


async def test_an_old_event_goes_with_its_deliveries_and_their_log_and_a_new_one_stays(
    pool: asyncpg.Pool,
) -> None:
    others = new_id("mer", 8)
    async with receiving() as receiver, delivering(pool) as worker:
        await subscribe(pool, receiver.url)
        await subscribe(pool, receiver.url, tenant=others)
        await _publish(pool, _old_event(), _old_event(others), an_event())
        await worker.until_recorded(3)
    assert await _sweep(pool) == 2
    assert await _left(pool) == {"events": 1, "deliveries": 1, "attempts": 1}
    assert await _sweep(pool) == 0


async def test_a_reader_that_stands_before_what_was_swept_is_told_so(pool: asyncpg.Pool) -> None:
    await subscribe(pool, URL)
    await _publish(pool, first := _old_event())
    await _publish(pool, _old_event(), _old_event())
    await _publish(pool, kept := an_event())
    await until_readable(pool)
    async with pool.acquire() as conn:
        before = await _read(conn, Cursor(), limit=1)
        behind = await _read(conn, before.next, limit=2)
        assert [one.id for one in before.events] == [first.id]
        await _sweep(pool, limit=2)
        await _sweep(pool, limit=2)
        with pytest.raises(CursorTooOld):
            await _read(conn, before.next, limit=9)
        assert [one.id for one in (await _read(conn, behind.next, limit=9)).events] == [kept.id]
        assert [one.id for one in (await _read(conn, Cursor(), limit=9)).events] == [kept.id]
        elsewhere = await feed.read(conn, tenant=new_id("mer", 8), after=before.next, filters=(), limit=9)
        assert not elsewhere.events


async def _read(conn: PoolConnectionProxy, after: Cursor, limit: int) -> Page:
    return await feed.read(conn, tenant=TENANT, after=after, filters=(), limit=limit)


async def test_a_sweep_is_bounded_and_two_at_once_share_the_work(pool: asyncpg.Pool) -> None:
    await subscribe(pool, URL)
    await _publish(pool, *(_old_event() for _ in range(30)))
    assert await _sweep(pool, limit=10) == 10
    swept = await asyncio.gather(_sweep(pool, limit=10), _sweep(pool, limit=10))
    assert sum(swept) + await _sweep(pool) == 20
    assert await _left(pool) == {"events": 0, "deliveries": 0, "attempts": 0}


async def test_what_is_being_sent_stays_however_old_it_is(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        receiver.held = asyncio.Event()
        await subscribe(pool, receiver.url)
        await _publish(pool, _old_event())
        await worker.until(lambda: len(receiver.arrived) == 1)
        assert await _sweep(pool) == 0
        receiver.held.set()
        await worker.until_recorded(1)
    assert await _sweep(pool) == 1


async def test_a_deleted_endpoint_leaves_nothing_behind_but_the_events(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        gone = (await subscribe(pool, receiver.url)).endpoint.id
        await _publish(pool, an_event())
        await worker.until_recorded(1)
        await _publish(pool, *(an_event() for _ in range(4)))
    await subscribe(pool, URL)
    await _publish(pool, an_event())
    async with pool.acquire() as conn:
        await endpoints.delete(conn, tenant=TENANT, endpoint_id=gone)
    assert await _sweep(pool, limit=4) == 4
    assert await _sweep(pool, limit=4) == 2
    assert await _left(pool) == {"events": 6, "deliveries": 1, "attempts": 0}


async def test_a_deleted_endpoint_is_remembered_until_no_publisher_can_still_see_it(
    pool: asyncpg.Pool,
) -> None:
    gone = (await subscribe(pool, URL)).endpoint.id
    async with pool.acquire() as slow:
        publishing = slow.transaction()
        await publishing.start()
        await outbox.publish(slow, [an_event()])
        async with pool.acquire() as conn:
            await endpoints.delete(conn, tenant=TENANT, endpoint_id=gone)
        assert await _sweep(pool) == 0
        await publishing.commit()
    assert await _sweep(pool) == 1, "what it published meanwhile is found as well"
    await pool.execute("UPDATE webhooks.deleted_endpoints SET deleted_at = now() - interval '2 hours'")
    await _sweep(pool)
    assert await pool.fetchval("SELECT count(*) FROM webhooks.deleted_endpoints") == 0
