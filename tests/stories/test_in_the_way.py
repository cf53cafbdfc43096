"""Orders in the way of those that would be accepted with them: a budget nearly empty, a till that was revoked."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from gateway.payments.accept_together import accept_together
from gateway.payments.accepted import Accepted, Ask
from gateway.payments.orders import Order
from merchants.access import clients
from merchants.ids import new_id
from merchants.money import Money
from merchants.offers.offer import Budgets
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.town import Supermarket, Town, a_town

# 20.00 off 128.00; there is enough for five and a half.
_ORDER_MINOR, _OFF_MINOR, _BUDGET_MINOR = 12_800, 2_000, 11_000


@pytest.fixture
async def still_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """Where nobody sends what was accepted."""
    async with a_town(database_url, core_database_url, works=False) as opened:
        yield opened


async def _with_budget(town: Town, total_minor: int) -> Supermarket:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.merchant.partner_id, a_deal(budgets=Budgets(total_minor=total_minor)))
    return shop


async def _asked(town: Town, shop: Supermarket) -> Ask:
    """What the door makes of a till's request."""
    merchant, place = shop.merchant, shop.place
    [client] = await town.pool.fetch(
        """SELECT c.client_id, k.key_id FROM merchants.clients c JOIN merchants.client_keys k USING (client_id)
            WHERE c.terminal_id = $1""",
        place.terminal.id,
    )
    number = uuid.uuid4().hex
    order = Order(
        payment_id=new_id("pay", merchant.partner_no),
        partner_id=merchant.partner_id,
        client_id=client["client_id"],
        merchant_id=merchant.id,
        store_id=place.store.id,
        terminal_id=place.terminal.id,
        merchant_order_no=number,
        amount=Money(_ORDER_MINOR, "CNY"),
        code=await town.code(await town.payer()),
        description=None,
        expires_in_s=300,
    )
    return Ask(
        order=order,
        key_tenant=place.terminal.id,
        key_operation="create_payment",
        key=number,
        fingerprint=bytes(32),
        key_id=client["key_id"],
        proof=None,
        now=datetime.now(UTC),
    )


async def test_who_wants_more_than_is_left_goes_alone_and_neighbours_together(still_town: Town) -> None:
    short, plenty = await _with_budget(still_town, _BUDGET_MINOR), await _with_budget(still_town, 10**8)
    asks = [await _asked(still_town, shop) for _ in range(6) for shop in (short, plenty)]
    accepted = await accept_together(still_town.replica.parts.payments, asks)
    assert accepted[0::2] == [None] * 6
    stored = [one.payment.id for one in accepted[1::2] if isinstance(one, Accepted)]
    assert stored == [ask.order.payment_id for ask in asks[1::2]]
    rows = await still_town.pool.fetch("SELECT id, created_at, discount_minor FROM gateway.payments")
    assert {row["id"] for row in rows} == set(stored), "of those that go alone nothing is stored"
    assert len({row["created_at"] for row in rows}) == 1, "the neighbours went in one transaction"
    assert {row["discount_minor"] for row in rows} == {_OFF_MINOR}
    assert await _taken(still_town) == {
        short.merchant.partner_id: 0,
        plenty.merchant.partner_id: 6 * _OFF_MINOR,
    }


async def test_a_till_that_was_revoked_on_the_way_is_refused_and_its_neighbours_are_accepted(
    still_town: Town,
) -> None:
    shops = [await still_town.supermarket() for _ in range(3)]
    asks = [await _asked(still_town, shop) for shop in shops]
    async with still_town.pool.acquire() as conn, conn.transaction():
        await clients.revoke(conn, asks[1].order.client_id, actor="opr_1", reason="stolen")
    accepted = await accept_together(still_town.replica.parts.payments, asks)
    assert [one is not None for one in accepted] == [True, False, True]
    code = asks[1].order.code
    refused = await shops[1].ask(_ORDER_MINOR, code=code)
    assert (refused.status, refused.body["code"]) == (401, "client_revoked")
    assert (await shops[1].office.get("/v1/payments")).body["items"] == []
    # The customer's code was spent neither by the group nor by the refusal.
    assert (await shops[0].ask(_ORDER_MINOR, code=code)).body["state"] == "succeeded"


async def test_a_crowd_spends_a_budget_to_its_last_discount_and_nobody_is_refused(crowded_town: Town) -> None:
    short, plenty = await _with_budget(crowded_town, _BUDGET_MINOR), await _with_budget(crowded_town, 10**8)
    codes = [await crowded_town.code(await crowded_town.payer()) for _ in range(24)]
    answers = await asyncio.gather(
        *(
            shop.ask(_ORDER_MINOR, code=code, wait_s=20)
            for code, shop in zip(codes, (short, plenty) * 12, strict=True)
        )
    )
    assert {(one.status, one.body["state"]) for one in answers} == {(201, "succeeded")}
    discounts = [one.body["discount"]["amount_minor"] for one in answers]
    assert sorted(discounts[0::2]) == [0] * 7 + [_OFF_MINOR] * 5
    assert discounts[1::2] == [_OFF_MINOR] * 12
    assert await _taken(crowded_town) == {
        short.merchant.partner_id: 5 * _OFF_MINOR,
        plenty.merchant.partner_id: 12 * _OFF_MINOR,
    }


async def _taken(town: Town) -> dict[str, int]:
    rows = await town.pool.fetch(
        """SELECT o.partner_id, COALESCE(sum(c.taken_minor), 0)::bigint AS minor
             FROM merchants.offers o LEFT JOIN merchants.offer_counters c
               ON c.partner_id = o.partner_id AND c.offer_id = o.id AND c.scope = 'total'
            GROUP BY o.partner_id"""
    )
    return {row["partner_id"]: row["minor"] for row in rows}
