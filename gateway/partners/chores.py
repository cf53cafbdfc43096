"""What the worker does for merchants again and again: bulk files, and applications that nobody came back to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from gateway.storage.hub import DELIVERIES, Hub
from merchants.offers.offer import SHANGHAI
from merchants.onboarding import bulk_admission, bulk_reading, expiry, retention, verification
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

    async def work_on_bulks(self) -> int:
        """A piece of some partner's file: read, or admitted once two operators have signed it."""
        today = datetime.now(SHANGHAI).date()
        async with self.pool.acquire() as conn, conn.transaction():
            done = await bulk_reading.read_piece(conn, self.sealing, self.line_rules, today=today)
        async with self.pool.acquire() as conn, conn.transaction():
            admitted = await bulk_admission.admit_piece(conn, self.sealing)
        if admitted:
            self.hub.tell(DELIVERIES)
        return done + admitted

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
