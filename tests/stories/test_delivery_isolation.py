"""Endpoints that hang cost the others nothing; `make prove` shows it for 200 endpoints and a million that wait."""

import asyncio
import resource
from pathlib import Path

import asyncpg

from tests.prove import webhooks_isolation
from tests.receivers import DESK, an_event, delivering, receiving, subscribe
from webhooks import outbox
from webhooks.deliver import DeliveryPolicy
from webhooks.sender import DEADLINE_S, Reason, Sender


async def test_4_of_20_endpoints_hang_while_2000_deliveries_wait_for_them_and_the_others_lose_nothing(
    database_url: str, tmp_path: Path
) -> None:
    found = await webhooks_isolation.run(
        database_url, tmp_path, endpoints=20, rounds=1, seconds=1.0, waiting=2_000
    )
    assert (found.lost, found.again) == (0, 0)
    # Whoever waited for one that hangs would wait for its deadline.
    assert max(*found.beside_ms, found.backlog_ms) < DEADLINE_S * 1_000 / 2
    assert found.grown_mb < webhooks_isolation.GROWN_MB_MOST


async def test_endpoints_that_hang_in_every_slot_there_is_leave_room_for_the_others(
    pool: asyncpg.Pool,
) -> None:
    few = DeliveryPolicy(slots=4, slow_slots=16, slow_after_s=0.1)
    async with receiving() as hanging, receiving() as quick, delivering(pool, few) as worker:
        hanging.held = asyncio.Event()
        await subscribe(pool, hanging.url, event_types=["refund.*"], concurrency=10)
        await subscribe(pool, quick.url, event_types=["payment.*"])
        async with pool.acquire() as conn:
            await outbox.publish(conn, [an_event("refund.succeeded") for _ in range(10)])
            await worker.until(lambda: len(hanging.arrived) >= 4)
            await outbox.publish(conn, [an_event()])
        await worker.until(lambda: len(quick.arrived) == 1)
        hanging.held.set()


async def test_when_this_machine_has_no_more_files_the_partner_is_not_to_blame() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with receiving() as receiver, Sender(DESK) as sender:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            attempt = await sender.send(receiver.url, b"{}", {})
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert attempt.reason is Reason.INTERNAL_ERROR
