"""What a core's final answer makes of a payment, written once, in one transaction."""

from typing import Final, assert_never

from gateway.payments import events, refund, reserved, sql
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment, State
from gateway.storage.hub import DELIVERIES
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection, Instruction, Settled
from gateway.wallet.core import Approved, ConfirmationRequired, Declined, Reversed, Tombstoned
from webhooks import outbox

REVERSAL_REFUSED: Final = "reversal_refused"


async def conclude(needs: Needs, settled: Settled) -> Payment | None:
    """Write the core's final answer; None, and nothing done, when another answer was written before."""
    instruction = settled.instruction
    async with needs.pool.acquire() as conn, conn.transaction():
        if not await transfers.finish(conn, instruction, settled.answer, settled.attempts):
            return None
        payment = await _follow(needs, conn, settled)
        told = await reserved.settle(conn, payment)
        # No success is told of a payment that is given back: its refund speaks.
        if payment.reason != REVERSAL_REFUSED:
            told += events.of_payment(payment, resolved_within=needs.resolved_within)
        await outbox.publish(conn, told)
    needs.hub.tell(payment.id, DELIVERIES)
    return payment


async def give_up(conn: Connection, instruction: Instruction) -> None:
    """The resolver undoes what the core does not decide: say so before it is done."""
    await sql.move_by_id(
        conn, partner_id=instruction.partner_id, payment_id=instruction.owner_id, to=State.REVERSING,
        reason="outcome_in_doubt",
    )  # fmt: skip


async def _follow(needs: Needs, conn: Connection, settled: Settled) -> Payment:
    """Move the payment to where the core's answer leads."""
    match settled.instruction.phase, settled.answer:
        case "open", Approved():
            return await _move(conn, settled, State.SUCCEEDED)
        case "open", Declined(reason):
            return await _move(conn, settled, State.DECLINED, reason=reason)
        case "open", ConfirmationRequired(reason):
            return await _move(
                conn, settled, State.REQUIRES_CONFIRMATION, reason=reason, expires_in_s=needs.confirm_within_s
            )
        case "open", Reversed() | Tombstoned():
            await _move(conn, settled, State.REVERSING)
            return await _move(conn, settled, State.REVERSED, reason="undone_by_core")
        case "undoing", Approved():
            payment = await _move(conn, settled, State.SUCCEEDED, reason=REVERSAL_REFUSED)
            return await refund.everything(needs, conn, payment)
        case "undoing", Reversed() | Tombstoned() | Declined() | ConfirmationRequired():
            return await _undone(conn, settled)
        case _, never:
            assert_never(never)  # type: ignore[arg-type] # mypy narrows no tuples


async def _undone(conn: Connection, settled: Settled) -> Payment:
    before = await sql.lock(
        conn, partner_id=settled.instruction.partner_id, payment_id=settled.instruction.owner_id
    )
    assert before is not None
    if before.cancel_accepted:
        return await _move(conn, settled, State.CANCELED, reason="canceled_by_merchant")
    return await _move(conn, settled, State.REVERSED, reason="undone_in_doubt")


async def _move(
    conn: Connection,
    settled: Settled,
    to: State,
    *,
    reason: str | None = None,
    expires_in_s: float | None = None,
) -> Payment:
    moved = await sql.move_by_id(
        conn, partner_id=settled.instruction.partner_id, payment_id=settled.instruction.owner_id, to=to,
        reason=reason, expires_in_s=expires_in_s,
    )  # fmt: skip
    assert moved is not None, "the transfer's row, held, keeps its payment where it is"
    return moved
