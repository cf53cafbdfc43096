"""The feed loses nothing, however transactions overlap."""

import asyncio
import random

import asyncpg
import pytest

from merchants.ids import new_id
from tests.receivers import TENANT, an_event, until_readable
from webhooks import feed, outbox
from webhooks.errors import CursorMalformed, EventTypeUnknown
from webhooks.event import NewEvent
from webhooks.feed import Cursor, Page

OTHER = new_id("mer", 8)


async def _publish(pool: asyncpg.Pool, *events: NewEvent) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)


async def _read(pool: asyncpg.Pool, after: Cursor, *filters: str, limit: int = 100) -> Page:
    async with pool.acquire() as conn:
        return await feed.read(conn, tenant=TENANT, after=after, filters=filters, limit=limit)


async def test_pages_join_without_gap_or_repeat(pool: asyncpg.Pool) -> None:
    events = [an_event() for _ in range(25)]
    for event in events:
        await _publish(pool, event)
    await _publish(pool, an_event(tenant=OTHER))
    await until_readable(pool)
    seen: list[str] = []
    place, more = Cursor(), True
    while more:
        page = await _read(pool, place, limit=10)
        seen += [each.id for each in page.events]
        place, more = Cursor.parse(str(page.next)), page.more
    assert seen == [each.id for each in events]
    assert (await _read(pool, place)).next == place


async def test_a_filter_finds_its_types_over_pages(pool: asyncpg.Pool) -> None:
    for _ in range(5):
        await _publish(
            pool, an_event("payment.succeeded"), an_event("discount.redeemed"), an_event("refund.failed")
        )
    await until_readable(pool)
    first = await _read(pool, Cursor(), "discount.*", "refund.failed", limit=7)
    rest = await _read(pool, first.next, "discount.*", "refund.failed", limit=7)
    assert (len(first.events), first.more, len(rest.events), rest.more) == (7, True, 3, False)
    assert {each.type for each in (*first.events, *rest.events)} == {"discount.redeemed", "refund.failed"}


async def test_an_event_that_commits_late_is_not_passed_over(pool: asyncpg.Pool) -> None:
    early, late = an_event(), an_event()
    async with pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await outbox.publish(slow, [early])
        await _publish(pool, late)
        held_back = await _read(pool, Cursor())
        assert held_back.events == []
        await transaction.commit()
    await until_readable(pool)
    page = await _read(pool, held_back.next)
    assert [each.id for each in page.events] == [early.id, late.id]


async def test_fifty_writers_with_random_delays_and_one_reader_miss_nothing(
    pool: asyncpg.Pool, database_url: str
) -> None:
    published: set[str] = set()
    seen: list[str] = []

    async def write() -> None:
        for _ in range(6):
            event = an_event()
            async with many.acquire() as conn, conn.transaction():
                await outbox.publish(conn, [event])
                await conn.execute("SELECT pg_sleep($1)", random.uniform(0, 0.02))
            published.add(event.id)

    async def read_all(writing: asyncio.Future[list[None]]) -> None:
        place = Cursor()
        while True:
            finished = writing.done()
            page = await _read(pool, place)
            seen.extend(each.id for each in page.events)
            place = page.next
            if finished and not page.events:
                return
            if writing.done():
                await until_readable(pool)

    async with asyncpg.create_pool(database_url, min_size=50, max_size=50) as many:
        writing = asyncio.gather(*(write() for _ in range(50)))
        await read_all(writing)
        await writing
    assert len(seen) == len(set(seen)) == 300
    assert set(seen) == published


async def test_a_filter_that_names_no_event_is_refused_and_not_silent(pool: asyncpg.Pool) -> None:
    with pytest.raises(EventTypeUnknown):
        await _read(pool, Cursor(), "payment.suceeded")


@pytest.mark.parametrize(
    "text", ["", "x", "1", "-1.", "1e3.", "٣.", "12.zzz", "12.evt_1", f"{2**64}.", "12.\n"]
)
def test_a_cursor_of_somebodys_own_making_is_refused(text: str) -> None:
    with pytest.raises(CursorMalformed):
        Cursor.parse(text)


async def test_transactions_are_ordered_as_numbers_not_as_texts(pool: asyncpg.Pool) -> None:
    first, second = an_event(), an_event()
    await _publish(pool, second)
    await _publish(pool, first)
    for event, xid in ((first, "9"), (second, "10")):
        await pool.execute("UPDATE webhooks.events SET xid = $2::text::xid8 WHERE id = $1", event.id, xid)
    page = await _read(pool, Cursor(), limit=1)
    assert [each.id for each in page.events] == [first.id]
    assert [each.id for each in (await _read(pool, page.next)).events] == [second.id]
