"""Connection pools whose every wait has an end."""

import asyncio
import math
from typing import Any

import asyncpg
import structlog
import tenacity

from gateway.storage.connection import Connection
from gateway.storage.errors import DatabaseUnreachable

# A till waits 10 s at most for its answer; a statement that takes half of that is lost anyway.
STATEMENT_TIMEOUT_S = 5.0
# Whoever gets no connection in this time had better say so: longer than a till waits by default, and nobody waits for
# ever behind a database that hangs.
ACQUIRE_TIMEOUT_S = 15.0
# A transaction may sit idle this long; then its process hangs, and PostgreSQL frees its locks.
IDLE_IN_TRANSACTION_TIMEOUT_S = 10.0
# How long start-up waits for a database that is still starting.
START_TIMEOUT_S = 60.0

# Whoever watches a start sees in this time that it has not hung.
_SAID_EVERY_S = 5.0

_NOT_YET = (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, TimeoutError)


log = structlog.get_logger()


class BoundedPool(asyncpg.Pool):
    """A pool that nobody queues at without end: `acquire` raises `TimeoutError`, and so does what acquires.

    asyncpg's own time-out for it is `wait_for`, which can swallow a cancellation, and has to be given at each call.
    """

    __slots__ = ("acquire_timeout_s",)
    acquire_timeout_s: float

    async def _acquire(self, timeout: float | None) -> Any:  # noqa: ASYNC109 - asyncpg's signature
        async with asyncio.timeout(self.acquire_timeout_s):
            return await super()._acquire(timeout)  # type: ignore[misc] # the stubs leave it out


async def open_pool(
    url: str,
    *,
    size: int,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    start_timeout_s: float = START_TIMEOUT_S,
    acquire_timeout_s: float = ACQUIRE_TIMEOUT_S,
    statement_cache_size: int = 1024,
    application_name: str = "gateway",
) -> asyncpg.Pool:
    """Open a pool, waiting for a database that is still starting.

    Args:
        url: a libpq URL; several hosts with `target_session_attrs` work.
        size: the most connections; all are opened lazily but two.
        statement_timeout_s: PostgreSQL's own limit on each statement.
        start_timeout_s: how long to wait for the first connection.
        acquire_timeout_s: how long to wait for a connection that is free.
        statement_cache_size: prepared statements a connection keeps; 0 behind a PgBouncer that keeps none.
        application_name: what `pg_stat_activity` shows.

    Raises:
        DatabaseUnreachable: no connection within `start_timeout_s`.
    """
    async for attempt in tenacity.AsyncRetrying(
        stop=tenacity.stop_after_delay(start_timeout_s),
        wait=tenacity.wait_exponential_jitter(multiplier=0.1, max=2.0),
        retry=tenacity.retry_if_exception_type(_NOT_YET),
        before_sleep=_Waiting(),
        retry_error_callback=_unreachable,
    ):
        with attempt:
            pool = BoundedPool(
                url,
                min_size=min(2, size),
                max_size=size,
                max_queries=50_000,
                max_inactive_connection_lifetime=300.0,
                setup=None,
                init=None,
                loop=None,
                connection_class=Connection,
                record_class=asyncpg.Record,
                command_timeout=statement_timeout_s + 1.0,
                timeout=5.0,
                statement_cache_size=statement_cache_size,
                reset=_leave_as_it_is,
                server_settings={
                    "application_name": application_name,
                    "statement_timeout": _ms(statement_timeout_s),
                    "idle_in_transaction_session_timeout": _ms(IDLE_IN_TRANSACTION_TIMEOUT_S),
                    # Schemas are always named; an unqualified name is a mistake, not a search.
                    "search_path": "pg_catalog",
                    "jit": "off",
                    "timezone": "UTC",
                },
            )
            pool.acquire_timeout_s = acquire_timeout_s
            return await pool
    raise AssertionError("the retrying either returns or raises")


async def _leave_as_it_is(_connection: object) -> None:
    """No session setting is ever changed and no lock held past a transaction: a reset would be a wasted round trip."""


class _Waiting:
    """Says at once what start-up waits for, and again every few seconds."""

    def __init__(self) -> None:
        self._said_at_s = -math.inf

    def __call__(self, state: tenacity.RetryCallState) -> None:
        waited_s = state.seconds_since_start or 0.0
        if waited_s - self._said_at_s < _SAID_EVERY_S:
            return
        self._said_at_s = waited_s
        error = state.outcome.exception() if state.outcome else None
        log.warning("waiting_for_database", waited_s=round(waited_s, 1), reason=type(error).__name__)


def _unreachable(state: tenacity.RetryCallState) -> None:
    cause = state.outcome.exception() if state.outcome else None
    raise DatabaseUnreachable from cause


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))
