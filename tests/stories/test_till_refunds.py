"""A till gives a little back by itself; above that a supervisor does it from the office."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.town import Answered, Person, Town, a_town, cny


@pytest.fixture
async def town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """One where tills give back 2.00 at a time and 5.00 a day."""
    async with a_town(database_url, core_database_url, TILL_REFUND_LIMITS="CNY=200/500") as opened:
        yield opened


async def _give_back(who: Person, payment: dict[str, Any], number: str, minor: int) -> Answered:
    refund = {"merchant_refund_no": number, "amount": cny(minor)}
    return await who.post(f"/v1/payments/{payment['id']}/refunds", refund)


async def test_above_a_tills_limit_a_supervisor_is_required_and_may(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    paid = (await shop.ask(3_000, code=await town.code(payer))).body
    refused = await _give_back(shop.till, paid, "R-1", 201)
    assert (refused.status, refused.body["code"]) == (403, "supervisor_required")
    assert (refused.body["per_refund_minor"], refused.body["per_day_minor"]) == (200, 500)
    assert await town.balance(f"payer:{payer.id}") == 7_000
    by_supervisor = await _give_back(shop.office, paid, "R-1", 201)
    assert (by_supervisor.status, by_supervisor.body["state"]) == (201, "succeeded")
    by_till = await _give_back(shop.till, paid, "R-2", 200)
    assert (by_till.status, by_till.body["state"]) == (201, "succeeded")
    again = await _give_back(shop.till, paid, "R-2", 200)
    assert again.body["id"] == by_till.body["id"]
    assert await town.balance(f"payer:{payer.id}") == 7_401


async def test_a_tills_day_holds_against_many_refunds_at_once_and_is_each_tills_own(town: Town) -> None:
    shop, other = await town.supermarket(), await town.supermarket()
    payer = await town.payer(10_000)
    paid = (await shop.ask(5_000, code=await town.code(payer))).body
    answers = await asyncio.gather(*(_give_back(shop.till, paid, f"R-{n}", 100) for n in range(12)))
    assert sorted(one.status for one in answers) == [201] * 5 + [403] * 7
    assert await town.balance(f"payer:{payer.id}") == 5_500
    elsewhere = (await other.ask(1_000, code=await town.code(payer))).body
    assert (await _give_back(other.till, elsewhere, "R-1", 200)).status == 201
    foreign = await _give_back(other.till, paid, "R-99", 1)
    assert (foreign.status, foreign.body["code"]) == (404, "payment_not_found")


async def test_a_refund_that_failed_and_is_tried_again_counts_once_in_its_tills_day(
    database_url: str, core_database_url: str
) -> None:
    limits = "CNY=200/500"
    async with a_town(database_url, core_database_url, works=False, TILL_REFUND_LIMITS=limits) as town:
        shop, payer = await town.supermarket(), await town.payer(10_000)
        paid = (await shop.ask(3_000, code=await town.code(payer))).body
        done = (await _give_back(shop.till, paid, "R-1", 200)).body
        await _as_if_it_had_failed(town, paid["id"], done["id"])
        again = await asyncio.gather(*(_give_back(shop.till, paid, "R-1", 200) for _ in range(2)))
        assert {(one.body["id"], one.status in {201, 202}) for one in again} == {(done["id"], True)}
        assert await town.pool.fetchval("SELECT taken_minor FROM gateway.till_refund_days") == 200
        assert (await _give_back(shop.till, paid, "R-2", 200)).status == 201
        assert (await _give_back(shop.till, paid, "R-3", 101)).status == 403
        assert (await _give_back(shop.till, paid, "R-3", 100)).status == 201


async def _as_if_it_had_failed(town: Town, payment_id: str, refund_id: str) -> None:
    """A refund that the core turned down claims nothing of its payment."""
    await town.pool.execute("UPDATE gateway.refunds SET state = 'failed' WHERE id = $1", refund_id)
    await town.pool.execute(
        """UPDATE gateway.payments SET refunded_order_minor = 0, refunded_paid_minor = 0, refunded_legs = '{}'
            WHERE id = $1""",
        payment_id,
    )
