"""Refunds: part or all of an order given back, with a preview that says who gets what."""

from datetime import UTC, datetime

from gateway.api.payment_examples import HALF_BACK
from gateway.api.payments import found, partner_of
from gateway.door.operation import Answer, Call, operation
from gateway.parts import Parts
from gateway.payments import errors as payments
from gateway.payments import refund as refunds
from gateway.payments import sql
from gateway.payments.payment import Payment, Refund
from gateway.payments.view import refund_for_merchant, shares
from gateway.payments.waiting import carry_out_refund
from gateway.wire import payments as wire
from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.page import Page
from merchants.ids import new_id

_PROBLEMS = (
    payments.PaymentNotFound,
    payments.NotRefundable,
    payments.RefundAboveRemainder,
    payments.CurrencyNotTaken,
)


def _cny(amount_minor: int) -> Amount:
    return Amount(amount_minor=amount_minor, currency="CNY")


_SHARES = wire.RefundShares(
    order=_cny(HALF_BACK.order_minor),
    to_payer=_cny(HALF_BACK.payer_minor),
    deducted=_cny(0),
    to_funders=_cny(sum(HALF_BACK.funders_minor)),
    fee_returned=_cny(HALF_BACK.fee_minor),
    taken=[],
)
_REFUND = wire.Refund(
    id="ref_01939e7c5b7a7c3f9d2e4a6b00000007",
    payment_id="pay_01939e7c5b7a7c3f9d2e4a6b00000007",
    merchant_refund_no="T7-000123-R1",
    state="succeeded",
    reason=None,
    shares=_SHARES,
    created_at=datetime(2026, 1, 5, 1, 30, tzinfo=UTC),
    updated_at=datetime(2026, 1, 5, 1, 30, 1, tzinfo=UTC),
)


async def replay_refund(call: Call[wire.RefundRequest], resource_id: str) -> Answer:
    """The refund as it is now."""
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    refund = await sql.find_refund(call.parts.pool, partner_id=payment.partner_id, refund_id=resource_id)
    assert refund is not None, "the key's row was committed with its refund"
    accepted = refunds.AcceptedRefund(refund=refund, payment=payment, instruction=None)
    return await _carried_out(call, accepted)


@operation(
    "POST",
    "/v1/payments/{payment_id}/refunds",
    summary="Refund part or all of a payment",
    scope="refund",
    idempotent=True,
    replay=replay_refund,
    answers={201: wire.Refund, 202: wire.Refund},
    problems=(*_PROBLEMS, payments.RefundExists, payments.SupervisorRequired),
    example=wire.RefundRequest(
        merchant_refund_no="T7-000123-R1", amount=PositiveAmount(amount_minor=6400, currency="CNY")
    ),
    answer_example=_REFUND,
)
async def create_refund(call: Call[wire.RefundRequest]) -> Answer:
    """The amount counts in order amount: customer and funders each get their part of it back.

    A till gives back of its own payments, up to so much a refund and a day; above it the answer is
    `supervisor_required`, and a client of the partner with the scope `refund` may do it.

    A refund that failed goes out again under the same `merchant_refund_no`. One whose merchant is short of balance
    waits for the next takings; it is never lost.
    """
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    _refuse_other_currency(payment, call.body.amount)
    asked = refunds.Asked(
        refund_id=new_id("ref", payment.terms.partner_no),
        merchant_refund_no=call.body.merchant_refund_no,
        order_minor=call.body.amount.amount_minor,
        note=call.body.reason,
    )
    async with call.claim.transaction(asked.refund_id) as conn:
        accepted = await refunds.accept(
            call.parts.payments, conn, partner_id=payment.partner_id, payment_id=payment.id, asked=asked
        )
        terminal_id = call.caller.terminal_id
        if terminal_id is not None and accepted.instruction is not None:
            await call.parts.payments.till_refunds.take(
                conn, payment, accepted.refund, terminal_id=terminal_id, now=call.now
            )
        call.claim.settle(accepted.refund.id)
    return await _carried_out(call, accepted)


@operation(
    "POST",
    "/v1/payments/{payment_id}/refunds/preview",
    summary="See what a refund would give back to whom",
    scope="refund",
    answers={200: wire.RefundShares},
    problems=_PROBLEMS,
    example=wire.RefundPreviewRequest(amount=PositiveAmount(amount_minor=6400, currency="CNY")),
    answer_example=_SHARES,
)
async def preview_refund(call: Call[wire.RefundPreviewRequest]) -> Answer:
    """Moves nothing. Says what the customer loses of cashback and points, and what of it comes off the refund."""
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    _refuse_other_currency(payment, call.body.amount)
    async with call.parts.pool.acquire() as conn:
        preview = await refunds.preview(conn, payment, call.body.amount.amount_minor)
    return Answer(200, shares(preview, currency=payment.currency))


@operation(
    "GET",
    "/v1/payments/{payment_id}/refunds",
    summary="List a payment's refunds",
    scope="query",
    answers={200: Page[wire.Refund]},
    problems=(payments.PaymentNotFound,),
    answer_example=Page(items=[_REFUND], next=None),
)
async def list_refunds(call: Call[None]) -> Answer:
    """Oldest first, all of them."""
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    rows = await sql.refunds_of(call.parts.pool, partner_id=payment.partner_id, payment_id=payment.id)
    items = [refund_for_merchant(row, currency=payment.currency) for row in rows]
    return Answer(200, Page(items=items, next=None))


@operation(
    "GET",
    "/v1/refunds/{refund_id}",
    summary="Read a refund, waiting for its end",
    scope="query",
    answers={200: wire.Refund},
    problems=(payments.RefundNotFound,),
    answer_example=_REFUND,
)
async def read_refund(call: Call[None, wire.PaymentQuery]) -> Answer:
    """With `wait_s` the answer comes as soon as the core has decided. A till sees those of its own payments."""
    parts, caller = call.parts, call.caller
    refund = await sql.find_refund(
        parts.pool, partner_id=partner_of(caller), refund_id=call.path["refund_id"]
    )
    if refund is None:
        raise payments.RefundNotFound
    try:
        payment = await found(parts, caller, refund.payment_id)
    except payments.PaymentNotFound:
        raise payments.RefundNotFound from None
    asked = refunds.AcceptedRefund(refund=refund, payment=payment, instruction=None)
    wait_s = parts.may_wait_s(call.query.wait_s)
    refund = await carry_out_refund(parts.payments, asked, wait_s=wait_s)
    return Answer(200, refund_for_merchant(refund, currency=payment.currency))


async def _carried_out(call: Call[wire.RefundRequest], accepted: refunds.AcceptedRefund) -> Answer:
    parts: Parts = call.parts
    wait_s = parts.may_wait_s(call.body.wait_s)
    refund: Refund = await carry_out_refund(parts.payments, accepted, wait_s=wait_s)
    body = refund_for_merchant(refund, currency=accepted.payment.currency)
    return Answer(202 if refund.state == "processing" else 201, body)


def _refuse_other_currency(payment: Payment, amount: PositiveAmount) -> None:
    if amount.currency != payment.currency:
        raise payments.CurrencyNotTaken(payment.currency)
