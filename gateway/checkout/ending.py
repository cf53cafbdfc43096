"""How a session ends: with its payment, in the payment's own transaction; or when nobody tries again in time.

No clock alone ends a session: a payment may succeed in the moment of its expiry. While an attempt is under way the
session is open, however late it is, and the attempt's end decides. Rows are locked payment before session.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from gateway.checkout import events, sql
from gateway.checkout.errors import CheckoutBeingPaid, CheckoutCompleted, CheckoutSessionNotFound
from gateway.checkout.session import (
    ENDED_BY_MERCHANT,
    FAILED,
    NOT_PAID_IN_TIME,
    Attempted,
    Ending,
    State,
    ending_of,
)
from gateway.payments import expire
from gateway.payments import sql as payments
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment
from gateway.storage.hub import DELIVERIES
from gateway.transfers.transfer import Connection
from webhooks import outbox
from webhooks.event import NewEvent

log = structlog.get_logger()

# Each round loses to a customer who tries again, and the last one reads what the one before has done.
_ROUNDS = 3
# So many go through in one run; after an outage the next run, which begins at once, has the rest.
_PAGES: Final = 20
_BEGINNING: Final = (datetime(1970, 1, 1, tzinfo=UTC), "")
_TOO_LATE = Ending(to=State.EXPIRED, reason=NOT_PAID_IN_TIME, late_only=True)


async def follow(conn: Connection, moved: Sequence[Payment]) -> list[NewEvent]:
    """What payments that have just moved make of their sessions; given to `Needs.follow_checkouts`."""
    endings = [(payment, ending) for payment in moved if (ending := ending_of(payment)) is not None]
    if not endings:
        return []
    by_session = {payment.terms.checkout_id: payment for payment in moved}
    ended = await sql.end(conn, endings)
    return [events.of_session(Attempted(one, by_session[one.id])) for one in ended]


async def end_session(needs: Needs, conn: Connection, *, session_id: str, partner_id: str) -> Attempted:
    """The merchant ends it before it is paid; doing it twice is no error. The order number stays free for another.

    Raises:
        CheckoutSessionNotFound
        CheckoutCompleted: too late, it was paid.
        CheckoutBeingPaid: the wallet core has it.
    """
    for _ in range(_ROUNDS):
        found = await _found(conn, session_id=session_id, partner_id=partner_id)
        match found.session.state:
            case State.EXPIRED:
                return found
            case State.COMPLETED:
                raise CheckoutCompleted(found.payment.id)
            case State.OPEN:
                await expire.end_unpaid(needs, conn, partner_id=partner_id, payment_id=found.payment.id)
                # One whose attempt had failed before: no payment moves, so nothing else ends it. The statement looks
                # whether that attempt is still the latest, and holds the session only if it is: nothing is locked
                # between a session and its next attempt's payment.
                if found.payment.state in FAILED:
                    await _publish(conn, found.payment, Ending(to=State.EXPIRED, reason=ENDED_BY_MERCHANT))
    raise CheckoutBeingPaid(found.payment.id)


async def run_once(needs: Needs, limit: int = 100) -> int:
    """Expire sessions whose last attempt failed and was not tried again; returns how many.

    Behind each page whatever came of it: as many as fail keep nobody waiting.
    """
    expired, after = 0, _BEGINNING
    for _ in range(_PAGES):
        async with needs.pool.acquire() as conn:
            page = await sql.due_to_expire(conn, after=after, limit=limit)
        expired += await _each(needs, page)
        if len(page) < limit:
            break
        after = (page[-1].expires_at, page[-1].id)
    return expired


async def _each(needs: Needs, due: Sequence[sql.Due]) -> int:
    """How many expired. What fails is tried again by the next run."""
    expired = 0
    for one in due:
        try:
            expired += await _expire(needs, one.partner_id, one.id)
        except Exception as error:  # whatever it is, it is this session's alone
            log.exception("checkout_not_expired", session_id=one.id, error=type(error).__name__)
    return expired


async def _expire(needs: Needs, partner_id: str, session_id: str) -> bool:
    async with needs.pool.acquire() as conn, conn.transaction():
        session = await sql.lock(conn, session_id=session_id, partner_id=partner_id)
        if session is None or session.state is not State.OPEN:
            return False
        payment = await payments.find(conn, partner_id=partner_id, payment_id=session.payment_id)
        assert payment is not None, "payments are never deleted"
        if payment.state not in FAILED or not await _publish(conn, payment, _TOO_LATE):
            return False
    needs.hub.tell(payment.id, DELIVERIES)
    return True


async def _publish(conn: Connection, payment: Payment, ending: Ending) -> bool:
    told = [events.of_session(Attempted(one, payment)) for one in await sql.end(conn, [(payment, ending)])]
    await outbox.publish(conn, told)
    return bool(told)


async def _found(conn: Connection, *, session_id: str, partner_id: str) -> Attempted:
    found = await sql.find(conn, session_id=session_id, partner_id=partner_id)
    if found is None:
        raise CheckoutSessionNotFound
    return found
