"""Refunds: stated in order amount, shared over the payment's legs by the cumulative rule, and never lost.

Accept claims the amounts on the payment's row; a refund that fails gives them back and may be tried again under its
number. A merchant whose balance is too small keeps the refund waiting: it goes out with its next takings. So does a
refund that we promised ourselves, whatever the core has against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.payments import credits_back, discounts, earned, events, sql
from gateway.payments.errors import (
    NotRefundable,
    PaymentNotFound,
    RefundAboveRemainder,
    RefundExists,
)
from gateway.payments.legs import amounts_by_role, given_back, merged
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment, Preview, Refund, State
from gateway.storage.hub import DELIVERIES
from gateway.transfers import sql as transfers
from gateway.transfers.submit import submit
from gateway.transfers.transfer import Connection, Final, Instruction, Settled, transfer_id
from gateway.wallet.core import (
    Approved,
    ConfirmationRequired,
    Declined,
    Leg,
    Reversed,
    Tombstoned,
    Transfer,
    merchant_account,
)
from merchants.ids import new_id
from merchants.offers.clawback import Legs, refund_legs
from webhooks import outbox

# How soon a refund is tried again that found its merchant short, or that we promised and the core refused.
_RETRY_S = 60.0
_SHORT_OF_BALANCE = "merchant_balance_insufficient"
# Parentheses are in no number of a merchant's own.
_AUTOMATIC_NO = "(automatic)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a merchant asks to give back."""

    refund_id: str
    merchant_refund_no: str
    order_minor: int
    note: str | None
    automatic: bool = False


_PREVIEWED = ("paid_minor", "funded_minor", "fee_minor", "deducted_minor", "credits_back")


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRefund:
    """A stored refund, its payment, and the instruction to send now; None for one that was there before."""

    refund: Refund
    payment: Payment
    instruction: Instruction | None


async def accept(
    needs: Needs, conn: Connection, *, partner_id: str, payment_id: str, asked: Asked
) -> AcceptedRefund:
    """Claim the amounts and store the refund with its transfer, in the caller's transaction.

    Raises:
        PaymentNotFound
        NotRefundable: the payment did not succeed, or is being undone.
        RefundAboveRemainder: more than is left of the order.
        RefundExists: the number stands for another amount.
    """
    payment = await sql.lock(conn, partner_id=partner_id, payment_id=payment_id)
    if payment is None:
        raise PaymentNotFound
    before = await sql.find_refund_by_no(
        conn, partner_id=partner_id, payment_id=payment_id, merchant_refund_no=asked.merchant_refund_no
    )
    if before is None:
        return await _store(needs, conn, payment, asked)
    if before.order_minor != asked.order_minor:
        raise RefundExists(before.id)
    if before.state != "failed":
        return AcceptedRefund(refund=before, payment=payment, instruction=None)
    return await _again(needs, conn, payment, before)


async def everything(needs: Needs, conn: Connection, payment: Payment) -> Payment:
    """Give all of a payment back that the core charged against our word; the resolver sends it at once."""
    asked = Asked(
        refund_id=new_id("ref", payment.terms.partner_no),
        merchant_refund_no=_AUTOMATIC_NO,
        order_minor=payment.order_minor - payment.refunded_order_minor,
        note=None,
        automatic=True,
    )
    stored = await _store(needs, conn, payment, asked, look_after_s=0.0)
    return stored.payment


async def preview(conn: Connection, payment: Payment, order_minor: int) -> Preview:
    """Who would get what if this much of the order were given back now.

    Raises:
        NotRefundable, RefundAboveRemainder
    """
    _refuse(payment, order_minor)
    amounts = await _amounts(conn, payment, order_minor, hold=False)
    return Preview(order_minor=order_minor, **{name: amounts[name] for name in _PREVIEWED})


async def submit_and_conclude(needs: Needs, instruction: Instruction) -> None:
    """Tell the core and write down what it says; an open outcome is left to the resolver."""
    core = needs.cores.for_issuer(instruction.transfer.issuer)
    settled = await submit(instruction, core=core, pool=needs.pool, look_again_s=needs.patience.query_after_s)
    if settled is not None:
        await conclude(needs, settled)


async def conclude(needs: Needs, settled: Settled) -> None:
    """Write the core's final answer to a refund; does nothing when it was written before."""
    instruction = settled.instruction
    async with needs.pool.acquire() as conn, conn.transaction():
        if not await transfers.finish(conn, instruction, settled.answer, settled.attempts):
            return
        payment, refund = await _follow(needs, conn, instruction, settled.answer)
        told = await discounts.claw_back(conn, payment, refund) if refund.state == "succeeded" else []
        if refund.state == "failed":
            await earned.let_go(conn, payment, refund.credits_back)
        if refund.state != "processing":
            told += events.of_refund(payment, refund)
        await outbox.publish(conn, told)
    needs.hub.tell(refund.id, payment.id, DELIVERIES)


async def _follow(
    needs: Needs, conn: Connection, instruction: Instruction, answer: Final
) -> tuple[Payment, Refund]:
    refund = await sql.find_refund(conn, partner_id=instruction.partner_id, refund_id=instruction.owner_id)
    assert refund is not None, "a refund's transfer is stored with it"
    payment = await sql.lock(conn, partner_id=refund.partner_id, payment_id=refund.payment_id)
    assert payment is not None
    match answer:
        case Approved():
            return await sql.count_change(conn, payment), await _move(conn, refund, "succeeded", None)
        case Declined(reason) | ConfirmationRequired(reason):
            why = reason
        case Reversed() | Tombstoned():
            why = "undone_by_core"
    if refund.automatic or why == _SHORT_OF_BALANCE:
        await _send(needs, conn, payment, refund, n=instruction.n + 1, look_after_s=_RETRY_S)
        return payment, await _move(conn, refund, "processing", why)
    return await _unclaim(conn, payment, refund), await _move(conn, refund, "failed", why)


async def _move(conn: Connection, refund: Refund, to: str, reason: str | None) -> Refund:
    moved = await sql.move_refund(
        conn, partner_id=refund.partner_id, refund_id=refund.id, source="processing", to=to, reason=reason
    )
    assert moved is not None, "the transfer's row, held, keeps its refund where it is"
    return moved


async def _unclaim(conn: Connection, payment: Payment, refund: Refund) -> Payment:
    legs = [before - part for before, part in zip(payment.refunded_legs, refund.legs, strict=True)]
    return await sql.claim_refund(
        conn, payment, order_minor=-refund.order_minor, paid_minor=-refund.paid_minor, legs=legs
    )


async def _store(
    needs: Needs, conn: Connection, payment: Payment, asked: Asked, *, look_after_s: float | None = None
) -> AcceptedRefund:
    _refuse(payment, asked.order_minor)
    amounts = await _amounts(conn, payment, asked.order_minor)
    claimed = await _claim(conn, payment, asked.order_minor, amounts)
    refund = await sql.insert_refund(
        conn,
        {
            "partner_id": payment.partner_id,
            "id": asked.refund_id,
            "payment_id": payment.id,
            "merchant_refund_no": asked.merchant_refund_no,
            "note": asked.note,
            "automatic": asked.automatic,
            "order_minor": asked.order_minor,
            **amounts,
        },
    )
    instruction = await _send(needs, conn, payment, refund, n=1, look_after_s=look_after_s)
    return AcceptedRefund(refund=refund, payment=claimed, instruction=instruction)


async def _again(needs: Needs, conn: Connection, payment: Payment, failed: Refund) -> AcceptedRefund:
    """A failed refund goes out under its own number once more, with shares as of now."""
    _refuse(payment, failed.order_minor)
    amounts = await _amounts(conn, payment, failed.order_minor)
    claimed = await _claim(conn, payment, failed.order_minor, amounts)
    refund = await sql.move_refund(
        conn, partner_id=failed.partner_id, refund_id=failed.id, source="failed", to="processing", reason=None,
        amounts=amounts,
    )  # fmt: skip
    assert refund is not None, "the payment's row, held, keeps its refunds where they are"
    n = await transfers.next_n(conn, owner_id=refund.id)
    return AcceptedRefund(
        refund=refund, payment=claimed, instruction=await _send(needs, conn, payment, refund, n=n)
    )


async def _claim(conn: Connection, payment: Payment, order_minor: int, amounts: dict[str, Any]) -> Payment:
    before: Sequence[int] = payment.refunded_legs or [0] * len(payment.terms.legs)
    legs = [had + part for had, part in zip(before, amounts["legs"], strict=True)]
    return await sql.claim_refund(
        conn, payment, order_minor=order_minor, paid_minor=amounts["paid_minor"], legs=legs
    )


async def _send(
    needs: Needs,
    conn: Connection,
    payment: Payment,
    refund: Refund,
    *,
    n: int,
    look_after_s: float | None = None,
) -> Instruction:
    payer = payment.terms.payer
    assert payer is not None, "only a paid payment is refunded"
    transfer = Transfer(
        id=transfer_id(refund.id, n),
        kind="refund",
        unit=payment.currency,
        legs=_legs_back(payment, refund),
        issuer=payer.issuer,
        parent=await transfers.approved_id(conn, owner_id=payment.id, purposes=("payment", "capture")),
        statement=payment.terms.merchant_name,
        reference=refund.merchant_refund_no,
    )
    return await transfers.insert(
        conn, transfer, partner_id=refund.partner_id, owner_id=refund.id, n=n, purpose="refund",
        look_after_s=needs.patience.query_after_s if look_after_s is None else look_after_s,
    )  # fmt: skip


def _refuse(payment: Payment, order_minor: int) -> None:
    if payment.state is not State.SUCCEEDED:
        raise NotRefundable(payment.state)
    remaining_minor = payment.order_minor - payment.refunded_order_minor
    if order_minor > remaining_minor:
        raise RefundAboveRemainder(remaining_minor)


async def _amounts(
    conn: Connection, payment: Payment, order_minor: int, *, hold: bool = True
) -> dict[str, Any]:
    shares = _shares(payment, order_minor)
    by_role = amounts_by_role(payment.terms.legs, shares)
    backs = await credits_back.reckon(
        conn, payment, order_minor=order_minor, payer_minor=by_role["payer"], hold=hold
    )
    return {
        "credits_back": backs,
        "deducted_minor": credits_back.deducted_minor(backs),
        "paid_minor": by_role["payer"],
        "funded_minor": by_role["funder"],
        "fee_minor": by_role["fee"],
        "legs": shares,
    }


def _shares(payment: Payment, order_minor: int) -> list[int]:
    """What goes back over each leg, in their order."""
    legs = payment.terms.legs
    totals = _legs_of(payment, [leg.amount_minor for leg in legs])
    already = _legs_of(payment, payment.refunded_legs or [0] * len(legs))
    due = refund_legs(totals, already, order_minor)
    funders = iter(due.funders_minor)
    return [
        due.payer_minor if leg.role == "payer" else due.fee_minor if leg.role == "fee" else next(funders)
        for leg in legs
    ]


def _legs_back(payment: Payment, refund: Refund) -> tuple[Leg, ...]:
    """The payment's legs the other way round; what is deducted from the payer's goes to who funded it."""
    legs = payment.terms.legs
    amounts = [
        part - refund.deducted_minor if leg.role == "payer" else part
        for leg, part in zip(legs, refund.legs, strict=True)
    ]
    deducted = credits_back.deducted_legs(merchant_account(payment.merchant_id), refund.credits_back)
    return merged((*given_back(legs, amounts), *deducted))


def _legs_of(payment: Payment, amounts: Sequence[int]) -> Legs:
    by_role = amounts_by_role(payment.terms.legs, amounts)
    funders = tuple(
        amount for leg, amount in zip(payment.terms.legs, amounts, strict=True) if leg.role == "funder"
    )
    return Legs(payer_minor=by_role["payer"], funders_minor=funders, fee_minor=by_role["fee"])
