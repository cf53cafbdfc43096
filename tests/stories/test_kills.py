"""`kill -9` of everything that runs, at its worst moments. `tests/prove` has the long forms of these stories."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.processes import City, a_city, kept_postgres
from tests.prove import deliveries, faults, interrupted, kills, outage
from tests.prove.books import reckon
from tests.prove.shoppers import until_final
from tests.servers import make_template
from tests.town import FAST_DOUBT

# A twentieth of the defaults, as all times of doubt in the tests.
QUICK = {**FAST_DOUBT, "TRANSFER_LEASE_S": "2", "WEBHOOK_LEASE_S": "1.5"}
# A twentieth of 75 s, and as much again for a machine that is busy with other tests.
WITHIN_S = 75 / 20 * 2


@pytest.fixture
async def city(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with a_city(database_url, core_database_url, tmp_path, QUICK) as opened:
        yield opened
        assert not opened.defects()


async def test_a_payment_killed_after_accept_and_one_killed_before_conclude_both_end_and_are_told(
    city: City,
) -> None:
    accepted = await interrupted.after_accept(city, within_s=WITHIN_S)
    assert (accepted.state, accepted.charged_minor) in {("succeeded", 1_000), ("reversed", 0)}
    debited = await interrupted.before_conclude(city, within_s=WITHIN_S)
    assert (debited.state, debited.charged_minor) == ("succeeded", 1_000)


async def test_twelve_kills_of_gateway_worker_and_core_under_load_lose_nothing_and_debit_nobody_twice(
    city: City,
) -> None:
    reckoning, _, crowd = await kills.run(
        city, kills=12, tills=6, chance=random.Random(12), within_s=WITHIN_S
    )
    assert not reckoning.faults, reckoning.faults
    assert reckoning.duplicates == 0
    assert reckoning.payments >= 12
    assert any(errand.told == "succeeded" for errand in crowd.errands)


async def test_a_killed_database_is_told_truly_loses_nothing_and_comes_back_without_anybody_elses_restart(
    tmp_path: Path,
) -> None:
    with kept_postgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        async with a_city(postgres.url("gateway"), postgres.url("core"), tmp_path, QUICK) as city:
            crowd = await kills.crowd_of(city, random.Random(5))
            reckoning, refused, _ = await outage.run(
                city, postgres, crowd, outages=1, tills=6, within_s=WITHIN_S
            )
            assert not reckoning.faults, reckoning.faults
            assert set(refused) <= outage.HONEST, refused
            assert not city.defects(), city.defects()


async def test_of_two_hundred_payments_through_a_core_that_answers_badly_none_is_told_failed_and_was_debited(
    city: City,
) -> None:
    reckoning, crowd = await faults.run(city, orders=200, tills=12, chance=random.Random(200), scale=1 / 20)
    assert not reckoning.faults, reckoning.faults
    assert reckoning.duplicates == 0
    assert any(errand.cancel_accepted for errand in crowd.errands)


async def test_12_kills_of_worker_and_gateway_and_1_of_postgresql_deliver_every_event_and_few_of_them_twice(
    tmp_path: Path,
) -> None:
    with kept_postgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        async with a_city(postgres.url("gateway"), postgres.url("core"), tmp_path, QUICK) as city:
            delivered = await deliveries.run(
                city, postgres, kills=13, outages=1, shops=2, chance=random.Random(13), within_s=30.0
            )
            assert not delivered.faults, delivered.faults
            assert delivered.killed.total() == 13
            assert delivered.committed > 13
            assert delivered.duplicates <= delivered.lost_leases
            assert not city.defects(), city.defects()


async def test_a_stopped_gateway_and_worker_end_in_order_and_leave_no_lease_behind(city: City) -> None:
    shop = await city.town.supermarket()
    slow = await city.town.payer(10_000, behaviour="slow", seconds=0.3)
    lost = await city.town.payer(10_000, behaviour="late_success", seconds=30.0)
    codes = [await city.town.code(payer) for payer in (slow, lost)]
    asked = [await shop.ask(1_000, code=code, wait_s=0) for code in codes]
    assert [one.body["state"] for one in asked] == ["processing"] * 2
    assert set(await asyncio.gather(city.gateway.stop(), city.worker.stop())) == {0}
    rows = await city.town.pool.fetch("SELECT state, leased_until > now() AS held FROM gateway.transfers")
    assert not any(row["held"] for row in rows if row["state"] != "final")
    await city.start(city.gateway, city.worker)
    await until_final(city.town.pool, within_s=WITHIN_S)
    reckoning = await reckon(city.town.pool, city.core_database_url)
    assert not reckoning.faults, reckoning.faults


async def test_a_core_that_is_down_for_longer_than_patience_undoes_its_payments_when_it_is_back(
    city: City,
) -> None:
    shop, payer = await city.town.supermarket(), await city.town.payer(10_000)
    codes = [await city.town.code(payer) for _ in range(2)]
    await city.core.kill()
    asked = await shop.ask(1_000, code=codes[0], wait_s=0)
    path = f"/v1/payments/{asked.body['id']}"
    async with asyncio.timeout(WITHIN_S):
        while (await shop.till.get(path)).body["state"] == "processing":
            pass
    assert (await shop.till.get(path)).body["state"] == "reversing", "silence is no decline"
    await city.core.start()
    ended = await shop.till.get(f"{path}?wait_s=20")
    assert ended.body["state"] == "reversed", ended.body
    assert await city.town.balance(f"payer:{payer.id}") == 10_000
    paid = await shop.ask(1_000, code=codes[1])
    assert paid.body["state"] == "succeeded", "and it is asked again at once"
