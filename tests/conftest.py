import asyncio
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.pool import open_pool
from tests.servers import FAST, TEMPLATE, empty, execute, make_template
from tests.town import PATIENT_DOUBT, Town, a_town

# The process that started the server owns it; xdist's workers inherit its address.
_ADDRESS = "TESTS_POSTGRES"


def pytest_configure(config: pytest.Config) -> None:
    if _ADDRESS in os.environ or config.option.collectonly:
        return
    postgres = EmbeddedPostgres(settings=FAST)
    postgres.start()
    config.add_cleanup(postgres.stop)
    make_template(postgres)
    os.environ[_ADDRESS] = postgres.url("")


@pytest.fixture(scope="session")
def server_url() -> str:
    """The PostgreSQL server of this test run; append a database's name."""
    return os.environ[_ADDRESS]


@pytest.fixture(scope="session")
def _worker_database(server_url: str, worker_id: str) -> str:
    name = f"gateway_{worker_id}"
    asyncio.run(
        execute(
            server_url + "postgres",
            f"DROP DATABASE IF EXISTS {name}",
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}",
        )
    )
    return server_url + name


@pytest.fixture
async def database_url(_worker_database: str) -> str:
    """A migrated database of this worker's own, empty at the start of each test."""
    pool = await open_pool(_worker_database, size=1)
    try:
        await empty(pool)
    finally:
        await pool.close()
    return _worker_database


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database_url, size=20)
    yield opened
    await opened.close()


@pytest.fixture
async def core_database_url(server_url: str, worker_id: str) -> str:
    """The reference core's own database; made by the core, emptied between tests."""
    url = f"{server_url}core_{worker_id}"
    try:
        opened = await asyncpg.create_pool(url, min_size=1, max_size=1)
    except asyncpg.InvalidCatalogNameError:
        return url
    await empty(opened)
    await opened.close()
    return url


@pytest.fixture
async def town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url, core_database_url) as opened:
        yield opened


@pytest.fixture
async def crowded_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """For stories in which many do something at once."""
    async with a_town(database_url, core_database_url, **PATIENT_DOUBT) as opened:
        yield opened
