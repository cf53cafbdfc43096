"""Deliveries on real PostgreSQL, real sockets and a real receiver, from publishing to the log."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import asyncpg
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.receivers import (
    SEALING,
    TENANT,
    WEBHOOK_KEY,
    Answering,
    Arrived,
    an_event,
    delivering,
    receiving,
    subscribe,
)
from webhooks import endpoints, outbox, sql
from webhooks.breaker import Breaker
from webhooks.deliver import DeliveryPolicy
from webhooks.event import NewEvent

QUICK = DeliveryPolicy(waits_s=(0.02, 0.02, 0.02))
NEVER_OPENS = Breaker(failures=1_000_000)


async def _publish(pool: asyncpg.Pool, *events: NewEvent) -> None:
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)


async def _row(pool: asyncpg.Pool, query: str) -> asyncpg.Record:
    [row] = await pool.fetch(query)
    return row


async def _states(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT state FROM webhooks.deliveries ORDER BY event_id")
    return [row["state"] for row in rows]


def _failing(status: int, **headers: str) -> Answering:
    def answer(_arrived: Arrived) -> web.Response:
        return web.Response(status=status, text="no", headers=headers)

    return answer


async def test_an_event_arrives_signed_and_its_log_says_so(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        secret = (await subscribe(pool, receiver.url, signatures=["v1", "v1a"])).secret
        event = an_event(data={"id": "pay_1", "note": "谢谢"}, sequence=4)
        await _publish(pool, event)
        await worker.until_recorded(1)

    [arrived] = receiver.arrived
    assert arrived.event_id == event.id
    assert arrived.verified(secret)["data"] == {
        "audience": "merchant",
        "sequence": 4,
        "id": "pay_1",
        "note": "谢谢",
    }
    _check_ed25519(arrived, WEBHOOK_KEY.public_key())
    assert await _states(pool) == ["delivered"]
    attempt = await _row(pool, "SELECT * FROM webhooks.attempts")
    assert (attempt["reason"], attempt["status"], attempt["url"]) == ("delivered", 200, receiver.url)
    assert json.loads(attempt["request_headers"])["webhook-signature"] == arrived.headers["webhook-signature"]


def _check_ed25519(arrived: Arrived, key: Ed25519PublicKey) -> None:
    signatures = dict(each.split(",", 1) for each in arrived.headers["webhook-signature"].split(" "))
    content = f"{arrived.event_id}.{arrived.headers['webhook-timestamp']}.".encode() + arrived.body
    key.verify(base64.b64decode(signatures["v1a"]), content)


async def test_a_failed_delivery_comes_again_with_the_same_id_and_bytes_until_it_is_taken(
    pool: asyncpg.Pool,
) -> None:
    def third_time(_arrived: Arrived) -> web.Response:
        return web.Response(status=200 if len(receiver.arrived) >= 3 else 500)

    async with receiving(third_time) as receiver, delivering(pool, QUICK) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event())
        await worker.until_recorded(3)
    assert len({(each.event_id, each.body) for each in receiver.arrived}) == 1
    assert await _states(pool) == ["delivered"]
    reasons = await pool.fetch("SELECT reason FROM webhooks.attempts ORDER BY fence")
    assert [row["reason"] for row in reasons] == ["status_5xx", "status_5xx", "delivered"]


async def test_after_the_last_attempt_a_delivery_is_exhausted_and_kept(pool: asyncpg.Pool) -> None:
    async with receiving(_failing(404)) as receiver, delivering(pool, QUICK) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event())
        await worker.until_recorded(4)
    assert len(receiver.arrived) == 4
    row = await _row(pool, "SELECT * FROM webhooks.deliveries")
    assert (row["state"], row["failures"], row["reason"]) == ("exhausted", 4, "status_4xx")
    assert row["finished_at"] is not None


async def test_retry_after_moves_the_next_attempt(pool: asyncpg.Pool) -> None:
    throttling = _failing(429, **{"retry-after": "600"})
    async with receiving(throttling) as receiver, delivering(pool, QUICK) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event())
        await worker.until_recorded(1)
    row = await _row(
        pool, "SELECT state, extract(epoch FROM due_at - now())::float AS s FROM webhooks.deliveries"
    )
    assert row["state"] == "pending"
    assert 590 < row["s"] <= 600


async def test_410_disables_the_endpoint_tells_its_owner_and_holds_what_comes(pool: asyncpg.Pool) -> None:
    async with (
        receiving(_failing(410)) as gone,
        receiving() as other,
        delivering(pool, QUICK) as worker,
    ):
        endpoint = (await subscribe(pool, gone.url, event_types=["payment.*"])).endpoint
        await subscribe(pool, other.url, event_types=["endpoint.disabled"])
        await _publish(pool, an_event())
        await worker.until(lambda: len(other.arrived) == 1)
        told = other.arrived[0].json["data"]
        assert (told["reason"], told["sequence"]) == ("gone", 1)
        await worker.until_recorded(1)
        await _publish(pool, an_event())
        assert (await worker.deliverer.run_once()).claimed == 0

        async with pool.acquire() as conn, conn.transaction():
            read = await endpoints.find(conn, tenant=TENANT, endpoint_id=endpoint.id)
            assert (read.disabled_reason, read.health.pending) == ("gone", 2)
            gone.answering = lambda _arrived: web.Response()
            await endpoints.recover(conn, tenant=TENANT, endpoint_id=endpoint.id)
        await worker.until_recorded(2)
        gone.answering = _failing(410)
        await _publish(pool, an_event())
        await worker.until(lambda: len(other.arrived) == 2)
        assert other.arrived[1].json["data"]["sequence"] == 2, (
            "whoever drops what is stale must not drop this"
        )
        gone.answering = lambda _arrived: web.Response()
        async with pool.acquire() as conn, conn.transaction():
            await endpoints.recover(conn, tenant=TENANT, endpoint_id=endpoint.id)
        await worker.until_recorded(2)
    assert len(gone.arrived) == 5
    assert set(await _states(pool)) == {"delivered"}


async def test_a_lease_lost_by_a_dead_worker_is_taken_over_and_its_late_answer_does_not_count(
    pool: asyncpg.Pool,
) -> None:
    async with receiving() as receiver, delivering(pool, DeliveryPolicy(lease_s=0.3)) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event())
        async with pool.acquire() as conn:
            # A worker claims with a short lease and dies without another word.
            turn = await sql.turn(
                conn, [], after=("", ""), walk_most=10, slots=10, lease_s=0.1, breaker=NEVER_OPENS
            )
        [dead] = turn.claimed
        assert (await worker.deliverer.run_once()).claimed == 0
        await worker.until(lambda: len(receiver.arrived) == 1)
        await worker.until_recorded(1)
        async with pool.acquire() as conn:
            await sql.hand_back(conn, [dead])
    assert await _states(pool) == ["delivered"]
    assert await pool.fetchval("SELECT fence FROM webhooks.deliveries") == 2


async def test_a_stopping_worker_hands_its_leases_back_for_another_to_send_at_once(
    pool: asyncpg.Pool,
) -> None:
    async with receiving() as receiver:
        receiver.held = asyncio.Event()
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event())
        async with delivering(pool) as stopping:
            await stopping.deliverer.run_once()
            await receiver.wait_for(1)
            await stopping.deliverer.stop(grace_s=0.01)
        assert await _states(pool) == ["pending"]
        receiver.held.set()
        async with delivering(pool) as other:
            await other.until_recorded(1)
    assert await _states(pool) == ["delivered"]
    assert await pool.fetchval("SELECT failures FROM webhooks.deliveries") == 0


async def test_a_stopping_worker_lets_what_is_under_way_end_and_records_it(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, *(an_event() for _ in range(5)))
        await worker.deliverer.run_once()
        await worker.deliverer.stop(grace_s=5)
        assert await _states(pool) == ["delivered"] * 5


async def test_two_workers_share_the_work_and_nothing_is_sent_twice(pool: asyncpg.Pool) -> None:
    async with (
        receiving() as receiver,
        delivering(pool) as one,
        delivering(pool) as two,
    ):
        for _ in range(3):
            await subscribe(pool, receiver.url)
        await _publish(pool, *(an_event() for _ in range(50)))
        await asyncio.gather(*(each.until(lambda: len(receiver.arrived) >= 150) for each in (one, two)))
        await asyncio.gather(one.deliverer.stop(grace_s=5), two.deliverer.stop(grace_s=5))
    assert len(receiver.arrived) == 150
    assert await _states(pool) == ["delivered"] * 150


async def test_a_hanging_endpoint_takes_no_more_than_its_slots_and_delays_nobody(pool: asyncpg.Pool) -> None:
    async with receiving() as hanging, receiving() as healthy, delivering(pool) as worker:
        hanging.held = asyncio.Event()
        await subscribe(pool, hanging.url, concurrency=3)
        await subscribe(pool, healthy.url)
        await _publish(pool, *(an_event() for _ in range(30)))
        await worker.until(lambda: len(healthy.arrived) == 30)
        await hanging.wait_for(3)
        assert len(hanging.arrived) == 3
        hanging.held.set()
        await worker.until(lambda: len(hanging.arrived) == 30)


async def test_the_breaker_opens_lets_one_probe_through_and_closes_on_success(pool: asyncpg.Pool) -> None:
    policy = DeliveryPolicy(waits_s=(0.01,) * 50, breaker=Breaker(failures=3, open_s=0.2))
    async with receiving(_failing(500)) as receiver, delivering(pool, policy) as worker:
        endpoint = (await subscribe(pool, receiver.url, concurrency=4)).endpoint
        await _publish(pool, *(an_event() for _ in range(20)))
        await worker.until_recorded(4)
        assert await _circuit(pool, endpoint.id) == "open"
        assert (await worker.deliverer.run_once()).claimed == 0
        await worker.until(lambda: len(receiver.arrived) == 5)
        assert (await worker.deliverer.run_once()).claimed == 0
        await worker.until(lambda: len(receiver.arrived) == 6)
        receiver.answering = lambda _arrived: web.Response()
        await worker.until(lambda: len({each.event_id for each in receiver.arrived}) == 20)
        await worker.deliverer.stop(grace_s=5)
        await worker.until(lambda: len(receiver.arrived) >= 25)
        assert await _circuit(pool, endpoint.id) == "closed"


async def _circuit(pool: asyncpg.Pool, endpoint_id: str) -> str:
    async with pool.acquire() as conn:
        return (await endpoints.find(conn, tenant=TENANT, endpoint_id=endpoint_id)).health.circuit


async def test_an_endpoint_that_failed_for_days_is_disabled(pool: asyncpg.Pool) -> None:
    policy = DeliveryPolicy(waits_s=(0.01,) * 50, breaker=Breaker(disable_after_s=0.0))
    async with receiving(_failing(500)) as receiver, delivering(pool, policy) as worker:
        endpoint = (await subscribe(pool, receiver.url)).endpoint
        await _publish(pool, an_event())
        await worker.until_recorded(2)
        async with pool.acquire() as conn:
            read = await endpoints.find(conn, tenant=TENANT, endpoint_id=endpoint.id)
    assert read.disabled_reason == "failing"


async def test_an_expired_event_is_not_sent(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event(expires_at=datetime.now(UTC)))
        await worker.deliverer.run_once()
        assert await _states(pool) == ["expired"]
        assert receiver.arrived == []


async def test_a_delivery_whose_next_attempt_would_come_too_late_expires_at_once(pool: asyncpg.Pool) -> None:
    async with receiving(_failing(500)) as receiver, delivering(pool) as worker:
        await subscribe(pool, receiver.url)
        await _publish(pool, an_event(expires_at=datetime.now(UTC) + timedelta(seconds=3)))
        await worker.until_recorded(1)
    row = await _row(pool, "SELECT state, reason, finished_at FROM webhooks.deliveries")
    assert (row["state"], row["reason"]) == ("expired", "status_5xx")
    assert row["finished_at"] is not None


async def test_our_own_failure_costs_the_partner_no_attempt(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        await subscribe(pool, receiver.url)
        await pool.execute("UPDATE webhooks.secrets SET sealed = 'broken'")
        await _publish(pool, an_event())
        await worker.until_recorded(1)
    row = await _row(pool, "SELECT state, failures, reason FROM webhooks.deliveries")
    assert tuple(row) == ("pending", 0, "internal_error")
    assert await pool.fetchval("SELECT consecutive_failures FROM webhooks.endpoint_health") == 0


async def test_both_secrets_sign_during_a_rotation(pool: asyncpg.Pool) -> None:
    async with receiving() as receiver, delivering(pool) as worker:
        made = await subscribe(pool, receiver.url)
        async with pool.acquire() as conn, conn.transaction():
            new = await endpoints.rotate_secret(
                conn, tenant=TENANT, endpoint_id=made.endpoint.id, seal=SEALING.seal
            )
        await _publish(pool, an_event())
        await worker.until_recorded(1)
    for secret in (made.secret, new):
        assert receiver.arrived[0].verified(secret)["type"] == "payment.succeeded"


async def test_strict_order_sends_the_next_of_an_object_only_after_the_one_before(pool: asyncpg.Pool) -> None:
    def fails_once(arrived: Arrived) -> web.Response:
        again = [each.event_id for each in receiver.arrived].count(arrived.event_id) > 1
        return web.Response(status=200 if again else 500)

    policy = DeliveryPolicy(waits_s=(0.01,) * 50, breaker=NEVER_OPENS)
    async with receiving(fails_once) as receiver, delivering(pool, policy) as worker:
        await subscribe(pool, receiver.url, strict_order=True)
        for n in range(1, 6):
            await _publish(pool, *(an_event(object_id=f"pay_{each}", sequence=n) for each in "ab"))
        await worker.until_recorded(20)
    for object_id in ("a", "b"):
        sequences = [
            each.json["data"]["sequence"]
            for each in receiver.arrived
            if each.event_id in await _events_of(pool, f"pay_{object_id}")
        ]
        assert sequences == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


async def _events_of(pool: asyncpg.Pool, object_id: str) -> set[str]:
    rows = await pool.fetch("SELECT id FROM webhooks.events WHERE object_id = $1", object_id)
    return {row["id"] for row in rows}
