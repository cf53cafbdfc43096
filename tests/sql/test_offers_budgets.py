"""Budgets that run out: told once, by whichever worker comes first, and nothing refused while it still fits."""

import asyncio
from datetime import date, timedelta

import asyncpg

from gateway.jobs import advance_offers
from merchants.offers import budgets, life, reservations
from merchants.offers.campaign import State
from merchants.offers.catalog import Catalog
from merchants.offers.offer import Budgets, Target
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import NOW, agreed, claim
from tests.places import open_place


async def look(pool: asyncpg.Pool) -> None:
    """What a worker does again and again."""
    async with pool.acquire() as conn, conn.transaction():
        await budgets.tell_eighty(conn, now=NOW, limit=100)
        await budgets.exhaust(conn, now=NOW, limit=100)


async def told(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT type FROM webhooks.events WHERE type LIKE 'offer.%' ORDER BY sequence")
    return [
        row["type"] for row in rows if row["type"] in {"offer.budget_80", "offer.exhausted", "offer.live"}
    ]


async def test_four_fifths_and_the_end_are_told_once_however_many_workers_look(pool: asyncpg.Pool) -> None:
    place, catalog = await open_place(pool), Catalog()
    async with pool.acquire() as conn, conn.transaction():
        offer = (await agreed(conn, place.partner_id, a_deal(budgets=Budgets(total_minor=9_000)))).offer
    cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)
    for no in range(4):
        assert (await claim(pool, catalog, cart, f"pay_{no}", payer=a_payer(person_id=f"p{no}"))).applied
    await asyncio.gather(*(look(pool) for _ in range(8)))
    # 10.00 are left, and 20.00 are the least it gives; but four payments are under way and may give theirs back.
    assert await told(pool) == ["offer.live", "offer.budget_80"]
    async with pool.acquire() as conn, conn.transaction():
        for no in range(4):
            await reservations.commit(conn, partner_id=place.partner_id, payment_id=f"pay_{no}")
    await asyncio.gather(*(look(pool) for _ in range(8)))
    assert await told(pool) == ["offer.live", "offer.budget_80", "offer.exhausted"]
    async with pool.acquire() as conn, conn.transaction():
        exhausted = await life.find(conn, partner_id=place.partner_id, offer_id=offer.id)
        assert exhausted.state is State.EXHAUSTED
        back = {"bank:offers": 1_200, f"funder:{place.partner_id}": 800}
        await reservations.give_back(conn, partner_id=place.partner_id, payment_id="pay_0", funders=back)
    # The refund itself has made it live again: nobody waits for a worker.
    assert (await claim(pool, catalog, cart, "pay_9", payer=a_payer(person_id="p9"))).applied


async def test_an_offer_that_cannot_be_moved_and_a_step_that_fails_keep_nobody_from_their_turn(
    pool: asyncpg.Pool,
) -> None:
    place, catalog = await open_place(pool), Catalog()
    later = Target(starts_on=date(2026, 11, 12), ends_on=date(2026, 12, 31))
    async with pool.acquire() as conn, conn.transaction():
        used_up = (await agreed(conn, place.partner_id, a_deal(budgets=Budgets(total_minor=2_000)))).offer
        damaged = (await agreed(conn, place.partner_id, a_deal(target=later))).offer
        scheduled = (await agreed(conn, place.partner_id, a_deal(target=later))).offer
    cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)
    assert (await claim(pool, catalog, cart, "pay_1")).applied
    async with pool.acquire() as conn, conn.transaction():
        await reservations.commit(conn, partner_id=place.partner_id, payment_id="pay_1")
    await pool.execute("UPDATE merchants.offer_versions SET deal = '{}' WHERE offer_id = $1", damaged.id)
    await pool.execute(
        "ALTER TABLE merchants.offers ADD CONSTRAINT no_step CHECK (told_80_version = 0) NOT VALID"
    )
    try:
        assert await advance_offers(pool, now=NOW + timedelta(days=1)) == 2
    finally:
        await pool.execute("ALTER TABLE merchants.offers DROP CONSTRAINT no_step")
    rows = await pool.fetch("SELECT id, state FROM merchants.offers")
    assert {row["id"]: row["state"] for row in rows} == {
        used_up.id: "exhausted",
        damaged.id: "scheduled",
        scheduled.id: "live",
    }
