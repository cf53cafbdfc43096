"""A person's rights and scarce budgets at once: whoever wants both waits for nobody who waits for them."""

import asyncio
from collections import Counter

import asyncpg

from merchants.offers import reserving
from merchants.offers.cart import Cart
from merchants.offers.catalog import Catalog
from merchants.offers.offer import Budgets, Stacking
from merchants.offers.terms import AmountOff, FirstPurchase
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import NOW, agreed, claim
from tests.places import open_place

ONE_OF = Stacking(group="welcome")
SOMEBODY_WAITS = """
    SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
FIRST = FirstPurchase(first_with="partner", gives=AmountOff(off_minor=1_000))


async def shop(pool: asyncpg.Pool) -> Cart:
    """A first purchase, before it three better offers that fit once each, and behind it a small one."""
    place = await open_place(pool)
    deals = [
        a_deal(
            name="scarce", terms=AmountOff(off_minor=off), stacking=ONE_OF, budgets=Budgets(total_minor=off)
        )
        for off in (4_000, 3_000, 2_000)
    ]
    deals += [
        a_deal(name="first", terms=FIRST, stacking=ONE_OF),
        a_deal(name="small", terms=AmountOff(off_minor=7), stacking=ONE_OF),
    ]
    async with pool.acquire() as conn, conn.transaction():
        for deal in deals:
            await agreed(conn, place.partner_id, deal)
    return a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)


async def test_a_payment_that_waited_for_a_right_that_another_took_gets_what_else_fits(
    pool: asyncpg.Pool,
) -> None:
    cart, catalog, payer = await shop(pool), Catalog(), a_payer()
    for no in range(3):
        assert (await claim(pool, catalog, cart, f"before_{no}", payer=a_payer(person_id=f"b{no}"))).applied
    async with pool.acquire() as conn, conn.transaction():
        live = await catalog.live(conn, cart.partner_id)
        first = await reserving.reserve_best(
            conn,
            catalog=catalog,
            offers_version=live.version,
            payment_id="pay_1",
            cart=cart,
            payer=payer,
            now=NOW,
        )
        other = asyncio.create_task(claim(pool, catalog, cart, "pay_2", payer=payer))
        async with asyncio.timeout(30):
            while not await pool.fetchval(SOMEBODY_WAITS):
                pass
    assert (first.discount_minor, (await other).discount_minor) == (1_000, 7)


async def test_200_payments_of_10_people_on_scarce_budgets_and_one_first_each_deadlock_nowhere(
    pool: asyncpg.Pool,
) -> None:
    """Whoever holds budgets never waits for a right whose holder waits for these budgets."""
    cart, catalog = await shop(pool), Catalog()
    quotes = await asyncio.gather(
        *(
            claim(pool, catalog, cart, f"pay_{no:03}", payer=a_payer(person_id=f"p{no % 10}"))
            for no in range(200)
        )
    )
    given = Counter(quote.discount_minor for quote in quotes)
    assert given == {4_000: 1, 3_000: 1, 2_000: 1, 1_000: 10, 7: 187}
