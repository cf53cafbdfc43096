"""What a core's final answer makes of a payment, written once, in one transaction."""

from functools import partial
from typing import assert_never

from gateway.payments import captured, events, followed, refund, release, reserved, sql
from gateway.payments.accepted import Memory, Remembered
from gateway.payments.needs import Needs
from gateway.payments.payment import NOBODY_TO_ASK, REVERSAL_REFUSED, Payment, State
from gateway.payments.step import held, step, undone, undone_by_core
from gateway.payments.succeed import is_plain_success, succeed, succeed_unread
from gateway.storage.hub import DELIVERIES
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection, Instruction, Settled
from gateway.wallet.core import Approved, ConfirmationRequired, Declined, Reversed, Tombstoned
from qr.codes import CodeKind
from webhooks import outbox


async def conclude(needs: Needs, settled: Settled, *, memory: Memory | None = None) -> Payment | None:
    """Write the core's final answer; None when another was written before, or this one does not end it yet."""
    if is_plain_success(settled):
        if memory is not None:
            ended = await needs.remembered.write(Remembered(settled, memory), partial(succeed_unread, needs))
            if ended is not None:
                return ended
        return await needs.successes.write(settled, partial(succeed, needs))
    instruction = settled.instruction
    async with needs.pool.acquire() as conn, conn.transaction():
        if not await transfers.finish(conn, instruction, settled.answer, settled.attempts):
            return None
        payment = await _follow(needs, conn, settled)
        if payment is None:
            return None
        told = await reserved.settle(conn, payment, told_before=_waited_before(settled, payment))
        # No success is told of a payment that is given back: its refund speaks.
        if payment.reason != REVERSAL_REFUSED:
            told += events.of_payment(payment, resolved_within=needs.resolved_within)
        told += await followed.by_checkouts(needs, conn, [payment])
        await outbox.publish(conn, told)
    needs.hub.tell(payment.id, DELIVERIES)
    return payment


def _waited_before(settled: Settled, payment: Payment) -> bool:
    """Whether it waited before this for the payer's word or for a capture, and what it reserves was told then."""
    instruction = settled.instruction
    stepped_up = payment.direction == "consumer_presented" and payment.terms.consent is not None
    return instruction.purpose != "payment" or instruction.n > 1 or stepped_up


async def give_up(conn: Connection, instruction: Instruction) -> None:
    """The resolver undoes what the core does not decide: say so before it is done."""
    await sql.move_by_id(
        conn, partner_id=instruction.partner_id, payment_id=instruction.owner_id, to=State.REVERSING,
        reason="outcome_in_doubt",
    )  # fmt: skip


async def _follow(needs: Needs, conn: Connection, settled: Settled) -> Payment | None:
    """Move the payment to where the answer leads; None where it stays, because something is still to come."""
    match settled.instruction.purpose:
        case "payment":
            return await _follow_payment(needs, conn, settled)
        case "capture":
            return await captured.follow(needs, conn, settled)
        case "release":
            return await release.follow(needs, conn, settled)
        case "refund" | "verification" | "credit" | "credit_back" | "coupon":
            raise AssertionError("none of them is a payment's: each has a conclusion of its own")


async def _follow_payment(needs: Needs, conn: Connection, settled: Settled) -> Payment | None:
    """A debit's answer, or a hold's: one moves the money, the other sets it aside."""
    is_hold = settled.instruction.transfer.kind == "hold"
    match settled.instruction.phase, settled.answer:
        case "open", Approved() if is_hold:
            return await step(conn, settled, State.AUTHORIZED, expires_in_s=needs.authorization_life_s)
        case "open", Approved():
            return await step(conn, settled, State.SUCCEEDED)
        case "open", Declined(reason):
            return await step(conn, settled, State.DECLINED, reason=reason)
        case "open", ConfirmationRequired(reason):
            return await _ask_payer(needs, conn, settled, reason)
        case "open", Reversed() | Tombstoned():
            return await undone_by_core(conn, settled)
        case "undoing", Approved() if is_hold:
            await release.next_one(needs, conn, settled)
            return None
        case "undoing", Approved():
            payment = await step(conn, settled, State.SUCCEEDED, reason=REVERSAL_REFUSED)
            return await refund.everything(needs, conn, payment)
        case "undoing", Reversed() | Tombstoned() | Declined() | ConfirmationRequired():
            return await undone(conn, settled)
        case _, never:
            assert_never(never)  # type: ignore[arg-type] # mypy narrows no tuples


async def _ask_payer(needs: Needs, conn: Connection, settled: Settled, reason: str) -> Payment:
    """The payer has so long to confirm, and no longer than until the merchant gives up.

    A phone that made its code without a network cannot be asked.
    """
    payment = await held(conn, settled)
    if payment.terms.code_kind == CodeKind.OFFLINE:
        return await step(conn, settled, State.DECLINED, reason=NOBODY_TO_ASK)
    return await step(
        conn, settled, State.REQUIRES_CONFIRMATION, reason=reason, expires_in_s=needs.confirm_within_s,
        at_latest=payment.give_up_at,
    )  # fmt: skip
