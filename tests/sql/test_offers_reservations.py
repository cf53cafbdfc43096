import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from merchants.offers import reservations, reserving
from merchants.offers.cart import Cart
from merchants.offers.catalog import Catalog
from merchants.offers.offer import Budgets, Deal, PersonCaps, Stacking
from merchants.offers.reason import Reason
from merchants.offers.reservation import State
from merchants.offers.terms import AmountOff, FirstPurchase, PercentOff, ThresholdOff, Tier
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import NOW, agreed, claim
from tests.places import open_place

STEPS = ThresholdOff(
    tiers=(Tier(threshold_minor=5_000, off_minor=1_000), Tier(threshold_minor=10_000, off_minor=2_000))
)


async def shop(pool: asyncpg.Pool, *deals: Deal) -> Cart:
    """A supermarket where these offers are live, and a cart of 128.00 at its till."""
    place = await open_place(pool)
    async with pool.acquire() as conn, conn.transaction():
        for deal in deals:
            await agreed(conn, place.partner_id, deal)
    return a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)


async def counters(pool: asyncpg.Pool) -> dict[str, tuple[int, int]]:
    rows = await pool.fetch(
        "SELECT scope, sum(taken_minor)::bigint AS taken, sum(uses)::bigint AS uses"
        "  FROM merchants.offer_counters GROUP BY scope"
    )
    return {row["scope"]: (row["taken"], row["uses"]) for row in rows}


async def reserved_minor(pool: asyncpg.Pool) -> int:
    total: int = await pool.fetchval(
        """SELECT COALESCE(sum(discount_minor), 0)::bigint FROM merchants.offer_reservations
            WHERE state <> 'released'"""
    )
    return total


def cart_of(cart: Cart, **changes: Any) -> Cart:
    facts = {name: getattr(cart, name) for name in Cart.__slots__}
    return Cart(**{**facts, **changes})


async def test_a_discount_is_reserved_once_and_redeemed_once(pool: asyncpg.Pool) -> None:
    cart = await shop(pool, a_deal(budgets=Budgets(total_minor=5_000, daily_minor=4_000)))
    quote = await claim(pool, Catalog(), cart, "pay_1")
    assert quote.payable_minor == 10_800
    assert await counters(pool) == {"total": (2_000, 1), "day": (2_000, 1)}
    owner: dict[str, Any] = {"partner_id": cart.partner_id, "payment_id": "pay_1"}
    async with pool.acquire() as conn:
        (redeemed,) = await reservations.commit(conn, **owner)
        assert await reservations.commit(conn, **owner) == ()
        assert await reservations.release(conn, **owner) == ()
    assert (redeemed.state, redeemed.discount_minor, redeemed.left_minor) == (State.REDEEMED, 2_000, 3_000)
    assert [(share.account, share.amount_minor) for share in redeemed.shares] == [
        ("bank:offers", 1_200),
        (f"funder:{cart.partner_id}", 800),
    ]
    assert await counters(pool) == {"total": (2_000, 1), "day": (2_000, 1)}


async def test_a_released_discount_leaves_every_counter_where_it_was(pool: asyncpg.Pool) -> None:
    deal = a_deal(
        budgets=Budgets(total_minor=9_000, daily_minor=9_000, per_store_minor=9_000),
        person_caps=PersonCaps(uses=3, uses_per_day=1),
    )
    cart = await shop(pool, deal)
    await claim(pool, Catalog(), cart, "pay_1")
    assert await counters(pool) == dict.fromkeys(("total", "day", "store", "person", "person_day"), (2000, 1))
    async with pool.acquire() as conn, conn.transaction():
        (released,) = await reservations.release(conn, partner_id=cart.partner_id, payment_id="pay_1")
    assert (released.state, released.left_minor) == (State.RELEASED, 9_000)
    assert set((await counters(pool)).values()) == {(0, 0)}


async def test_another_partner_ends_no_reservation_of_ours(pool: asyncpg.Pool) -> None:
    cart = await shop(pool, a_deal())
    await claim(pool, Catalog(), cart, "pay_1")
    other = await open_place(pool, partner_no=8)
    async with pool.acquire() as conn:
        assert await reservations.commit(conn, partner_id=other.partner_id, payment_id="pay_1") == ()
        assert await reservations.of_payment(conn, partner_id=other.partner_id, payment_id="pay_1") == ()


@pytest.mark.parametrize(
    ("deal", "reason"),
    [
        (a_deal(budgets=Budgets(total_minor=3_999)), Reason.BUDGET_USED_UP),
        (a_deal(budgets=Budgets(total_minor=9_999, daily_minor=3_999)), Reason.DAILY_BUDGET_USED_UP),
        (a_deal(budgets=Budgets(total_minor=9_999, per_store_minor=3_999)), Reason.STORE_BUDGET_USED_UP),
        (a_deal(person_caps=PersonCaps(uses=1)), Reason.PERSON_CAP_REACHED),
        (a_deal(person_caps=PersonCaps(amount_minor=3_999)), Reason.PERSON_CAP_REACHED),
        (a_deal(person_caps=PersonCaps(uses_per_day=1)), Reason.PERSON_DAILY_CAP_REACHED),
        (a_deal(person_caps=PersonCaps(amount_per_day_minor=3_999)), Reason.PERSON_DAILY_CAP_REACHED),
    ],
)
async def test_the_second_discount_that_does_not_fit_is_refused_with_its_reason(
    pool: asyncpg.Pool, deal: Deal, reason: Reason
) -> None:
    cart, catalog = await shop(pool, deal), Catalog()
    assert (await claim(pool, catalog, cart, "pay_1")).applied
    refused = await claim(pool, catalog, cart, "pay_2")
    assert [one.reason for one in refused.looked_at] == [reason]
    assert await reserved_minor(pool) == 2_000


async def test_a_new_day_a_new_person_and_another_store_have_room_of_their_own(pool: asyncpg.Pool) -> None:
    catalog = Catalog()
    cart = await shop(
        pool,
        a_deal(
            budgets=Budgets(total_minor=100_000, daily_minor=4_000, per_store_minor=6_000),
            person_caps=PersonCaps(uses_per_day=1),
        ),
    )
    assert (await claim(pool, catalog, cart, "pay_1")).applied
    assert not (await claim(pool, catalog, cart, "pay_2")).applied
    assert (await claim(pool, catalog, cart, "pay_3", payer=a_payer(person_id="person-2"))).applied
    tomorrow = NOW + timedelta(days=1)
    assert (await claim(pool, catalog, cart, "pay_4", now=tomorrow)).applied
    third = a_payer(person_id="person-3")
    assert not (await claim(pool, catalog, cart, "pay_5", payer=third, now=tomorrow)).applied
    online = cart_of(cart, store_id=None)
    assert (await claim(pool, catalog, online, "pay_6", payer=third, now=tomorrow)).applied


async def test_where_the_best_is_used_up_the_next_best_is_reserved(pool: asyncpg.Pool) -> None:
    cart, catalog = (
        await shop(
            pool,
            a_deal(budgets=Budgets(total_minor=2_000), stacking=Stacking(group="a")),
            a_deal(terms=AmountOff(off_minor=1_500), stacking=Stacking(group="a")),
            a_deal(terms=PercentOff(off_basis_points=1_000)),
        ),
        Catalog(),
    )
    first = await claim(pool, catalog, cart, "pay_1")
    second = await claim(pool, catalog, cart, "pay_2")
    assert (first.discount_minor, second.discount_minor) == (2_000 + 1_080, 1_500 + 1_130)
    assert [one.reason for one in second.looked_at] == [Reason.BUDGET_USED_UP]


async def all_at_once(pool: asyncpg.Pool, carts: Sequence[Cart], *, one_person: bool = False) -> int:
    """200 payments try at once; answers how many got a discount."""
    catalog = Catalog()
    quotes = await asyncio.gather(
        *(
            claim(
                pool,
                catalog,
                carts[no % len(carts)],
                f"pay_{no:03}",
                payer=a_payer(person_id="person-1" if one_person else f"person-{no}"),
            )
            for no in range(200)
        )
    )
    return sum(1 for quote in quotes if quote.applied)


async def test_two_hundred_payments_on_the_last_yuan_overspend_nothing_and_leave_no_room_unused(
    pool: asyncpg.Pool,
) -> None:
    """Two offers at once, in either order of ids, so that a wrong lock order would deadlock here."""
    cart = await shop(
        pool,
        a_deal(terms=STEPS, budgets=Budgets(total_minor=33_500, daily_minor=90_000)),
        a_deal(terms=AmountOff(off_minor=300), budgets=Budgets(total_minor=10_000)),
    )
    await all_at_once(pool, [cart, cart_of(cart, order_minor=6_000)])
    left = await pool.fetch(
        "SELECT limit_minor - taken_minor AS rest FROM merchants.offer_counters WHERE scope = 'total'"
    )
    # 335.00 in parts of 20.00 and 10.00, and 100.00 in parts of 3.00: all but what nobody could use is given.
    assert sorted(row["rest"] for row in left) == [100, 500]
    assert await reserved_minor(pool) == (await counters(pool))["total"][0] == 33_000 + 9_900
    async with pool.acquire() as conn, conn.transaction():
        for no in range(200):
            await reservations.release(conn, partner_id=cart.partner_id, payment_id=f"pay_{no:03}")
    assert set((await counters(pool)).values()) == {(0, 0)}
    assert await reserved_minor(pool) == 0


@pytest.mark.parametrize(
    ("deal", "one_person", "winners"),
    [
        (a_deal(budgets=Budgets(total_minor=9_000_000, daily_minor=15_000)), False, 7),
        (a_deal(budgets=Budgets(total_minor=9_000_000, per_store_minor=15_000)), False, 7),
        (a_deal(person_caps=PersonCaps(uses=3)), True, 3),
        (a_deal(person_caps=PersonCaps(uses_per_day=1)), True, 1),
        (a_deal(person_caps=PersonCaps(amount_minor=5_000)), True, 2),
        (a_deal(terms=FirstPurchase(first_with="partner", gives=AmountOff(off_minor=2_000))), True, 1),
        (a_deal(terms=FirstPurchase(first_with="wallet", gives=AmountOff(off_minor=2_000))), True, 1),
    ],
)
async def test_every_bound_is_exact_under_two_hundred_payments(
    pool: asyncpg.Pool, *, deal: Deal, one_person: bool, winners: int
) -> None:
    cart = await shop(pool, deal)
    assert await all_at_once(pool, [cart], one_person=one_person) == winners
    assert await reserved_minor(pool) == winners * 2_000


async def test_a_payment_that_fails_after_reserving_leaves_nothing_behind(pool: asyncpg.Pool) -> None:
    cart = await shop(pool, a_deal())
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        catalog = Catalog()
        live = await catalog.live(conn, cart.partner_id)
        await reserving.reserve_best(
            conn,
            catalog=catalog,
            offers_version=live.version,
            payment_id="pay_1",
            cart=cart,
            payer=a_payer(),
            now=NOW,
        )
        await transaction.rollback()
    assert await counters(pool) == {}
    assert await reserved_minor(pool) == 0


async def test_refunds_give_funders_and_budgets_back_to_the_fen(pool: asyncpg.Pool) -> None:
    cart = await shop(pool, a_deal(person_caps=PersonCaps(uses=1)))
    await claim(pool, Catalog(), cart, "pay_1")
    partner = f"funder:{cart.partner_id}"
    owner: dict[str, Any] = {"partner_id": cart.partner_id, "payment_id": "pay_1"}
    async with pool.acquire() as conn, conn.transaction():
        await reservations.commit(conn, **owner)
        (part,) = await reservations.give_back(conn, **owner, funders={"bank:offers": 401, partner: 266})
        assert (part.returned_minor, part.shares_returned_minor) == (667, (401, 266))
    assert await counters(pool) == {"total": (1_333, 1), "person": (1_333, 1)}
    async with pool.acquire() as conn, conn.transaction():
        (whole,) = await reservations.give_back(conn, **owner, funders={"bank:offers": 799, partner: 534})
    assert (whole.returned_minor, whole.shares_returned_minor) == (2_000, (1_200, 800))
    assert set((await counters(pool)).values()) == {(0, 0)}


async def test_an_offer_may_keep_what_refunds_return(pool: asyncpg.Pool) -> None:
    cart = await shop(pool, a_deal(budgets=Budgets(total_minor=9_000, refund_returns=False)))
    await claim(pool, Catalog(), cart, "pay_1")
    owner: dict[str, Any] = {"partner_id": cart.partner_id, "payment_id": "pay_1"}
    async with pool.acquire() as conn, conn.transaction():
        await reservations.commit(conn, **owner)
        (whole,) = await reservations.give_back(
            conn, **owner, funders={"bank:offers": 1_200, f"funder:{cart.partner_id}": 800}
        )
    assert whole.returned_minor == 2_000
    assert await counters(pool) == {"total": (2_000, 1)}


async def test_what_one_funder_of_two_offers_gets_back_is_split_between_them(pool: asyncpg.Pool) -> None:
    cart = await shop(pool, a_deal(), a_deal(terms=AmountOff(off_minor=1_000)))
    await claim(pool, Catalog(), cart, "pay_1")
    partner = f"funder:{cart.partner_id}"
    owner: dict[str, Any] = {"partner_id": cart.partner_id, "payment_id": "pay_1"}
    async with pool.acquire() as conn, conn.transaction():
        await reservations.commit(conn, **owner)
        half = await reservations.give_back(conn, **owner, funders={"bank:offers": 901, partner: 599})
        assert [one.shares_returned_minor for one in half] == [(601, 399), (300, 200)]
        rest = await reservations.give_back(conn, **owner, funders={"bank:offers": 899, partner: 601})
        assert [one.returned_minor for one in rest] == [2_000, 1_000]
    assert await counters(pool) == {"total": (0, 0)}
