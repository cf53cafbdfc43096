"""Publishing commits with its transaction and reaches exactly who subscribed."""

import asyncpg

from merchants.ids import new_id, partner_no_of
from tests.receivers import TENANT, an_event, subscribe
from webhooks import outbox
from webhooks.event import NewEvent

URL = "http://127.0.0.1:9/hook"
OTHER = new_id("mer", 8)


async def _publish(pool: asyncpg.Pool, *events: NewEvent) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)


async def _deliveries(pool: asyncpg.Pool) -> set[tuple[str, str]]:
    rows = await pool.fetch("SELECT endpoint_id, event_id FROM webhooks.deliveries")
    return {(row["endpoint_id"], row["event_id"]) for row in rows}


async def test_an_event_makes_one_delivery_for_each_endpoint_that_wants_it(pool: asyncpg.Pool) -> None:
    everything = (await subscribe(pool, URL)).endpoint.id
    discounts = (await subscribe(pool, URL, event_types=["discount.*", "refund.failed"])).endpoint.id
    one_store = (await subscribe(pool, URL, store_ids=["sto_1"])).endpoint.id
    foreign = (await subscribe(pool, URL, tenant=OTHER)).endpoint.id

    payment, redeemed = an_event("payment.succeeded"), an_event("discount.redeemed", store_id="sto_1")
    failed, done = an_event("refund.failed", store_id="sto_2"), an_event("refund.succeeded")
    theirs = an_event("payment.succeeded", tenant=OTHER)
    await _publish(pool, payment, redeemed, failed, done, theirs)

    assert await _deliveries(pool) == {
        *((everything, each.id) for each in (payment, redeemed, failed, done)),
        *((discounts, each.id) for each in (redeemed, failed)),
        (one_store, redeemed.id),
        (foreign, theirs.id),
    }


async def test_an_event_of_a_rolled_back_transaction_was_never_there(pool: asyncpg.Pool) -> None:
    await subscribe(pool, URL)
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await outbox.publish(conn, [an_event()])
        await transaction.rollback()
    assert not await _deliveries(pool)
    assert await pool.fetchval("SELECT count(*) FROM webhooks.events") == 0


async def test_publishing_is_one_round_trip_and_nothing_at_all_without_events(pool: asyncpg.Pool) -> None:
    await subscribe(pool, URL)
    queries: list[str] = []
    async with pool.acquire() as conn:
        await outbox.publish(conn, [an_event()])  # types are introspected once a connection
        with conn.query_logger(lambda record: queries.append(record.query)):
            await outbox.publish(conn, [])
            await outbox.publish(conn, [an_event() for _ in range(5)])
    assert len(queries) == 1


async def test_a_deliverys_id_names_its_partner_and_never_repeats(pool: asyncpg.Pool) -> None:
    await subscribe(pool, URL)
    await _publish(pool, *(an_event() for _ in range(100)))
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM webhooks.deliveries")]
    assert len(set(ids)) == 100
    assert all(partner_no_of(each) == partner_no_of(TENANT) and len(each) == 36 for each in ids)
    assert all(each[4 + 12] == "7" and each[4 + 16] == "8" for each in ids)


async def test_an_event_for_one_endpoint_goes_there_alone_whatever_it_subscribed_to(
    pool: asyncpg.Pool,
) -> None:
    one = (await subscribe(pool, URL, event_types=["refund.failed"])).endpoint.id
    await subscribe(pool, URL)
    event = an_event("ping")
    async with pool.acquire() as conn:
        assert await outbox.publish_to(conn, event, endpoint_id=one) is not None
        assert await outbox.publish_to(conn, an_event("ping", tenant=OTHER), endpoint_id=one) is None
    assert await _deliveries(pool) == {(one, event.id)}
    assert await pool.fetchval("SELECT count(*) FROM webhooks.events") == 1
