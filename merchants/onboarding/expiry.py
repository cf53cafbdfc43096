"""Applications whose applicant never came back: they expire, and the retention job may erase them."""

from dataclasses import replace
from typing import Final

from asyncpg.pool import PoolConnectionProxy

from merchants.lifecycle import Status
from merchants.onboarding import sql, transition
from merchants.onboarding.application import opened
from merchants.sealing import Sealing

SYSTEM: Final = "system"
# A draft nobody touches, and whatever waits for the applicant: answers, the sum of the credits, the signature.
DRAFT_DAYS: Final = 30
WAITING_DAYS: Final = 30


async def run_once(conn: PoolConnectionProxy, sealing: Sealing, *, limit: int) -> int:
    """Expire what is overdue, in the caller's transaction; returns how many."""
    overdue = await sql.overdue(conn, draft_days=DRAFT_DAYS, waiting_days=WAITING_DAYS, limit=limit)
    for row in overdue:
        application = replace(opened(sealing, row), steps=())
        expired = application.moved(Status.EXPIRED, reason="nobody came back in time")
        await transition.store_move(conn, expired, actor=SYSTEM)
    return len(overdue)
