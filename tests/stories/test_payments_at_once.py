"""Two deeds on one payment at the same moment, each pair held in the order that hurts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from gateway.payments import conclude
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Final, Instruction, Settled
from gateway.wallet.core import ConfirmationRequired, Declined
from tests.town import Answered, Supermarket, Town, a_town


@pytest.fixture
async def still_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """Where nobody settles anything by themselves."""
    async with a_town(database_url, core_database_url, works=False) as opened:
        yield opened


async def test_a_cancel_that_meets_a_decline_says_that_there_is_nothing_to_cancel(still_town: Town) -> None:
    answer = await _cancel_that_meets(
        still_town, await still_town.supermarket(), Declined("insufficient_funds")
    )
    assert (answer.status, answer.body["code"], answer.body["state"]) == (409, "not_cancelable", "declined")


async def test_a_cancel_that_meets_the_cores_question_to_the_payer_cancels(still_town: Town) -> None:
    shop = await still_town.supermarket()
    answer = await _cancel_that_meets(still_town, shop, ConfirmationRequired("payer_must_confirm"))
    assert (answer.status, answer.body["state"]) == (200, "canceled"), answer.body
    rows = await still_town.pool.fetch("SELECT state, outcome FROM gateway.transfers")
    assert [tuple(row) for row in rows] == [("final", "confirmation_required")]


async def _cancel_that_meets(town: Town, shop: Supermarket, said: Final) -> Answered:
    """A cancel reads a payment as `processing` and waits for its transfer while the core's answer is written."""
    payer = await town.payer(10_000, behaviour="late_success", seconds=60)
    asked = await shop.ask(3_000, code=await town.code(payer), wait_s=0)
    settled = Settled(instruction=await _leased(town, asked.body["id"]), answer=said, attempts=())
    async with _held(town.pool, asked.body["id"]) as waiting:
        concluding = asyncio.create_task(conclude.conclude(town.replica.parts.payments, settled))
        await waiting(1)
        canceling = asyncio.create_task(shop.till.post(f"/v1/payments/{asked.body['id']}/cancel", {}))
        await waiting(2)
    await concluding
    return await canceling


async def _leased(town: Town, payment_id: str) -> Instruction:
    """The payment's open transfer, once its first sender has noted that the core has not decided."""
    while not await town.pool.fetchval("SELECT count(*) FROM gateway.transfer_attempts"):
        pass
    await town.pool.execute("UPDATE gateway.transfers SET due_at = now() WHERE owner_id = $1", payment_id)
    async with town.pool.acquire() as conn:
        [instruction] = await transfers.claim_due(conn, lease_s=60.0, limit=1)
    return instruction


@asynccontextmanager
async def _held(
    pool: asyncpg.Pool, payment_id: str
) -> AsyncIterator[Callable[[int], Coroutine[Any, Any, None]]]:
    """Hold a payment's row; yields what returns once so many wait for a lock."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM gateway.payments WHERE id = $1 FOR UPDATE", payment_id)

        async def waiting(number: int) -> None:
            async with asyncio.timeout(30):
                while await _locks_waited_for(pool) < number:
                    pass

        yield waiting


async def _locks_waited_for(pool: asyncpg.Pool) -> int:
    waiting: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return waiting
