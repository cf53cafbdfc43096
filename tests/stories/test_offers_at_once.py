"""Scarce offers under a crowd, killed processes among it. `make prove ONLY=offers` has the long form."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.processes import City, a_city
from tests.prove import offer_sums, offers
from tests.town import PATIENT_DOUBT

WITHIN_S = 30.0
# Nothing is given up in doubt, but what a killed process left is looked after soon.
QUICK = {
    "DAILY_LIMITS": "",
    "QUERY_AFTER_S": "0.5",
    "QUERY_EVERY_S": "0.25",
    "WALLET_CORE_TIMEOUT_S": "2",
    "TRANSFER_LEASE_S": "7",
    "WORKER_POLL_S": "0.05",
    "WEBHOOK_LEASE_S": "2",
}


@pytest.fixture
async def city(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    settings = {**PATIENT_DOUBT, **QUICK}
    async with a_city(database_url, core_database_url, tmp_path, settings) as opened:
        yield opened
        assert not opened.defects()


async def test_40_payments_at_once_on_the_last_yuan_of_each_bound_take_all_that_fits_and_not_a_fen_more(
    city: City,
) -> None:
    for scarcity in offers.scarcities():
        storm = await offers.run(city, scarcity, payments=40, kills=(), within_s=WITHIN_S)
        assert not storm.faults, storm.faults
        assert (storm.overspent_minor, storm.leaked) == (0, 0)


async def test_40_payments_at_once_on_a_budgets_last_yuan_while_worker_and_gateway_are_killed_leak_nothing(
    city: City,
) -> None:
    storm = await offers.run(
        city, offers.scarcities()[0], payments=40, kills=(city.worker, city.gateway), within_s=WITHIN_S
    )
    assert not storm.faults, storm.faults


async def test_of_60_payments_under_all_eight_kinds_with_refunds_events_figures_and_ledger_agree_to_the_fen(
    city: City,
) -> None:
    sums = await offer_sums.run(city, payments=60, chance=random.Random(60), within_s=WITHIN_S)
    assert not sums.faults, sums.faults
    assert sums.refunds > 0
    assert sums.cancels > 0
