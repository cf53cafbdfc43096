"""Whether a client still may: read in the transaction of whatever moves money, two seconds old for reads."""

import time

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.access import sql
from merchants.access.errors import ClientRevoked

# "Within 2 s elsewhere": what a revoked client may go on reading.
MAX_AGE_S = 2.0
_REMEMBERED = 10_000


async def check(conn: PoolConnectionProxy, *, client_id: str, key_id: str) -> None:
    """Hold the client live until this transaction ends; a revocation waits for it or is seen by it.

    Raises:
        ClientRevoked: the client, its key or its terminal.
    """
    if await sql.caller_status(conn, client_id=client_id, key_id=key_id) != "live":
        raise ClientRevoked


async def is_live(conn: PoolConnectionProxy, *, client_id: str, key_id: str) -> bool:
    """This moment, holding nobody off; for what only looks."""
    return await sql.peek_caller_status(conn, client_id=client_id, key_id=key_id) == "live"


class RecentlyLive:
    """For reads: a status no older than `max_age_s`. A refusal is never remembered."""

    def __init__(self, pool: asyncpg.Pool, *, max_age_s: float = MAX_AGE_S) -> None:
        self._pool = pool
        self._max_age_s = max_age_s
        self._live_at: dict[tuple[str, str], float] = {}

    async def check(self, *, client_id: str, key_id: str) -> None:
        """Raises ClientRevoked at most `max_age_s` after a revocation was answered."""
        fresh_since = time.monotonic() - self._max_age_s
        if self._live_at.get((client_id, key_id), float("-inf")) <= fresh_since:
            await self.check_now(client_id=client_id, key_id=key_id)

    async def check_now(self, *, client_id: str, key_id: str) -> None:
        """For what changes something outside a claim: nothing remembered is good enough."""
        asked_at = time.monotonic()
        async with self._pool.acquire() as conn:
            status = await sql.peek_caller_status(conn, client_id=client_id, key_id=key_id)
        if status != "live":
            raise ClientRevoked
        self._remember((client_id, key_id), asked_at)

    def forget(self) -> None:
        """Empty it, as when the listening connection dropped."""
        self._live_at.clear()

    def _remember(self, who: tuple[str, str], asked_at: float) -> None:
        if len(self._live_at) >= _REMEMBERED:
            self._live_at.clear()
        self._live_at[who] = asked_at
