"""Cancel: once it is accepted, the payer ends uncharged, whatever the core says late."""

from gateway.payments import events, followed, release, reserved, sql
from gateway.payments.accepted import Accepted
from gateway.payments.errors import NotCancelable, PartiallyRefunded, PaymentNotFound
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment, State, Terms
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection
from merchants import merchant
from webhooks import outbox

# Each round loses to another's change of state; there are few states, so few rounds.
_ROUNDS = 5


async def cancel(needs: Needs, conn: Connection, *, partner_id: str, payment_id: str) -> Accepted:
    """Cancel a payment: at once while nobody is charged, else by undoing what the core did or may have done.

    Doing it twice is no error. The returned instruction, if any, is to be submitted after the commit.

    Raises:
        PaymentNotFound
        PartiallyRefunded: part was given back already.
        NotCancelable: it ended without a charge.
    """
    for _ in range(_ROUNDS):
        payment = await sql.find(conn, partner_id=partner_id, payment_id=payment_id)
        if payment is None:
            raise PaymentNotFound
        accepted = await _try(needs, conn, payment)
        if accepted is not None:
            return accepted
    raise NotCancelable(State.PROCESSING)


async def cancel_order(
    needs: Needs,
    conn: Connection,
    *,
    partner_id: str,
    merchant_id: str,
    client_id: str,
    terminal_id: str | None,
    merchant_order_no: str,
    tombstone_id: str,
) -> Accepted:
    """Cancel by order number. An unknown number gets a tombstone: a payment that arrives later is refused.

    Raises:
        PaymentNotFound: the order is another till's.
        MerchantNotFound, PartiallyRefunded
    """
    for _ in range(_ROUNDS):
        live = await sql.live_attempt(
            conn, partner_id=partner_id, merchant_id=merchant_id, merchant_order_no=merchant_order_no
        )
        if live is not None and terminal_id not in {None, live.terminal_id}:
            raise PaymentNotFound
        if live is not None:
            return await cancel(needs, conn, partner_id=partner_id, payment_id=live.id)
        values = await _tombstone(
            conn, partner_id=partner_id, merchant_id=merchant_id, client_id=client_id, payment_id=tombstone_id
        )
        values |= {"merchant_order_no": merchant_order_no, "terminal_id": terminal_id}
        placed = await sql.insert(conn, values, expires_at=None)
        if placed is not None:
            return Accepted(payment=placed, instruction=None)
    raise NotCancelable(State.PROCESSING)


async def _try(needs: Needs, conn: Connection, payment: Payment) -> Accepted | None:
    """One round; None when the payment moved meanwhile."""
    match payment.state:
        case State.REQUIRES_PAYER | State.REQUIRES_CONFIRMATION:
            return await _cancel_unpaid(needs, conn, payment)
        case State.AUTHORIZED:
            return await _let_go(needs, conn, payment)
        case State.PROCESSING | State.SUCCEEDED | State.CAPTURING:
            return await _undo(needs, conn, payment)
        case State.REVERSING:
            remembered = await sql.accept_cancel(conn, payment)
            return Accepted(payment=remembered, instruction=None) if remembered else None
        case State.CANCELED | State.REVERSED:
            return Accepted(payment=payment, instruction=None)
        case State.DECLINED | State.EXPIRED:
            raise NotCancelable(payment.state)


async def _cancel_unpaid(needs: Needs, conn: Connection, payment: Payment) -> Accepted | None:
    canceled = await sql.move(
        conn, payment, State.CANCELED, reason="canceled_by_merchant", cancel_accepted=True
    )
    if canceled is None:
        return None
    told = await reserved.settle(conn, canceled)
    told += events.of_payment(canceled, resolved_within=needs.resolved_within)
    told += await followed.by_checkouts(needs, conn, [canceled])
    await outbox.publish(conn, told)
    return Accepted(payment=canceled, instruction=None)


async def _let_go(needs: Needs, conn: Connection, payment: Payment) -> Accepted | None:
    """A release rather than a reversal: a core may take back a debit of today, and hold nothing for a week in vain."""
    let_go = await release.cancel_authorized(needs, conn, payment)
    return None if let_go is None else Accepted(payment=let_go[0], instruction=let_go[1])


async def _undo(needs: Needs, conn: Connection, payment: Payment) -> Accepted | None:
    """Transfer before payment, as everywhere: the transfer's row decides who was first.

    While we waited for it the core's answer may have been written, and the payer may have confirmed since. A
    savepoint lets go of what a round has locked in vain, so that the next one locks in that order again.
    """
    try:
        async with conn.transaction():
            return await _reverse(needs, conn, payment)
    except _MovedMeanwhile:
        return None


class _MovedMeanwhile(Exception):
    """Somebody was first: look again."""


async def _reverse(needs: Needs, conn: Connection, payment: Payment) -> Accepted:
    n = await transfers.hold_latest(conn, owner_id=payment.id)
    locked = await sql.lock(conn, partner_id=payment.partner_id, payment_id=payment.id)
    assert locked is not None, "payments are never deleted"
    if locked.state is not payment.state:
        raise _MovedMeanwhile
    if locked.state is State.SUCCEEDED and locked.cancel_accepted:
        # The core refused to undo it, and everything is on its way back.
        return Accepted(payment=locked, instruction=None)
    if locked.refunded_order_minor > 0:
        raise PartiallyRefunded
    instruction = await transfers.reopen_to_undo(
        conn, owner_id=payment.id, n=n, look_after_s=needs.patience.query_after_s
    )
    if instruction is None:
        raise _MovedMeanwhile
    reversing = await sql.move(
        conn, locked, State.REVERSING, reason="canceled_by_merchant", cancel_accepted=True
    )
    assert reversing is not None, "the row is locked"
    return Accepted(payment=reversing, instruction=instruction)


async def _tombstone(
    conn: Connection, *, partner_id: str, merchant_id: str, client_id: str, payment_id: str
) -> dict[str, object]:
    found = await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)
    terms = Terms(
        merchant_name=found.short_name,
        partner_no=found.partner_no,
        fee_basis_points=found.fee_basis_points,
        code_kind="payment_code",
    )
    return {
        "partner_id": partner_id, "id": payment_id, "merchant_id": merchant_id, "store_id": None,
        "client_id": client_id, "direction": "consumer_presented", "state": State.CANCELED,
        "reason": "canceled_before_arrival", "currency": found.currency, "order_minor": 0, "discount_minor": 0,
        "fee_minor": 0, "issuer": None, "payer_id": None, "terms": terms,
    }  # fmt: skip
