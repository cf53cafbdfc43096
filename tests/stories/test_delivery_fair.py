"""Slots that are few go round: nobody takes them all, by number, by wishes or by place in the order."""

import asyncio

import asyncpg
from aiohttp import web
from asyncpg.pool import PoolConnectionProxy

from tests.receivers import TENANT, Arrived, an_event, delivering, receiving, subscribe
from webhooks import endpoints, outbox, sql
from webhooks.breaker import Breaker
from webhooks.deliver import WALK_MAX, DeliveryPolicy
from webhooks.delivery import Turn
from webhooks.endpoint import CONCURRENCY

_MANY_ENDPOINTS = """
    WITH made AS (
        INSERT INTO webhooks.endpoints (tenant, id, url, description, event_types, store_ids, signatures, strict_order,
                                        concurrency)
        SELECT $1, 'end_' || lpad(n::text, 5, '0'), $2, '', '{}', '{}', '{v1a}', false, 1
          FROM generate_series(1, $3) AS n
     RETURNING tenant, id
    ), health AS (
        INSERT INTO webhooks.endpoint_health (tenant, endpoint_id) SELECT tenant, id FROM made
    )
    INSERT INTO webhooks.deliveries (tenant, id, endpoint_id, event_id)
    SELECT made.tenant, webhooks.new_delivery_id($4), made.id, $4 FROM made
"""


async def _publish(pool: asyncpg.Pool, event_type: str, count: int) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, [an_event(event_type) for _ in range(count)])


async def _claim(conn: PoolConnectionProxy, slots: int) -> Turn:
    return await sql.turn(
        conn, [], after=("", ""), walk_most=WALK_MAX, slots=slots, lease_s=30.0, breaker=Breaker()
    )


async def test_who_has_much_to_send_starves_nobody_before_or_behind_it_in_the_order(
    pool: asyncpg.Pool,
) -> None:
    async with (
        receiving() as busy,
        receiving() as first,
        receiving() as last,
        delivering(pool, DeliveryPolicy(slots=4)) as worker,
    ):
        await subscribe(pool, first.url, event_types=["payment.*"])
        for _ in range(4):
            await subscribe(pool, busy.url, event_types=["refund.*"])
        await subscribe(pool, last.url, event_types=["payment.*"])
        await _publish(pool, "refund.succeeded", 60)
        await _publish(pool, "payment.succeeded", 5)
        await worker.until(lambda: len(first.arrived) == len(last.arrived) == 5)
        assert len(busy.arrived) <= 60, "of 240: each endpoint has its turn"


async def test_one_turn_gives_each_its_share(pool: asyncpg.Pool) -> None:
    for _ in range(3):
        await subscribe(pool, "http://127.0.0.1:9/hook")
    await _publish(pool, "payment.succeeded", 8)
    async with pool.acquire() as conn:
        claimed = (await _claim(conn, 6)).claimed
    by_endpoint = sorted(each.endpoint_id for each in claimed)
    assert len(claimed) == 6
    assert by_endpoint[::2] == sorted(set(by_endpoint)), "two for each"


async def test_who_hangs_gets_few_slots_whatever_it_wishes_and_who_answers_gets_them_all(
    pool: asyncpg.Pool,
) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        receiver.held = asyncio.Event()
        await subscribe(pool, receiver.url, concurrency=50)
        await _publish(pool, "payment.succeeded", 60)
        await worker.until(lambda: len(receiver.arrived) >= CONCURRENCY)
        assert (await worker.deliverer.run_once()).claimed == 0
        assert len(receiver.arrived) == CONCURRENCY
        receiver.held.set()
        await worker.until_recorded(1)
        receiver.held = asyncio.Event()
        await worker.until(lambda: len(receiver.arrived) >= 50)
        receiver.held.set()


async def test_a_worker_without_slots_rests_though_many_endpoints_wait(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool, DeliveryPolicy(slots=1)) as worker:
        receiver.held = asyncio.Event()
        event = an_event()
        async with pool.acquire() as conn:
            await outbox.publish(conn, [event])
        await pool.execute(_MANY_ENDPOINTS, TENANT, receiver.url, WALK_MAX + 10, event.id)
        await worker.until(lambda: len(receiver.arrived) == 1)
        assert not await worker.deliverer.run_once(), "else it would ask the database without end"
        receiver.held.set()


async def test_a_rate_bounds_the_attempts_a_second(pool: asyncpg.Pool) -> None:
    endpoint = (await subscribe(pool, "http://127.0.0.1:9/hook", rate_per_s=20, concurrency=50)).endpoint
    await pool.execute("UPDATE webhooks.endpoint_health SET last_success_at = now()")
    await _publish(pool, "payment.succeeded", 60)
    elapsed = "UPDATE webhooks.endpoint_health SET tokens_at = tokens_at - $1 * interval '1 s'"
    # Within one transaction the database's clock stands still.
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("UPDATE webhooks.endpoint_health SET tokens = 5, tokens_at = now()")
        taken = [len((await _claim(conn, 500)).claimed)]
        for after_s in (0.0, 0.25, 0.04, 0.02, 60.0):
            await conn.execute("UPDATE webhooks.deliveries SET state = 'delivered' WHERE state = 'sending'")
            await conn.execute(elapsed, after_s)
            taken.append(len((await _claim(conn, 500)).claimed))
    assert taken == [5, 0, 5, 0, 1, 20], f"a second's worth at most, at {endpoint.wishes.rate_per_s} a second"


async def test_a_410_of_the_old_url_does_not_disable_the_new_one(pool: asyncpg.Pool) -> None:
    def gone(_arrived: Arrived) -> web.Response:
        return web.Response(status=410)

    async with receiving(gone) as old, delivering(pool) as worker:
        old.held = asyncio.Event()
        endpoint = (await subscribe(pool, old.url)).endpoint
        await _publish(pool, "payment.succeeded", 1)
        await worker.until(lambda: len(old.arrived) == 1)
        await pool.execute("UPDATE webhooks.endpoints SET url = 'http://127.0.0.1:9/new'")
        old.held.set()
        await worker.until_recorded(1)
        async with pool.acquire() as conn:
            read = await endpoints.find(conn, tenant=TENANT, endpoint_id=endpoint.id)
    assert read.disabled_reason is None
