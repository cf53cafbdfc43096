"""The books' database: made where it is missing, brought up to date at every start."""

import contextlib
import hashlib
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import tenacity

STATEMENTS: Final = Path(__file__).parent / "schema"
# Any constant of ours: cores that start together bring the schema up to date one after the other.
_LOCK: Final = 0x6C65_6467
START_TIMEOUT_S: Final = 60.0
# PostgreSQL's own limit, and a little later ours, should PostgreSQL be out of reach.
STATEMENT_TIMEOUT_S: Final = 10

_NOT_YET = (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, TimeoutError)


async def open_books(url: str, *, size: int = 8) -> asyncpg.Pool:
    """A pool on the books, waiting for a database server that is still starting.

    Args:
        url: of the core's own database, which need not exist yet.
        size: the most connections; one writes, the others read.
    """
    waiting = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_delay(START_TIMEOUT_S),
        wait=tenacity.wait_exponential_jitter(multiplier=0.1, max=2.0),
        retry=tenacity.retry_if_exception_type(_NOT_YET),
        reraise=True,
    )
    await waiting(_prepare, url)
    return await asyncpg.create_pool(
        url,
        min_size=min(2, size),
        max_size=size,
        command_timeout=STATEMENT_TIMEOUT_S + 1,
        # No session is ever changed, so that none need be reset: that would be a round trip for each call.
        reset=_leave_as_it_is,
        server_settings={
            "application_name": "reference-core",
            "search_path": "pg_catalog",
            "statement_timeout": str(STATEMENT_TIMEOUT_S * 1000),
            # The calls are always the same: planning them anew costs more than they do.
            "plan_cache_mode": "force_generic_plan",
            "jit": "off",
            "timezone": "UTC",
        },
    )


async def _prepare(url: str) -> None:
    conn = await _connected(url)
    try:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await _bring_up_to_date(conn)
    finally:
        await conn.close()


async def _bring_up_to_date(conn: asyncpg.Connection) -> None:
    """Applies the schema unless this very one stands: a core that joins others must not lock their tables."""
    schema = "\n".join(file.read_text() for file in sorted(STATEMENTS.glob("*.sql")))
    version = hashlib.sha256(schema.encode()).hexdigest()
    if await conn.fetchval("SELECT obj_description(to_regnamespace('ledger'), 'pg_namespace')") != version:
        await conn.execute(f"{schema}\nCOMMENT ON SCHEMA ledger IS '{version}'")


async def _connected(url: str) -> asyncpg.Connection:
    """A connection to the core's database, which is made first if there is none."""
    options = {"search_path": "pg_catalog"}
    try:
        return await asyncpg.connect(url, server_settings=options)
    except asyncpg.InvalidCatalogNameError:
        parts = urlsplit(url)
        maker = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
        try:
            # Another core may be making it at this moment.
            with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await maker.execute(f'CREATE DATABASE "{parts.path.removeprefix("/")}"')
        finally:
            await maker.close()
        return await asyncpg.connect(url, server_settings=options)


async def _leave_as_it_is(_conn: asyncpg.Connection) -> None:
    """Called by the pool whenever a connection comes back."""
