"""Tills that wait: bounded, cheap, told at once, and gone when they hang up. `tests/prove` has 5,000 of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from gateway import app
from gateway.door.listeners import Address, listening
from gateway.door.operation import Listener
from tests.town import Person, Supermarket, Town, a_town

SMALL_POOL: dict[str, Any] = {"DATABASE_POOL_SIZE": "3", "LONG_POLLS": "200", "LONG_POLLS_PER_CALLER": "100"}


@pytest.fixture
async def small_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url, core_database_url, **SMALL_POOL) as opened:
        yield opened


async def until_waiting(replica: app.Replica, number: int) -> None:
    async with asyncio.timeout(60):
        while replica.parts.hub.waiting != number:  # noqa: ASYNC110 - in the same process
            await asyncio.sleep(0)


async def offices(town: Town, shop: Supermarket, number: int) -> list[Person]:
    owner: Any = {"partner_id": shop.merchant.partner_id, "merchant_id": shop.merchant.id}
    return [await town.person(kind="partner", **owner) for _ in range(number)]


async def test_a_hundred_tills_wait_on_two_replicas_with_three_connections_each_and_all_are_told(
    small_town: Town,
) -> None:
    town = small_town
    free = {one: Address("127.0.0.1", 0) for one in (Listener.PUBLIC, Listener.OPERATORS)}
    shop = await town.supermarket()
    async with (
        app.build(town.settings) as second,
        listening(second.door, free, stop_within_s=5.0) as bound,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        urls = (town.public, f"http://127.0.0.1:{bound[Listener.PUBLIC].port}")
        tills = [
            Person(http=http, url=url, token=one.token)
            for one in await offices(town, shop, 2)
            for url in urls
        ]
        asked = await asyncio.gather(*(shop.ask(100) for _ in range(100)))
        payments = [one.body["id"] for one in asked]
        waits = [
            asyncio.create_task(tills[at % 4].get(f"/v1/payments/{one}?wait_s=30"))
            for at, one in enumerate(payments)
        ]
        await asyncio.gather(until_waiting(town.replica, 50), until_waiting(second, 50))
        held = await town.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway'"
        )
        assert held <= 6, "two pools of three"
        ended = await asyncio.gather(*(shop.till.post(f"/v1/payments/{one}/cancel", {}) for one in payments))
        assert {one.status for one in ended} == {200}
        async with asyncio.timeout(20):  # before their own waits would end
            told = await asyncio.gather(*waits)
        assert {(one.status, one.body["state"]) for one in told} == {(200, "canceled")}


async def test_waits_have_a_bound_for_each_caller_and_in_all_and_end_when_the_caller_hangs_up(
    small_town: Town,
) -> None:
    town = small_town
    shop = await town.supermarket()
    path = f"/v1/payments/{(await shop.ask(100)).body['id']}"
    hub = town.replica.parts.hub
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        first, second, third = [
            Person(http=http, url=town.public, token=one.token) for one in await offices(town, shop, 3)
        ]
        waits = [
            asyncio.create_task(one.get(f"{path}?wait_s=30")) for one in (first, second) for _ in range(100)
        ]
        await until_waiting(town.replica, 200)
        refused = await first.get(f"{path}?wait_s=30")
        assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (
            429, "too_many_waits", "5",
        )  # fmt: skip
        refused = await third.get(f"{path}?wait_s=30")
        assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (
            503, "waiting_room_full", "2",
        )  # fmt: skip
        assert (await first.get(path)).status == 200, "who does not wait needs no seat"
        paid = await shop.ask(100, code=await town.code(await town.payer()), wait_s=10)
        assert paid.body["state"] == "succeeded", "nobody's payment is refused because others wait"
        assert hub.waiting == 200
    for one in waits:
        one.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    await until_waiting(town.replica, 0)
    assert (await shop.office.get(f"{path}?wait_s=0")).status == 200
