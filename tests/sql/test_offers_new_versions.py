"""New versions of offers that payments have used: a bound they add counts what was taken before it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from merchants.offers import budgets, life, reservations, running
from merchants.offers.campaign import Campaign, State
from merchants.offers.cart import Cart
from merchants.offers.catalog import Catalog
from merchants.offers.errors import OffersChanging, OfferUnsound
from merchants.offers.offer import Budgets, PersonCaps
from merchants.offers.reserving import reserve_best
from merchants.offers.terms import AmountOff, Cashback, Points, Programme
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import BANKER, BUYER, agreed, claim
from tests.places import open_place

TEN = AmountOff(off_minor=1_000, min_spend_minor=5_000)
WHOLE_MINOR = 1_000_000
EVERY_BOUND: dict[str, Any] = {
    "budgets": Budgets(total_minor=WHOLE_MINOR, daily_minor=WHOLE_MINOR, per_store_minor=WHOLE_MINOR),
    "person_caps": PersonCaps(uses=1_000, uses_per_day=1_000),
}
TOTAL_ALONE: dict[str, Any] = {"budgets": Budgets(total_minor=WHOLE_MINOR), "person_caps": PersonCaps()}
# What counters say and reservations do not, or the other way round.
DIFFERENCES = """
    WITH counted AS (
        SELECT scope, key, taken_minor AS minor, uses FROM merchants.offer_counters
         WHERE scope = ANY ($1) AND (taken_minor, uses) <> (0, 0)
    ), taken AS (
        SELECT took.scope, took.key, sum(r.discount_minor - r.returned_minor)::bigint AS minor,
               count(*) FILTER (WHERE r.returned_minor < r.discount_minor) AS uses
          FROM merchants.offer_reservations r CROSS JOIN unnest(r.scopes, r.keys) AS took (scope, key)
         WHERE r.state <> 'released' AND took.scope = ANY ($1)
         GROUP BY took.scope, took.key HAVING sum(r.discount_minor - r.returned_minor) > 0
    )
    (SELECT * FROM counted EXCEPT SELECT * FROM taken) UNION ALL (SELECT * FROM taken EXCEPT SELECT * FROM counted)
"""
SOMEBODY_WAITS = """
    SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
SCOPES = ["total", "day", "store", "person", "person_day"]


def now() -> datetime:
    """The database's day: what was taken is counted by the day on which it was reserved."""
    return datetime.now(UTC)


async def shop(pool: asyncpg.Pool, **bounds: Any) -> tuple[Cart, Campaign]:
    place = await open_place(pool)
    async with pool.acquire() as conn, conn.transaction():
        campaign = await agreed(conn, place.partner_id, a_deal(terms=TEN, **bounds))
    cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)
    return cart, campaign


async def on_the_table(pool: asyncpg.Pool, campaign: Campaign, **changes: Any) -> Campaign:
    """Stopped, with other bounds, and the partner stands by it."""
    offer = campaign.offer
    partner: dict[str, Any] = {
        "partner_id": offer.partner_id, "offer_id": offer.id, "actor": BUYER, "now": now()
    }  # fmt: skip
    async with pool.acquire() as conn, conn.transaction():
        held = await life.find(conn, partner_id=offer.partner_id, offer_id=offer.id)
        if held.state is State.LIVE:
            await running.pause(conn, **partner, side="partner", reason="")
        amended = await life.amend(conn, **partner, side="partner", hash_=held.hash, changes=changes)
        return await life.propose(conn, **partner, hash_=amended.hash)


async def accept(pool: asyncpg.Pool, campaign: Campaign) -> Campaign:
    async with pool.acquire() as conn, conn.transaction():
        return await life.accept(
            conn, partner_id=None, offer_id=campaign.id, hash_=campaign.hash, side="bank", actor=BANKER, now=now()
        )  # fmt: skip


async def counters(pool: asyncpg.Pool) -> dict[str, tuple[int, int]]:
    rows = await pool.fetch(
        "SELECT scope, sum(taken_minor)::bigint AS taken, sum(uses)::bigint AS uses"
        "  FROM merchants.offer_counters GROUP BY scope"
    )
    return {row["scope"]: (row["taken"], row["uses"]) for row in rows}


async def somebody_waits(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(30):
        while not await pool.fetchval(SOMEBODY_WAITS):
            pass


async def test_bounds_that_a_version_adds_begin_with_what_was_taken_before_it(pool: asyncpg.Pool) -> None:
    cart, live = await shop(pool)
    catalog = Catalog()
    for no in range(4):
        assert (await claim(pool, catalog, cart, f"pay_{no}", now=now())).applied
    owner: dict[str, Any] = {"partner_id": cart.partner_id}
    half = {"bank:offers": 300, f"funder:{cart.partner_id}": 200}
    async with pool.acquire() as conn, conn.transaction():
        for payment_id in ("pay_1", "pay_2"):
            await reservations.commit(conn, **owner, payment_id=payment_id)
        await reservations.give_back(conn, **owner, payment_id="pay_2", funders=half)
        await reservations.release(conn, **owner, payment_id="pay_3")
    assert await counters(pool) == {"total": (2_500, 3)}

    await accept(pool, await on_the_table(pool, live, **EVERY_BOUND))
    assert await counters(pool) == dict.fromkeys(SCOPES, (2_500, 3))

    # What was reserved before the bounds gives its part of them back as well.
    async with pool.acquire() as conn, conn.transaction():
        await reservations.release(conn, **owner, payment_id="pay_0")
        await reservations.give_back(conn, **owner, payment_id="pay_2", funders=half)
    assert await counters(pool) == dict.fromkeys(SCOPES, (1_000, 1))


async def test_a_cap_that_is_added_refuses_whoever_has_had_it_all(pool: asyncpg.Pool) -> None:
    cart, live = await shop(pool)
    catalog = Catalog()
    assert (await claim(pool, catalog, cart, "pay_1", now=now())).applied
    await accept(pool, await on_the_table(pool, live, person_caps=PersonCaps(uses=1)))
    assert not (await claim(pool, catalog, cart, "pay_2", now=now())).applied
    assert (await claim(pool, catalog, cart, "pay_3", payer=a_payer(person_id="p2"), now=now())).applied


async def test_a_bound_that_one_version_left_out_has_no_gap_in_the_next(pool: asyncpg.Pool) -> None:
    cart, live = await shop(pool, **EVERY_BOUND)
    catalog = Catalog()
    for no, bounds in enumerate((TOTAL_ALONE, EVERY_BOUND)):
        assert (await claim(pool, catalog, cart, f"pay_{no}", now=now())).applied
        live = await accept(pool, await on_the_table(pool, live, **bounds))
    assert await counters(pool) == dict.fromkeys(SCOPES, (2_000, 2))


async def test_a_version_gives_nothing_in_another_unit_than_payments_have_had(pool: asyncpg.Pool) -> None:
    _, live = await shop(pool)
    points = Points(programme=Programme(name="club"), points=1, per_minor=100, worth_minor=100)
    with pytest.raises(OfferUnsound) as refused:
        await on_the_table(pool, live, terms=points)
    assert [fault.code for fault in refused.value.faults] == ["unit_changed"]
    assert (await on_the_table(pool, live, terms=Cashback(back_basis_points=100))).state is State.PROPOSED


async def test_a_larger_budget_revives_an_exhausted_offer_before_anybody_has_paid(pool: asyncpg.Pool) -> None:
    cart, live = await shop(pool, budgets=Budgets(total_minor=1_500))
    catalog = Catalog()
    assert (await claim(pool, catalog, cart, "pay_1", now=now())).applied

    async def worker() -> list[Campaign]:
        async with pool.acquire() as conn, conn.transaction():
            return await budgets.exhaust(conn, now=now(), limit=10)

    async with pool.acquire() as conn, conn.transaction():
        await reservations.commit(conn, partner_id=cart.partner_id, payment_id="pay_1")
    assert [one.state for one in await worker()] == [State.EXHAUSTED]
    await accept(pool, await on_the_table(pool, live, budgets=Budgets(total_minor=9_000)))
    assert await worker() == []
    assert (await claim(pool, catalog, cart, "pay_2", now=now())).applied


async def test_a_payment_under_way_is_waited_for_and_counted(pool: asyncpg.Pool) -> None:
    cart, live = await shop(pool)
    async with pool.acquire() as conn:
        paying = conn.transaction()
        await paying.start()
        catalog = Catalog()
        version = (await catalog.live(conn, cart.partner_id)).version
        await reserve_best(
            conn, catalog=catalog, offers_version=version, payment_id="pay_1", cart=cart, payer=a_payer(), now=now()
        )  # fmt: skip
        proposed = await on_the_table(pool, live, **EVERY_BOUND)
        accepting = asyncio.create_task(accept(pool, proposed))
        await somebody_waits(pool)
        await paying.commit()
        await accepting
    assert await counters(pool) == dict.fromkeys(SCOPES, (1_000, 1))


async def test_a_payment_that_waited_while_a_version_was_agreed_is_counted_by_its_bounds(
    pool: asyncpg.Pool,
) -> None:
    cart, live = await shop(pool, budgets=Budgets(total_minor=WHOLE_MINOR, daily_minor=WHOLE_MINOR))
    catalog = Catalog()
    assert (await claim(pool, catalog, cart, "pay_1", now=now())).applied
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM merchants.offer_counters WHERE scope = 'day' FOR UPDATE")
        paying = asyncio.create_task(claim(pool, catalog, cart, "pay_2", now=now()))
        await somebody_waits(pool)
        await accept(pool, await on_the_table(pool, live, **EVERY_BOUND))
    [applied] = (await paying).applied
    assert applied.version == 2
    assert await counters(pool) == dict.fromkeys(SCOPES, (2_000, 2))


async def test_200_payments_racing_5_new_versions_are_each_counted_in_every_bound_once(
    pool: asyncpg.Pool,
) -> None:
    cart, live = await shop(pool)
    catalog, left = Catalog(), list(range(200))

    async def till() -> None:
        while left:
            no = left.pop()
            with suppress(OffersChanging):
                await claim(
                    pool, catalog, cart, f"pay_{no:03}", payer=a_payer(person_id=f"p{no % 9}"), now=now()
                )
            if no % 4 == 0:
                async with pool.acquire() as conn, conn.transaction():
                    await reservations.release(conn, partner_id=cart.partner_id, payment_id=f"pay_{no:03}")

    tills = [asyncio.create_task(till()) for _ in range(8)]
    for no in range(5):
        bounds = TOTAL_ALONE if no % 2 else EVERY_BOUND
        live = await accept(pool, await on_the_table(pool, live, **bounds))
    await asyncio.gather(*tills)
    assert await pool.fetch(DIFFERENCES, SCOPES) == []
    assert (await counters(pool))["total"][1] > 0


async def test_a_replica_of_an_earlier_release_is_told_to_reserve_alone_what_it_asks_for_together(
    pool: asyncpg.Pool,
) -> None:
    counters_alone = '[{"partner_id": "mer_1", "offer_id": "ofr_1", "scope": "total", "key": "", "minor": 5}]'
    ask = "SELECT * FROM merchants.reserve_offers_together($1, $2)"
    with pytest.raises(asyncpg.PostgresError, match="earlier release") as refused:
        await pool.execute(ask, '[{"payment_id": "pay_1"}, {"payment_id": "pay_2"}]', counters_alone)
    assert (refused.value.sqlstate, refused.value.detail) == ("GW001", '["pay_1","pay_2"]')
    await pool.execute(ask, "[]", "[]")
