from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from merchants.offers import figures, reservations
from merchants.offers.catalog import Catalog
from merchants.offers.errors import OfferNotFound
from merchants.offers.figures import FunderPart, StorePart
from merchants.offers.offer import Budgets
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import NOW, agreed, claim
from tests.places import open_place


async def test_figures_are_what_the_money_did(pool: asyncpg.Pool) -> None:
    place = await open_place(pool)
    budgets = Budgets(total_minor=20_000, daily_minor=12_000)
    async with pool.acquire() as conn, conn.transaction():
        offer = (await agreed(conn, place.partner_id, a_deal(budgets=budgets))).offer
    catalog, cart = (
        Catalog(),
        a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id),
    )
    people = {
        "pay_1": "person-1",
        "pay_2": "person-1",
        "pay_3": "person-2",
        "pay_4": "person-3",
        "pay_5": "x",
    }
    for payment_id, person_id in people.items():
        assert (await claim(pool, catalog, cart, payment_id, payer=a_payer(person_id=person_id))).applied
    async with pool.acquire() as conn, conn.transaction():
        owner: dict[str, Any] = {"partner_id": place.partner_id}
        for payment_id in ("pay_1", "pay_2", "pay_3"):
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
    assert found.stores == (
        StorePart(store_id=place.store_id, payments=3, order_minor=38_400, discount_minor=6_000),
    )
    assert sum(hour.payments for hour in found.hours) == 3
    assert all(hour.hour <= datetime.now(UTC) for hour in found.hours)


async def test_an_offer_nobody_used_yet_has_its_whole_budget(pool: asyncpg.Pool) -> None:
    place, stranger = await open_place(pool), await open_place(pool, partner_no=8)
    async with pool.acquire() as conn, conn.transaction():
        offer = (await agreed(conn, place.partner_id, a_deal(budgets=Budgets(total_minor=5_000)))).offer
        found = await figures.of_offer(conn, partner_id=place.partner_id, offer_id=offer.id, now=NOW)
        assert (found.payments, found.average_order_minor, found.stores) == (0, None, ())
        assert (found.budget_left_minor, found.day_left_minor) == (5_000, None)
        with pytest.raises(OfferNotFound):
            await figures.of_offer(conn, partner_id=stranger.partner_id, offer_id=offer.id, now=NOW)
