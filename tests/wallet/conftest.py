import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.cores import Cast, SandboxCore, sandbox_core
from tests.servers import execute


@pytest.fixture(scope="session")
def core_database_url(server_url: str, worker_id: str) -> str:
    """The core's own database, which the core itself makes; tests share it, each with accounts of its own."""
    name = f"core_{worker_id}"
    asyncio.run(execute(server_url + "postgres", f"DROP DATABASE IF EXISTS {name}"))
    return server_url + name


@pytest.fixture
async def sandbox(core_database_url: str) -> AsyncIterator[SandboxCore]:
    async with sandbox_core(core_database_url) as served:
        yield served


@pytest.fixture
def cast() -> Cast:
    return Cast()
