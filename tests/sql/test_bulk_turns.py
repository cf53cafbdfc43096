"""Partners' files take turns, and one that cannot be read keeps no other partner waiting."""

import asyncpg
import msgspec
import pytest

from gateway.api.bulk_rules import rules
from gateway.partners.chores import Chores
from gateway.storage.hub import Hub
from merchants.ids import new_id
from merchants.merchant import Kind
from merchants.onboarding import bulk
from merchants.onboarding.bulk import Bulk, State
from merchants.sealing import SealBroken
from tests.onboarded import APPROVER, REVIEWER, SEALING, a_company, an_active_merchant


@pytest.fixture
def chores(pool: asyncpg.Pool, database_url: str) -> Chores:
    return Chores(pool=pool, sealing=SEALING, hub=Hub(database_url), line_rules=rules())


async def a_file(pool: asyncpg.Pool) -> Bulk:
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        return await bulk.receive(
            conn,
            SEALING,
            bulk_id=new_id("blk", mall.partner_no),
            partner=mall,
            format_="jsonl",
            lines=[(2, msgspec.to_builtins(a_company()))],
            actor="cli_partner",
        )


async def state_of(pool: asyncpg.Pool, file: Bulk) -> State:
    async with pool.acquire() as conn:
        return (await bulk.find(conn, bulk_id=file.id, partner_id=file.partner_id)).state


async def sign(pool: asyncpg.Pool, file: Bulk) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await bulk.take(conn, bulk_id=file.id, operator_id=REVIEWER, terms=bulk.DEFAULT_TERMS)
        await bulk.approve(conn, bulk_id=file.id, operator_id=APPROVER, terms=bulk.DEFAULT_TERMS, reason="")


async def test_a_piece_that_always_fails_blocks_no_other_partners_reading(
    pool: asyncpg.Pool, chores: Chores
) -> None:
    broken, behind = await a_file(pool), await a_file(pool)
    await pool.execute("UPDATE merchants.bulk_pieces SET rows = '\\x00' WHERE bulk_id = $1", broken.id)
    with pytest.raises(SealBroken):
        await chores.read_bulks()
    assert await chores.read_bulks() == 1
    with pytest.raises(SealBroken):
        await chores.read_bulks()
    await chores.read_bulks()
    assert await state_of(pool, behind) is State.CHECKED
    assert await state_of(pool, broken) is State.READING


async def test_a_piece_that_always_fails_blocks_no_other_partners_admission(
    pool: asyncpg.Pool, chores: Chores
) -> None:
    broken, behind = await a_file(pool), await a_file(pool)
    while State.READING in {await state_of(pool, broken), await state_of(pool, behind)}:
        await chores.read_bulks()
    for file in (broken, behind):
        await sign(pool, file)
    await pool.execute(
        "UPDATE merchants.applications SET particulars = '\\x00' WHERE bulk_id = $1", broken.id
    )
    for _ in range(2):
        with pytest.raises(SealBroken):
            await chores.admit_bulks()
        await chores.admit_bulks()
    assert await state_of(pool, behind) is State.DONE
    assert await state_of(pool, broken) is State.ADMITTING
