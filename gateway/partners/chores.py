"""What the worker does for merchants again and again: bulk files, and applications that nobody came back to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from gateway.storage.hub import DELIVERIES, Hub
from merchants.offers.offer import SHANGHAI
from merchants.onboarding import bulk_admission, bulk_reading, expiry, retention, verification
from merchants.onboarding.bulk import Bulk, State, claimed, put_behind
from merchants.onboarding.bulk_reading import Rules
from merchants.sealing import Sealing

# Each in one transaction with its events.
_AGED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Chores:
    """Each chore does a bounded piece in a transaction of its own and says how much it did."""

    pool: asyncpg.Pool
    sealing: Sealing
    hub: Hub
    line_rules: Rules

    async def read_bulks(self) -> int:
        """A piece of some partner's file."""
        today = datetime.now(SHANGHAI).date()
        return await self._work_on(
            State.READING,
            lambda conn, bulk: bulk_reading.read_piece(
                conn, bulk, self.sealing, self.line_rules, today=today
            ),
        )

    async def admit_bulks(self) -> int:
        """A piece of some file that two operators have signed."""
        admitted = await self._work_on(
            State.ADMITTING, lambda conn, bulk: bulk_admission.admit_piece(conn, bulk, self.sealing)
        )
        if admitted:
            self.hub.tell(DELIVERIES)
        return admitted

    async def _work_on(
        self, state: State, work: Callable[[PoolConnectionProxy, Bulk], Awaitable[int]]
    ) -> int:
        """The bulk that waited longest; one that fails goes behind the others, so that it blocks nobody's."""
        bulk, done = None, 0
        try:
            async with self.pool.acquire() as conn, conn.transaction():
                bulk = await claimed(conn, state)
                done = 0 if bulk is None else await work(conn, bulk)
        except Exception:
            if bulk is not None:
                async with self.pool.acquire() as conn:
                    await put_behind(conn, bulk)
            raise
        if bulk is not None:
            self.hub.tell(bulk.id)  # for the page that shows how far it is
        return done

    async def age_applications(self) -> int:
        """What waits for an applicant who never came back expires; what nobody needs any more is erased."""
        async with self.pool.acquire() as conn, conn.transaction():
            aged = await retention.run_once(conn, self.sealing, limit=_AGED_AT_ONCE)
        async with self.pool.acquire() as conn, conn.transaction():
            aged += await verification.expire(conn, limit=_AGED_AT_ONCE)
            aged += await expiry.run_once(conn, self.sealing, limit=_AGED_AT_ONCE)
        if aged:
            self.hub.tell(DELIVERIES)
        return aged
