import asyncpg
import pytest

from merchants import merchant, standing
from merchants.errors import (
    MerchantNotActive,
    MerchantNotFound,
    StoreClosed,
    StoreNotFound,
    TerminalNotFound,
    TerminalRetired,
)
from merchants.ids import new_id, partner_no_of
from merchants.lifecycle import Status
from merchants.merchant import Kind, paying_context
from merchants.shops import store, terminal
from merchants.shops.errors import AreaCodeUnknown
from tests.onboarded import APPROVER, Till, a_till, an_active_merchant


async def make_till(pool: asyncpg.Pool) -> Till:
    async with pool.acquire() as conn, conn.transaction():
        return await a_till(conn)


async def context_at(pool: asyncpg.Pool, till: Till) -> merchant.PayingContext:
    async with pool.acquire() as conn:
        return await paying_context(
            conn,
            partner_id=till.merchant.partner_id,
            merchant_id=till.merchant.id,
            terminal_id=till.terminal.id,
        )


async def test_a_payment_learns_all_about_who_is_paid_and_where(pool: asyncpg.Pool) -> None:
    till = await make_till(pool)
    context = await context_at(pool, till)
    assert context == merchant.PayingContext(
        partner_id=till.merchant.id,
        partner_no=till.merchant.partner_no,
        merchant_id=till.merchant.id,
        kind=Kind.SUPERMARKET,
        short_name="鹏城百货",
        city="Shenzhen",
        mcc="5411",
        merchant_number=till.merchant.merchant_number,
        currency="CNY",
        fee_basis_points=38,
        payment_limit_minor=None,
        offers_version=0,
        store_id=till.store.id,
        store_name="南山店",
        terminal_id=till.terminal.id,
        terminal_label="收银台 1",
    )


async def test_a_payment_without_a_till_may_name_a_store_or_none(pool: asyncpg.Pool) -> None:
    till = await make_till(pool)
    partner_id = merchant_id = till.merchant.id
    async with pool.acquire() as conn:
        nowhere = await paying_context(conn, partner_id=partner_id, merchant_id=merchant_id)
        there = await paying_context(
            conn, partner_id=partner_id, merchant_id=merchant_id, store_id=till.store.id
        )
    assert (nowhere.store_id, nowhere.terminal_id) == (None, None)
    assert (there.store_id, there.terminal_id) == (till.store.id, None)


async def test_the_smallest_limit_of_all_levels_counts(pool: asyncpg.Pool) -> None:
    till = await make_till(pool)
    for table, limit, smallest in (("merchants", 900, 900), ("terminals", 700, 700), ("stores", 800, 700)):
        await pool.execute(f"UPDATE merchants.{table} SET payment_limit_minor = $1", limit)
        assert (await context_at(pool, till)).payment_limit_minor == smallest


async def test_a_suspended_merchant_or_partner_is_not_paid(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        till = await a_till(conn, await an_active_merchant(conn, partner=mall))
        await standing.suspend(conn, merchant_id=mall.id, actor=APPROVER, reason="complaints")
    with pytest.raises(MerchantNotActive) as refused:
        await context_at(pool, till)
    assert refused.value.merchant_status is Status.SUSPENDED
    async with pool.acquire() as conn, conn.transaction():
        await standing.resume(conn, merchant_id=mall.id, actor=APPROVER, reason="cleared")
        await standing.suspend(conn, merchant_id=till.merchant.id, actor=APPROVER, reason="complaints")
    with pytest.raises(MerchantNotActive):
        await context_at(pool, till)


async def test_closed_places_are_not_paid_at_and_closing_is_for_good(pool: asyncpg.Pool) -> None:
    till = await make_till(pool)
    partner_id = till.merchant.id
    async with pool.acquire() as conn:
        await terminal.retire(conn, partner_id=partner_id, terminal_id=till.terminal.id, actor="cli_1")
        with pytest.raises(TerminalRetired):
            await context_at(pool, till)
        with pytest.raises(TerminalRetired):
            await terminal.retire(conn, partner_id=partner_id, terminal_id=till.terminal.id, actor="cli_1")
        await store.close(conn, partner_id=partner_id, store_id=till.store.id, actor="cli_1")
        with pytest.raises(StoreClosed):
            await paying_context(conn, partner_id=partner_id, merchant_id=partner_id, store_id=till.store.id)
        with pytest.raises(StoreClosed):
            await place(conn, partner_id=partner_id, store_id=till.store.id)


async def test_another_partners_places_are_not_there(pool: asyncpg.Pool) -> None:
    mine, theirs = await make_till(pool), await make_till(pool)
    me, them = mine.merchant.id, theirs.merchant.id
    async with pool.acquire() as conn:
        with pytest.raises(MerchantNotFound):
            await paying_context(conn, partner_id=me, merchant_id=them)
        with pytest.raises(TerminalNotFound):
            await paying_context(conn, partner_id=me, merchant_id=me, terminal_id=theirs.terminal.id)
        with pytest.raises(StoreNotFound):
            await paying_context(conn, partner_id=me, merchant_id=me, store_id=theirs.store.id)
        with pytest.raises(StoreNotFound):
            await place(conn, partner_id=me, store_id=theirs.store.id)
        with pytest.raises(StoreNotFound):
            await store.close(conn, partner_id=me, store_id=theirs.store.id, actor="cli_1")
        with pytest.raises(TerminalNotFound):
            await terminal.find(conn, partner_id=me, terminal_id=theirs.terminal.id)
        with pytest.raises(StoreNotFound):
            await terminal.of_store(conn, partner_id=me, store_id=theirs.store.id, before_id=None, limit=9)
        with pytest.raises(MerchantNotFound):
            await store.of_merchant(conn, partner_id=me, merchant_id=them, before_id=None, limit=9)


async def test_a_till_of_one_tenant_cannot_pay_for_its_neighbour(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        one = await a_till(conn, await an_active_merchant(conn, partner=mall))
        neighbour = await an_active_merchant(conn, partner=mall)
        with pytest.raises(TerminalNotFound):
            await paying_context(
                conn, partner_id=mall.id, merchant_id=neighbour.id, terminal_id=one.terminal.id
            )


async def test_a_store_stands_in_a_known_county(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        owner = await an_active_merchant(conn)
        with pytest.raises(AreaCodeUnknown):
            await store.open_store(
                conn,
                store_id=new_id("sto", owner.partner_no),
                partner_id=owner.id,
                merchant_id=owner.id,
                name="南山店",
                area_code="999999",
                address="深南大道9678号",
                actor="cli_1",
            )


async def test_places_are_listed_newest_first_and_carry_their_partners_number(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        owner = await an_active_merchant(conn)
        tills = [await a_till(conn, owner) for _ in range(3)]
        stores = await store.of_merchant(
            conn, partner_id=owner.id, merchant_id=owner.id, before_id=None, limit=2
        )
        rest = await store.of_merchant(
            conn, partner_id=owner.id, merchant_id=owner.id, before_id=stores[-1].id, limit=2
        )
        terminals = await terminal.of_store(
            conn, partner_id=owner.id, store_id=tills[0].store.id, before_id=None, limit=2
        )
    assert [one.id for one in stores + rest] == sorted((till.store.id for till in tills), reverse=True)
    assert terminals == [tills[0].terminal]
    assert partner_no_of(terminals[0].id) == owner.partner_no


async def test_a_change_of_offers_raises_the_version_that_payments_see(pool: asyncpg.Pool) -> None:
    till = await make_till(pool)
    async with pool.acquire() as conn:
        assert await merchant.raise_offers_version(conn, partner_id=till.merchant.id) == 1
        with pytest.raises(MerchantNotFound):
            await merchant.raise_offers_version(conn, partner_id="mer_unknown")
    assert (await context_at(pool, till)).offers_version == 1


async def place(conn: asyncpg.pool.PoolConnectionProxy, *, partner_id: str, store_id: str) -> None:
    await terminal.place(
        conn,
        terminal_id=new_id("trm", 1),
        partner_id=partner_id,
        store_id=store_id,
        label="收银台 2",
        actor="cli_1",
    )
