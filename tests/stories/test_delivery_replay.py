"""A partner looks into its deliveries and has them sent again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from aiohttp import web

from merchants.ids import new_id
from tests.receivers import TENANT, an_event, delivering, receiving, subscribe
from webhooks import endpoints, log_sql, outbox, replay
from webhooks.deliver import DeliveryPolicy
from webhooks.errors import DeliveryNotFound, DeliveryUnderway, EndpointDisabled, EndpointNotFound
from webhooks.event import NewEvent
from webhooks.log import Delivery, Missed

OTHER = new_id("mer", 8)
ONCE = DeliveryPolicy(waits_s=())


async def _publish(pool: asyncpg.Pool, *events: NewEvent) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)


async def _deliveries(pool: asyncpg.Pool, endpoint_id: str) -> list[Delivery]:
    async with pool.acquire() as conn:
        return await replay.deliveries_of(
            conn, tenant=TENANT, endpoint_id=endpoint_id, state=None, before=None, limit=100
        )


async def _resend(pool: asyncpg.Pool, delivery_id: str, tenant: str = TENANT) -> Delivery:
    async with pool.acquire() as conn, conn.transaction():
        return await replay.resend(conn, tenant=tenant, delivery_id=delivery_id)


async def _replay(pool: asyncpg.Pool, endpoint_id: str, missed: Missed, tenant: str = TENANT) -> int:
    async with pool.acquire() as conn:
        return (await replay.replay(conn, missed, tenant=tenant, endpoint_id=endpoint_id, after=None)).count


async def test_an_exhausted_delivery_is_resent_marked_as_replay_and_logged_after_its_first_attempts(
    pool: asyncpg.Pool,
) -> None:
    async with (
        receiving(lambda _: web.Response(status=500, text="x" * 5000)) as receiver,
        delivering(pool, ONCE) as worker,
    ):
        endpoint = (await subscribe(pool, receiver.url)).endpoint
        await _publish(pool, an_event())
        await worker.until_recorded(1)
        [failed] = await _deliveries(pool, endpoint.id)
        assert (failed.state, failed.reason, failed.next_attempt_at) == ("exhausted", "status_5xx", None)
        assert failed.attempts[0].response == b"x" * 4096

        receiver.answering = lambda _: web.Response()
        assert (await _resend(pool, failed.id)).replay
        await worker.until_recorded(1)
    first, again = receiver.arrived
    assert again.event_id == first.event_id
    assert again.json == {**first.json, "replay": True}
    async with pool.acquire() as conn:
        delivery = await replay.find(conn, tenant=TENANT, delivery_id=failed.id)
    assert delivery.state == "delivered"
    assert [each.reason for each in delivery.attempts] == ["status_5xx", "delivered"]


async def test_a_delivery_that_waits_for_its_retry_is_hurried_and_is_no_replay(pool: asyncpg.Pool) -> None:
    async with receiving(lambda _: web.Response(status=500)) as receiver, delivering(pool) as worker:
        endpoint = (await subscribe(pool, receiver.url)).endpoint
        await _publish(pool, an_event())
        await worker.until_recorded(1)
        [waiting] = await _deliveries(pool, endpoint.id)
        assert waiting.next_attempt_at is not None
        await _resend(pool, waiting.id)
        with pytest.raises(DeliveryUnderway):
            await _resend(pool, waiting.id)
        await worker.until_recorded(1)
    assert receiver.arrived[0].json == receiver.arrived[1].json


async def test_what_is_being_sent_is_not_resent(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        receiver.held = asyncio.Event()
        endpoint = (await subscribe(pool, receiver.url)).endpoint
        await _publish(pool, an_event())
        await worker.until(lambda: len(receiver.arrived) == 1)
        [sending] = await _deliveries(pool, endpoint.id)
        with pytest.raises(DeliveryUnderway):
            await _resend(pool, sending.id)
        receiver.held.set()


async def test_another_tenants_deliveries_are_not_found(pool: asyncpg.Pool) -> None:
    endpoint = (await subscribe(pool, "http://127.0.0.1:9/")).endpoint
    await _publish(pool, an_event())
    [delivery] = await _deliveries(pool, endpoint.id)
    with pytest.raises(DeliveryNotFound):
        await _resend(pool, delivery.id, tenant=OTHER)
    with pytest.raises(EndpointNotFound):
        await _replay(pool, endpoint.id, Missed(), tenant=OTHER)


async def test_a_delivery_of_a_disabled_endpoint_waits_for_its_recovery(pool: asyncpg.Pool) -> None:
    endpoint = (await subscribe(pool, "http://127.0.0.1:9/")).endpoint
    await _publish(pool, an_event())
    [delivery] = await _deliveries(pool, endpoint.id)
    async with pool.acquire() as conn:
        await endpoints.disable(conn, tenant=TENANT, endpoint_id=endpoint.id)
    with pytest.raises(EndpointDisabled):
        await _resend(pool, delivery.id)


async def test_a_replay_reaches_back_before_the_endpoint_and_beyond_its_filters(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    old = an_event("discount.redeemed", occurred_at=now - timedelta(days=2))
    recent = [an_event(kind) for kind in ("discount.redeemed", "discount.released", "payment.succeeded")]
    await _publish(pool, old, *recent, an_event(tenant=OTHER))
    async with receiving() as receiver, delivering(pool) as worker:
        endpoint = (await subscribe(pool, receiver.url, event_types=["payment.*"])).endpoint
        missed = Missed(since=now - timedelta(days=1), event_types=["discount.*"])
        assert await _replay(pool, endpoint.id, missed) == 2
        assert await _replay(pool, endpoint.id, missed) == 0, "what waits already is left alone"
        await worker.until_recorded(2)
        assert await _replay(pool, endpoint.id, Missed(event_ids=[old.id])) == 1
        await worker.until_recorded(1)
        assert await _replay(pool, endpoint.id, missed) == 2, "what was delivered may be wanted again"
        await worker.until_recorded(2)
    wanted = [recent[0].id, recent[1].id]
    assert sorted(each.event_id for each in receiver.arrived) == sorted([*wanted, old.id, *wanted])
    assert all(each.json["replay"] for each in receiver.arrived)


async def test_deliveries_are_listed_newest_first_and_by_state(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        endpoint = (await subscribe(pool, receiver.url)).endpoint
        events = [an_event() for _ in range(3)]
        for event in events:
            await _publish(pool, event)
        await worker.until_recorded(3)
    await _publish(pool, an_event())
    newest_first = sorted((each.id for each in events), reverse=True)
    async with pool.acquire() as conn:
        page = await replay.deliveries_of(
            conn, tenant=TENANT, endpoint_id=endpoint.id, state="delivered", before=None, limit=2
        )
        rest = await replay.deliveries_of(
            conn, tenant=TENANT, endpoint_id=endpoint.id, state="delivered", before=page[-1].event_id, limit=2
        )
    assert [each.event_id for each in (*page, *rest)] == newest_first


async def test_a_replay_looks_at_a_bounded_piece_of_history_and_says_where_to_go_on(
    pool: asyncpg.Pool,
) -> None:
    endpoint = (await subscribe(pool, "http://127.0.0.1:9/", event_types=["offer.live"])).endpoint
    # Ids of one millisecond are in no order; a replay goes by them.
    *events, last = sorted((an_event() for _ in range(8)), key=lambda event: event.id)
    await _publish(pool, *events, replace(last, type="refund.failed"))
    missed, after, counts = Missed(event_types=["refund.*"]), "", []
    async with pool.acquire() as conn:
        while True:
            count, next_after = await log_sql.replay(
                conn, missed, tenant=TENANT, endpoint_id=endpoint.id, after=after, most=5, looked_at=3
            )
            counts.append(count)
            if next_after is None:
                break
            after = next_after
    assert counts == [0, 0, 1]


async def test_what_is_being_swept_is_not_sent_again(pool: asyncpg.Pool) -> None:
    endpoint = (await subscribe(pool, "http://127.0.0.1:9/")).endpoint
    event = an_event()
    await _publish(pool, event)
    await pool.execute("DELETE FROM webhooks.deliveries")
    async with pool.acquire() as sweeper:
        sweeping = sweeper.transaction()
        await sweeping.start()
        await sweeper.execute("DELETE FROM webhooks.events")
        replaying = asyncio.create_task(_replay(pool, endpoint.id, Missed(event_ids=[event.id])))
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert not replaying.done(), "it would make a delivery of an event that is no more"
        await sweeping.commit()
    assert await replaying == 0
    assert await pool.fetchval("SELECT count(*) FROM webhooks.deliveries") == 0
