"""Names that hang cost the tenant whose names they are, and nobody else."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from webhooks.look_ups import TENANT, THREADS, THREADS_OF_ONE, LookUps


class NameServers:
    """Answers at once, but for names below `hangs`, which wait until they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = 0

    def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        if host.endswith(".hangs"):
            self.let_go.wait()
        return ["1.1.1.1"]


@pytest.fixture
async def servers() -> AsyncIterator[NameServers]:
    made = NameServers()
    yield made
    made.let_go.set()


async def found(look_ups: LookUps, tenant: str, host: str) -> Sequence[str]:
    TENANT.set(tenant)
    return await look_ups.find(host)


def asked(look_ups: LookUps, tenant: str, host: str) -> "asyncio.Task[Sequence[str]]":
    return asyncio.create_task(found(look_ups, tenant, host))


async def until_asked(servers: NameServers, times: int) -> None:
    async with asyncio.timeout(30):
        while servers.asked < times:  # noqa: ASYNC110 - threads' doing
            await asyncio.sleep(0)


async def test_a_tenant_with_as_many_hanging_names_as_there_are_threads_leaves_them_to_the_others(
    servers: NameServers,
) -> None:
    look_ups = LookUps(servers)
    hanging = [asked(look_ups, "mer_1", f"{n}.hangs") for n in range(2 * THREADS)]
    await until_asked(servers, THREADS_OF_ONE)
    assert await found(look_ups, "mer_2", "shop.example") == ["1.1.1.1"]
    assert servers.asked == THREADS_OF_ONE + 1
    servers.let_go.set()
    assert await asyncio.gather(*hanging) == [["1.1.1.1"]] * len(hanging), "each had its turn"
    look_ups.close()


async def test_who_gave_up_does_not_free_the_thread_that_still_hangs(servers: NameServers) -> None:
    look_ups = LookUps(servers, turn_within_s=0.05)
    hanging = [asked(look_ups, "mer_1", f"{n}.hangs") for n in range(THREADS_OF_ONE)]
    await until_asked(servers, THREADS_OF_ONE)
    for one in hanging:
        one.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    with pytest.raises(TimeoutError):
        await found(look_ups, "mer_1", "another.example")
    servers.let_go.set()
    async with asyncio.timeout(30):
        while True:
            try:
                assert await found(look_ups, "mer_1", "another.example") == ["1.1.1.1"]
            except TimeoutError:
                continue
            break
    look_ups.close()


async def test_tenants_that_look_nothing_up_are_forgotten(servers: NameServers) -> None:
    look_ups = LookUps(servers)
    for number in range(50):
        await found(look_ups, f"mer_{number}", "shop.example")
    async with asyncio.timeout(30):
        while len(look_ups) > 1:  # noqa: ASYNC110 - threads' doing
            await asyncio.sleep(0)
    look_ups.close()
