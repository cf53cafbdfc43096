"""What nobody confirmed or captured in time lapses; the worker calls this.

Each payment in a transaction of its own: several in one would hold budgets in an order that nobody keeps, and one
whose rows are damaged would keep all others from lapsing.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from gateway.payments import events, followed, lapse_sql, release, reserved
from gateway.payments.needs import Needs
from gateway.payments.pay import submit_and_conclude
from gateway.payments.payment import Payment
from gateway.storage.hub import DELIVERIES
from gateway.transfers.transfer import Connection
from webhooks import outbox

log = structlog.get_logger()

# So many go through in one run; after an outage the next run, which begins at once, has the rest.
_PAGES: Final = 20
_BEGINNING: Final = (datetime(1970, 1, 1, tzinfo=UTC), "")

Lapse = Callable[[Needs, str, str], Awaitable[bool]]


async def run_once(needs: Needs, limit: int = 100) -> int:
    """Expire what is due, with what it reserved; returns how many."""
    unpaid = await _page_by_page(needs, _expire, authorized=False, limit=limit)
    return unpaid + await _page_by_page(needs, _let_go, authorized=True, limit=limit)


async def _page_by_page(needs: Needs, lapse: Lapse, *, authorized: bool, limit: int) -> int:
    """Behind each page whatever came of it: as many as fail keep nobody waiting."""
    lapsed, after = 0, _BEGINNING
    for _ in range(_PAGES):
        async with needs.pool.acquire() as conn:
            page = await lapse_sql.due_to_lapse(conn, authorized=authorized, after=after, limit=limit)
        lapsed += await _each(needs, page, lapse)
        if len(page) < limit:
            break
        after = (page[-1].expires_at, page[-1].id)
    return lapsed


async def _each(needs: Needs, due: list[lapse_sql.Due], lapse: Lapse) -> int:
    """How many lapsed. What fails is tried again by the next run, and stands in nobody's way."""
    lapsed = 0
    for one in due:
        try:
            lapsed += await lapse(needs, one.partner_id, one.id)
        except Exception as error:  # whatever it is, it is this payment's alone
            log.exception("payment_not_lapsed", payment_id=one.id, error=type(error).__name__)
    return lapsed


async def _expire(needs: Needs, partner_id: str, payment_id: str) -> bool:
    async with needs.pool.acquire() as conn, conn.transaction():
        expired = await lapse_sql.expire(conn, partner_id=partner_id, payment_id=payment_id)
        if expired is None:
            return False
        await _tell(needs, conn, expired)
    needs.hub.tell(expired.id, DELIVERIES)
    return True


async def end_unpaid(needs: Needs, conn: Connection, *, partner_id: str, payment_id: str) -> Payment | None:
    """Let a code lapse before its time, as the merchant wants; None once somebody pays it, or it has ended."""
    ended = await lapse_sql.end_unpaid(conn, partner_id=partner_id, payment_id=payment_id)
    if ended is not None:
        await _tell(needs, conn, ended)
    return ended


async def _tell(needs: Needs, conn: Connection, expired: Payment) -> None:
    told = await reserved.settle(conn, expired)
    told += events.of_payment(expired, resolved_within=needs.resolved_within)
    told += await followed.by_checkouts(needs, conn, [expired])
    await outbox.publish(conn, told)


async def _let_go(needs: Needs, partner_id: str, payment_id: str) -> bool:
    """Its core is told, which nobody here waits for: one that hangs must not keep others' time from running.

    What dies in between is the resolver's.
    """
    async with needs.pool.acquire() as conn, conn.transaction():
        instruction = await release.lapse(needs, conn, partner_id=partner_id, payment_id=payment_id)
    if instruction is None:
        return False
    needs.running.start(submit_and_conclude(needs, instruction))
    return True
