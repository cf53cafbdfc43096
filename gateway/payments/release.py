"""Letting go of what is held: after a cancel, when nobody captured in time, and behind a capture that was undone.

A release only goes forward, as a refund does: it is repeated until the core says that nothing is held any more. Until
then the payment stays where it is, so that nobody is told of an end that is not there yet.
"""

from typing import Final

from gateway.payments import authorized_sql, sql
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment, State
from gateway.payments.step import held, step, undone
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection, Instruction, Settled, transfer_id
from gateway.transfers.transfer import Final as Answered
from gateway.wallet.core import Approved, Declined, Transfer

# What a core says of a hold that has ended by itself: nothing is held, which is all we wanted.
HOLD_OVER: Final = frozenset({"hold_closed", "parent_not_found", "parent_not_succeeded"})
# A core that refuses to let go is asked again in a minute, and shows in the operators' queue meanwhile.
_REFUSED_RETRY_S = 60.0


async def write(
    needs: Needs, conn: Connection, payment: Payment, *, n: int, look_after_s: float | None = None
) -> Instruction:
    """Store the release before it is sent; n is one above the payment's latest transfer, which is decided."""
    payer = payment.terms.payer
    assert payer is not None, "what is held is a payer's"
    transfer = Transfer(
        id=transfer_id(payment.id, n),
        kind="release",
        unit=payment.currency,
        legs=(),
        issuer=payer.issuer,
        parent=await transfers.approved_id(conn, owner_id=payment.id, purposes=("payment",)),
        statement=payment.terms.merchant_name,
        reference=payment.merchant_order_no,
    )
    return await transfers.insert(
        conn, transfer, partner_id=payment.partner_id, owner_id=payment.id, n=n, purpose="release",
        look_after_s=needs.patience.query_after_s if look_after_s is None else look_after_s,
    )  # fmt: skip


async def next_one(needs: Needs, conn: Connection, settled: Settled, *, after_s: float = 0.0) -> None:
    """Release behind a transfer that was decided just now; the resolver sends it."""
    payment = await held(conn, settled)
    await write(needs, conn, payment, n=settled.instruction.n + 1, look_after_s=after_s)


async def cancel_authorized(
    needs: Needs, conn: Connection, payment: Payment
) -> tuple[Payment, Instruction | None] | None:
    """Let go because the merchant cancels; None when the payment moved meanwhile.

    Without an instruction where a release is on its way already: then only its meaning changes.
    """
    latest = await transfers.decided_n(conn, owner_id=payment.id)
    reversing = await sql.move(
        conn, payment, State.REVERSING, reason="canceled_by_merchant", cancel_accepted=True
    )
    if reversing is None:
        return None
    return reversing, None if latest is None else await write(needs, conn, reversing, n=latest + 1)


async def lapse(needs: Needs, conn: Connection, *, partner_id: str, payment_id: str) -> Instruction | None:
    """Let go because nobody captured in time; None when somebody did something meanwhile."""
    latest = await transfers.decided_n(conn, owner_id=payment_id)
    payment = await authorized_sql.begin_lapse(conn, partner_id=partner_id, payment_id=payment_id)
    if payment is None:
        return None
    assert latest is not None, "an authorized payment whose hold is not being let go has nothing under way"
    return await write(needs, conn, payment, n=latest + 1)


async def follow(needs: Needs, conn: Connection, settled: Settled) -> Payment | None:
    """What a release's answer makes of the payment; None when the core has to be asked again."""
    if not _is_over(settled.answer):
        await next_one(needs, conn, settled, after_s=_REFUSED_RETRY_S)
        return None
    if (await held(conn, settled)).state is State.AUTHORIZED:
        return await step(conn, settled, State.EXPIRED, reason="authorization_expired")
    return await undone(conn, settled)


def _is_over(answer: Answered) -> bool:
    """Whether nothing is held any more: it was let go, or the hold had ended otherwise."""
    match answer:
        case Approved():
            return True
        case Declined(reason):
            return reason in HOLD_OVER
        case _:
            return False
