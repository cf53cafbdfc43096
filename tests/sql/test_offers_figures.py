from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from merchants.offers import figures, reservations, rights
from merchants.offers.catalog import Catalog
from merchants.offers.errors import OfferNotFound
from merchants.offers.figures import FunderPart, StorePart
from merchants.offers.offer import Budgets
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import NOW, agreed, claim
from tests.places import open_place

PAYMENTS = ("pay_1", "pay_2", "pay_3", "pay_4", "pay_5")


async def test_figures_are_what_the_money_did(pool: asyncpg.Pool) -> None:
    place = await open_place(pool)
    budgets = Budgets(total_minor=20_000, daily_minor=12_000)
    async with pool.acquire() as conn, conn.transaction():
        offer = (await agreed(conn, place.partner_id, a_deal(budgets=budgets))).offer
    catalog, cart = (
        Catalog(),
        a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id),
    )
    people = ("person-1", "person-1", "person-2", "person-3", "x")
    for payment_id, person_id in zip(PAYMENTS, people, strict=True):
        assert (await claim(pool, catalog, cart, payment_id, payer=a_payer(person_id=person_id))).applied
    async with pool.acquire() as conn, conn.transaction():
        owner: dict[str, Any] = {"partner_id": place.partner_id}
        for payment_id in PAYMENTS[:3]:
            await reservations.commit(conn, **owner, payment_id=payment_id)
        await reservations.release(conn, **owner, payment_id="pay_4")
        back = {"bank:offers": 600, f"funder:{place.partner_id}": 400}
        await reservations.give_back(conn, **owner, payment_id="pay_3", funders=back)
        found = await figures.of_offer(conn, **owner, offer_id=offer.id, now=NOW)

    assert (found.payments, found.payers, found.average_order_minor) == (3, 2, 12_800)
    assert (found.discount_minor, found.returned_minor) == (6_000, 1_000)
    assert (found.reserved_payments, found.reserved_minor) == (1, 2_000)
    assert (found.budget_left_minor, found.day_left_minor) == (20_000 - 7_000, 12_000 - 7_000)
    assert found.funders == (
        FunderPart(account="bank:offers", paid_minor=3_600, returned_minor=600),
        FunderPart(account=f"funder:{place.partner_id}", paid_minor=2_400, returned_minor=400),
    )
    part: dict[str, Any] = {
        "payments": 3, "payers": 2, "new_payers": 0, "order_minor": 38_400, "discount_minor": 6_000,
        "returned_minor": 1_000,
    }  # fmt: skip
    assert found.stores == (StorePart(store_id=place.store_id, **part),)
    assert sum(hour.payments for hour in found.hours) == 3
    assert all(hour.hour <= datetime.now(UTC) for hour in found.hours)


async def test_figures_have_a_row_a_day_of_shanghai_and_store_and_each_stores_own_days(
    pool: asyncpg.Pool,
) -> None:
    place = await open_place(pool)
    async with pool.acquire() as conn, conn.transaction():
        offer = (await agreed(conn, place.partner_id, a_deal())).offer
    owner: dict[str, Any] = {"partner_id": place.partner_id}
    catalog = Catalog()
    # 23:59 on the 10th and 00:01 on the 11th, in Shanghai; the third online.
    paid: dict[str, tuple[str | None, datetime]] = {
        "pay_1": (place.store_id, datetime(2026, 11, 10, 15, 59, tzinfo=UTC)),
        "pay_2": (place.store_id, datetime(2026, 11, 10, 16, 1, tzinfo=UTC)),
        "pay_3": (None, datetime(2026, 11, 10, 16, 1, tzinfo=UTC)),
    }
    for payment_id, (store_id, at) in paid.items():
        cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=store_id)
        assert (await claim(pool, catalog, cart, payment_id)).applied
        async with pool.acquire() as conn, conn.transaction():
            await reservations.commit(conn, **owner, payment_id=payment_id)
            await rights.meet(conn, [(place.partner_id, a_payer().person, payment_id)])
            await conn.execute(
                "UPDATE merchants.offer_reservations SET settled_at = $2 WHERE payment_id = $1",
                payment_id,
                at,
            )
    async with pool.acquire() as conn:
        whole = await figures.of_offer(conn, **owner, offer_id=offer.id, now=NOW)
        one = await figures.of_offer(conn, **owner, offer_id=offer.id, now=NOW, store_id=place.store_id)

    assert [(day.day.isoformat(), day.payments, day.new_payers) for day in whole.days] == [
        ("2026-11-10", 1, 1),
        ("2026-11-11", 2, 0),
    ]
    assert {(store.store_id, store.payments, store.payers) for store in whole.stores} == {
        (place.store_id, 2, 1),
        (None, 1, 1),
    }
    assert [day.payments for day in one.days] == [1, 1]
    assert (one.payments, one.budget_left_minor) == (2, whole.budget_left_minor)


async def test_an_offer_nobody_used_yet_has_its_whole_budget(pool: asyncpg.Pool) -> None:
    place, stranger = await open_place(pool), await open_place(pool, partner_no=8)
    async with pool.acquire() as conn, conn.transaction():
        offer = (await agreed(conn, place.partner_id, a_deal(budgets=Budgets(total_minor=5_000)))).offer
        found = await figures.of_offer(conn, partner_id=place.partner_id, offer_id=offer.id, now=NOW)
        assert (found.payments, found.average_order_minor, found.stores) == (0, None, ())
        assert (found.budget_left_minor, found.day_left_minor) == (5_000, None)
        with pytest.raises(OfferNotFound):
            await figures.of_offer(conn, partner_id=stranger.partner_id, offer_id=offer.id, now=NOW)
