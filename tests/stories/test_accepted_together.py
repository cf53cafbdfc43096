"""Tills whose orders are accepted in one statement: company is shared, and nothing else is."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import structlog

from gateway.payments.accept_together import accept_together
from gateway.payments.accepted import Accepted, Ask
from gateway.payments.together import PATIENCE_S
from merchants import standing
from merchants.payer import PayerFacts
from tests.town import PATIENT_DOUBT, Answered, Supermarket, Town, a_town

Asking = Callable[..., asyncio.Task[Answered]]
# A key that somebody else is claiming at this moment; who comes with it waits for them.
_CLAIMED = """
    INSERT INTO gateway.idempotency_keys (tenant, operation, key, fingerprint, resource_id)
    VALUES ($1, 'create_payment', $2, sha256(''), 'x')"""
NOBODY: Any = object()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What is logged of an error here would take longer to draw than the error took to happen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
async def town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    limits: dict[str, Any] = {"DAILY_LIMITS": "CNY=50000/50000/50000/50000", **PATIENT_DOUBT}
    async with a_town(database_url, core_database_url, **limits) as opened:
        yield opened


@asynccontextmanager
async def in_company(town: Town) -> AsyncIterator[Asking]:
    """The writer is kept busy, so that all that is asked in here goes into the next statement."""
    needs, asked, all_here = town.replica.parts.payments, list[asyncio.Task[Answered]](), asyncio.Event()

    async def write(asks: Sequence[Ask]) -> Sequence[Accepted | None]:
        if asks[0] is NOBODY:
            await all_here.wait()
            return [None]
        return await accept_together(needs, asks)

    def ask(where: Supermarket, amount_minor: int = 1_000, **more: Any) -> asyncio.Task[Answered]:
        asked.append(asyncio.create_task(where.ask(amount_minor, wait_s=10, **more)))
        return asked[-1]

    busy = asyncio.create_task(needs.acceptances.write(NOBODY, write))
    try:
        yield ask
        # On a busy machine some may have gone in a company before; what they get is the same.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S / 2):
                while len(needs.acceptances) < len(asked):  # noqa: ASYNC110 - in the same process
                    await asyncio.sleep(0)
    finally:
        all_here.set()
        await busy


@asynccontextmanager
async def held(town: Town, shop: Supermarket) -> AsyncIterator[str]:
    """A key of this till's that is being claimed, and never is."""
    key = uuid.uuid4().hex
    async with town.pool.acquire() as conn:
        begun = conn.transaction()
        await begun.start()
        await conn.execute(_CLAIMED, shop.place.terminal.id, key)
        try:
            yield key
        finally:
            await begun.rollback()


async def until_locked(town: Town, number: int) -> None:
    async with asyncio.timeout(30):
        while len(await locked(town.pool)) < number:
            pass


async def locked(pool: asyncpg.Pool) -> list[int]:
    rows = await pool.fetch(
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return [row["pid"] for row in rows]


async def codes_of(town: Town, *payers: PayerFacts) -> list[str]:
    return [await town.code(payer) for payer in payers]


async def test_in_company_everybody_gets_what_they_would_get_alone(town: Town) -> None:
    shop, other, closed = [await town.supermarket() for _ in range(3)]
    codes = await codes_of(town, *[await town.payer() for _ in range(7)])
    payer = await town.payer()
    async with in_company(town) as ask:
        same = [ask(shop, code=codes[0], merchant_order_no="twice", key="k") for _ in range(2)]
        one_code = [ask(shop, code=codes[1]) for _ in range(2)]
        one_order = [ask(shop, code=codes[number], merchant_order_no="A-1") for number in (2, 3)]
        one_day = [ask(shop, 20_000, code=code) for code in await codes_of(town, *[payer] * 4)]
        repeated = [ask(shop, code=codes[6], merchant_order_no="A-2") for _ in range(2)]
        suspended, plain = ask(closed, code=codes[4]), ask(other, code=codes[5])
        async with town.pool.acquire() as conn, conn.transaction():
            await standing.suspend(conn, merchant_id=closed.merchant.id, actor="risk", reason="fraud")
    first, again = [await one for one in same]
    assert first.body["id"] == again.body["id"]
    assert {one.headers.get("Idempotency-Replayed") for one in (first, again)} == {None, "true"}
    assert await said(one_code) == ["code_used", "succeeded"]
    assert await said(one_order) in (["order_paid", "succeeded"], ["order_exists", "succeeded"])
    assert await said(repeated) in (["order_paid", "succeeded"], ["order_exists", "succeeded"])
    assert await said(one_day) == ["declined", "declined", "succeeded", "succeeded"]
    assert await said([suspended, plain]) == ["merchant_not_active", "succeeded"]
    taken = await town.pool.fetchval("SELECT sum(taken_minor) FROM gateway.payer_days")
    assert taken == 5 * 1_000 + 2 * 20_000
    assert await town.balance(f"payer:{payer.id}") == 60_000


async def said(asked: list[asyncio.Task[Answered]]) -> list[str]:
    return sorted(one.body.get("state") or one.body["code"] for one in await asyncio.gather(*asked))


async def test_one_that_waits_for_a_lock_holds_up_nobody_and_is_told_that_nothing_happened(
    database_url: str, core_database_url: str
) -> None:
    slow: dict[str, Any] = {"DATABASE_STATEMENT_TIMEOUT_S": "1.5", **PATIENT_DOUBT}
    async with a_town(database_url, core_database_url, **slow) as town:
        shop = await town.supermarket()
        codes = await codes_of(town, *[await town.payer() for _ in range(4)])
        async with held(town, shop) as key:
            async with in_company(town) as ask:
                stuck = ask(shop, code=codes[0], key=key)
                others = [ask(shop, code=code) for code in codes[1:]]
            assert await said(others) == ["succeeded"] * 3
            assert not stuck.done()
            told = await stuck
        assert (told.status, told.body["code"]) == (503, "nothing_happened")
        assert (await shop.ask(1_000, code=codes[0])).status == 201


async def test_who_was_on_the_way_when_the_database_was_lost_is_told_what_that_means(town: Town) -> None:
    shop = await town.supermarket()
    codes = await codes_of(town, *[await town.payer() for _ in range(4)])
    async with town.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE qr.payment_codes IN ACCESS EXCLUSIVE MODE")
        reading = asyncio.create_task(shop.ask(1_000, code=codes[0]))
        await until_locked(town, 1)
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", await locked(town.pool)
        )
        told = await reading
    assert (told.status, told.body["code"]) == (503, "nothing_happened"), "it had only been read"
    async with held(town, shop) as key:
        writing = asyncio.create_task(shop.ask(1_000, code=codes[0], key=key))
        await until_locked(town, 1)
        await town.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", await locked(town.pool)
        )
        told = await writing
    assert (told.status, told.body["code"]) == (503, "outcome_unknown"), "it may have been stored"
    assert (await shop.ask(1_000, code=codes[0], key=key)).status == 201
