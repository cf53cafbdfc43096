"""What a core's answer to a capture makes of its payment; `capture` says what is captured and why so."""

from msgspec.structs import replace

from gateway.payments import authorized_sql, discounts, limits, refund, release
from gateway.payments.legs import amounts_by_role
from gateway.payments.needs import Needs
from gateway.payments.payment import REVERSAL_REFUSED, Payment, State
from gateway.payments.step import held, step, undone_by_core
from gateway.transfers.transfer import Connection, Settled
from gateway.wallet.core import Approved, ConfirmationRequired, Declined


async def follow(needs: Needs, conn: Connection, settled: Settled) -> Payment | None:
    """What a capture's answer makes of the payment; None while the rest of an undoing is still to come."""
    match settled.instruction.phase, settled.answer:
        case "open", Approved():
            await step(conn, settled, State.SUCCEEDED)
            return await _write_taken(conn, settled)
        case "open", Declined(reason) if reason in release.HOLD_OVER:
            return await undone_by_core(conn, settled)
        case "open", Declined(reason) | ConfirmationRequired(reason):
            return await authorized_sql.refuse_capture(
                conn, partner_id=settled.instruction.partner_id, payment_id=settled.instruction.owner_id,
                reason=reason,
            )  # fmt: skip
        case "undoing", Approved():
            await step(conn, settled, State.SUCCEEDED, reason=REVERSAL_REFUSED)
            return await refund.everything(needs, conn, await _write_taken(conn, settled))
        case phase, _:
            # What it took is back, or it took nothing. Either way the hold may stand, and must not.
            if phase == "open":
                await step(conn, settled, State.REVERSING)
            await release.next_one(needs, conn, settled)
            return None


async def _write_taken(conn: Connection, settled: Settled) -> Payment:
    """Make the payment what was captured of it; nothing to do where all was, or where it is done."""
    payment = await held(conn, settled)
    legs = settled.instruction.transfer.legs
    amounts = amounts_by_role(legs, [leg.amount_minor for leg in legs])
    order_minor = amounts["payer"] + amounts["funder"]
    if order_minor == payment.order_minor:
        return payment
    left = await discounts.shrink(conn, payment, legs)
    allowance = await limits.shrink(conn, payment, paid_minor=amounts["payer"])
    offers = tuple(
        discounts.left_of(one, left[one.offer_id]) for one in payment.terms.offers if one.offer_id in left
    )
    return await authorized_sql.write_captured(
        conn, payment, order_minor=order_minor, discount_minor=amounts["funder"], fee_minor=amounts["fee"],
        terms=replace(payment.terms, legs=legs, offers=offers, allowance=allowance),
    )  # fmt: skip
