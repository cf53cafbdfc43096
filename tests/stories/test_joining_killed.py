"""`kill -9` between the two credits that verify an account: each goes out exactly once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.joiners import an_office
from tests.processes import City, a_city
from tests.town import FAST_DOUBT

_PATIENCE_S = 60.0


@pytest.fixture
async def city(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with a_city(
        database_url, core_database_url, tmp_path, {**FAST_DOUBT, "TRANSFER_LEASE_S": "2"}
    ) as opened:
        yield opened


async def test_killed_between_the_two_credits_each_of_them_arrives_once_and_the_account_is_verified(
    city: City,
) -> None:
    async with asyncio.timeout(_PATIENCE_S), an_office(city.town) as office:
        joiner = await office.joiner()
        # Nothing goes out while the core is away, so the row is ours before an answer can be written.
        await city.core.kill()
        await office.approved(joiner)
        async with city.town.pool.acquire() as conn, conn.transaction():
            await conn.execute(
                "SELECT FROM merchants.applications WHERE id = $1 FOR UPDATE", joiner.applicant.application_id
            )
            await city.core.start()
            while len(await office.credits_to(joiner)) < 1:
                pass
            await asyncio.gather(city.gateway.kill(), city.worker.kill())
            assert len(await office.credits_to(joiner)) == 1, "the second waits for the first to be written"
        await city.start(city.gateway, city.worker)
        assert await office.settled(joiner) == "sent"
        credits_ = await office.credits_to(joiner)
        assert len(credits_) == 2
        answered = await joiner.applicant.name_sum(sum(credits_))
        assert answered.state == "verified"
        assert (await joiner.applicant.application()).status == "to_be_signed"
