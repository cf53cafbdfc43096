"""Capture: take all or part of what an authorization holds; the core gives the rest back in the same transfer.

A capture of a part makes the payment that part: each leg of what was agreed shrinks in proportion, by the same
largest-remainder rule as refunds use, so that the captured order is what the payer pays plus what the funders give;
the fee is reckoned on the captured order; offers and their budgets keep what is left of the discount. Refunds then
count from the captured order, and name the capture's transfer.

A capture only goes forward, as a refund does: the payer has agreed and the amount is set aside, so that doubt is
borne until the core answers, and nobody loses a sale to a core's silence. What it refuses is authorized as before.
"""

from gateway.payments import authorized_sql, sql
from gateway.payments.accepted import Accepted
from gateway.payments.errors import CaptureAboveAuthorized, NotCapturable, PaymentNotFound
from gateway.payments.legs import captured, fee_minor
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment, State
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection, transfer_id
from gateway.wallet.core import Leg, Transfer
from merchants.offers.partial import part_of


async def accept(
    needs: Needs, conn: Connection, *, partner_id: str, payment_id: str, order_minor: int | None
) -> Accepted:
    """Store the capture of this much of the order, or of all of it, in the caller's transaction.

    Raises:
        PaymentNotFound
        NotCapturable: nothing is held, not any more, or it is being captured or let go.
        CaptureAboveAuthorized: more than is held.
    """
    latest = await transfers.decided_n(conn, owner_id=payment_id)
    payment = await sql.lock(conn, partner_id=partner_id, payment_id=payment_id)
    if payment is None:
        raise PaymentNotFound
    legs = taking(payment, order_minor)
    capturing = await authorized_sql.begin_capture(conn, payment)
    if capturing is None or latest is None:
        raise NotCapturable(State.EXPIRED)
    needs.cores.check_available(_issuer(payment))
    transfer = Transfer(
        id=transfer_id(payment.id, latest + 1),
        kind="capture",
        unit=payment.currency,
        legs=legs,
        issuer=_issuer(payment),
        parent=await transfers.approved_id(conn, owner_id=payment.id, purposes=("payment",)),
        statement=payment.terms.merchant_name,
        reference=payment.merchant_order_no,
    )
    instruction = await transfers.insert(
        conn, transfer, partner_id=payment.partner_id, owner_id=payment.id, n=latest + 1, purpose="capture",
        look_after_s=needs.patience.query_after_s,
    )  # fmt: skip
    return Accepted(payment=capturing, instruction=instruction)


def taking(payment: Payment, order_minor: int | None) -> tuple[Leg, ...]:
    """The legs that take this much of what is held, or all of it.

    Raises:
        NotCapturable: nothing is held, not any more, or it is being captured or let go.
        CaptureAboveAuthorized: more than is held.
    """
    if payment.state is not State.AUTHORIZED:
        raise NotCapturable(payment.state)
    if payment.expires_at is None:  # nobody captured in time, and it is on its way back
        raise NotCapturable(State.EXPIRED)
    taken_minor = payment.order_minor if order_minor is None else order_minor
    if taken_minor > payment.order_minor:
        raise CaptureAboveAuthorized(payment.order_minor)
    return captured(payment.terms.legs, taken_minor, fee_minor=_fee_minor(payment, taken_minor))


def _fee_minor(payment: Payment, taken_minor: int) -> int:
    """The fee on what is captured, less the same part of what was waived."""
    waived_minor = part_of(
        payment.terms.fee_waived_minor, taken_minor=taken_minor, order_minor=payment.order_minor
    )
    return max(0, fee_minor(taken_minor, payment.terms.fee_basis_points) - waived_minor)


def _issuer(payment: Payment) -> str:
    assert payment.issuer is not None, "what is held is a payer's"
    return payment.issuer
