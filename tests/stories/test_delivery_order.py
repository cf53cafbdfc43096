"""Strict order on request; `make prove` runs the same over 20,000 events."""

import asyncio
import random

import asyncpg
import pytest
from aiohttp import web

from tests.prove import webhooks_order
from tests.receivers import TENANT, Arrived, an_event, delivering, receiving, subscribe
from webhooks import outbox, replay
from webhooks.breaker import Breaker
from webhooks.deliver import DeliveryPolicy
from webhooks.errors import DeliveryBeingSent, DeliveryFinished, DeliveryNotFound
from webhooks.event import NewEvent
from webhooks.log import Delivery

PATIENT = DeliveryPolicy(waits_s=(600.0,), breaker=Breaker(failures=1_000_000))
OBJECT = "pay_1"


async def _publish(pool: asyncpg.Pool, *events: NewEvent) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)


async def _skip(pool: asyncpg.Pool, event: NewEvent) -> Delivery:
    delivery_id = await pool.fetchval("SELECT id FROM webhooks.deliveries WHERE event_id = $1", event.id)
    async with pool.acquire() as conn, conn.transaction():
        return await replay.skip(conn, tenant=TENANT, delivery_id=delivery_id)


async def test_nothing_overtakes_and_nobody_waits_for_another_object_though_a_tenth_fails(
    pool: asyncpg.Pool,
) -> None:
    came = await webhooks_order.run(pool, events=600, chance=random.Random(4))
    assert came.inversions == 0
    assert came.failed > 20
    assert came.of_stuck == 1, "what follows the stuck one has not been tried"


async def test_a_partner_skips_what_it_cannot_take_and_the_next_comes(pool: asyncpg.Pool) -> None:
    def refusing(arrived: Arrived) -> web.Response:
        return web.Response(status=500 if arrived.event_id == first.id else 200)

    first, second, third = (an_event(object_id=OBJECT, sequence=n) for n in (1, 2, 3))
    async with receiving(refusing) as receiver, delivering(pool, PATIENT) as worker:
        await subscribe(pool, receiver.url, strict_order=True)
        await _publish(pool, first, second, third)
        await worker.until_recorded(1)
        assert [each.event_id for each in receiver.arrived] == [first.id]
        skipped = await _skip(pool, first)
        assert (skipped.state, skipped.next_attempt_at) == ("skipped", None)
        await worker.until_recorded(2)
        with pytest.raises(DeliveryFinished):
            await _skip(pool, first)
    assert [each.event_id for each in receiver.arrived] == [first.id, second.id, third.id]


async def test_one_that_waits_in_line_may_be_skipped_as_well(pool: asyncpg.Pool) -> None:
    first, second, third = (an_event(object_id=OBJECT, sequence=n) for n in (1, 2, 3))
    async with receiving() as receiver, delivering(pool, PATIENT) as worker:
        receiver.held = asyncio.Event()
        await subscribe(pool, receiver.url, strict_order=True)
        await _publish(pool, first, second, third)
        await worker.until(lambda: len(receiver.arrived) == 1)
        await _skip(pool, second)
        with pytest.raises(DeliveryBeingSent):
            await _skip(pool, first)
        receiver.held.set()
        await worker.until_recorded(2)
    assert [each.event_id for each in receiver.arrived] == [first.id, third.id]


async def test_nobody_skips_what_is_not_theirs(pool: asyncpg.Pool) -> None:
    with pytest.raises(DeliveryNotFound):
        async with pool.acquire() as conn, conn.transaction():
            await replay.skip(conn, tenant=TENANT, delivery_id="dlv_1")


async def test_one_that_expires_in_line_lets_the_next_go(pool: asyncpg.Pool) -> None:
    first, second = (an_event(object_id=OBJECT, sequence=n) for n in (1, 2))
    async with receiving() as receiver, delivering(pool, PATIENT) as worker:
        await subscribe(pool, receiver.url, strict_order=True)
        await _publish(pool, first, second)
        await pool.execute(
            "UPDATE webhooks.deliveries SET due_at = 'infinity' WHERE event_id = $1", second.id
        )
        await pool.execute("UPDATE webhooks.deliveries SET expires_at = now() WHERE event_id = $1", first.id)
        await worker.until_recorded(1)
    assert [each.event_id for each in receiver.arrived] == [second.id]


async def test_order_is_kept_for_what_waits_when_the_wish_is_withdrawn(pool: asyncpg.Pool) -> None:
    events = [an_event(object_id=OBJECT, sequence=n) for n in range(1, 6)]
    async with receiving() as receiver, delivering(pool, PATIENT) as worker:
        await subscribe(pool, receiver.url, strict_order=True)
        await _publish(pool, *events)
        await pool.execute("UPDATE webhooks.endpoints SET strict_order = false")
        await worker.until_recorded(5)
    assert [each.event_id for each in receiver.arrived] == [each.id for each in events]
