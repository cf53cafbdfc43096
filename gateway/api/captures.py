"""Capture of what a payment holds."""

from gateway.api.payments import answer, found
from gateway.door.operation import Answer, Call, operation
from gateway.payments import capture
from gateway.payments import errors as payments
from gateway.payments.payment import Payment
from gateway.payments.waiting import carry_out, settled_within
from gateway.wallet import errors as wallet
from gateway.wire import payments as wire
from gateway.wire.money import PositiveAmount


async def replay_capture(call: Call[wire.CaptureRequest], resource_id: str) -> Answer:
    """The payment as it is now, captured by the first request."""
    payment = await found(call.parts, call.caller, resource_id)
    payment = await settled_within(
        call.parts.payments, payment, wait_s=min(call.body.wait_s, call.parts.max_wait_s)
    )
    return answer(call.parts, payment, settled=200)


@operation(
    "POST",
    "/v1/payments/{payment_id}/capture",
    summary="Capture what is held",
    scope="pay",
    idempotent=True,
    replay=replay_capture,
    answers={200: wire.Payment, 202: wire.Payment},
    problems=(
        payments.PaymentNotFound,
        payments.NotCapturable,
        payments.CaptureAboveAuthorized,
        payments.CurrencyNotTaken,
        wallet.WalletCoreUnavailable,
        wallet.IssuerNotServed,
    ),
    example=wire.CaptureRequest(amount=PositiveAmount(amount_minor=9600, currency="CNY")),
)
async def capture_payment(call: Call[wire.CaptureRequest]) -> Answer:
    """All of the order, or part of it; once. What is not captured goes back to the customer at once.

    Of a part, customer and funders each pay their part, to the cent. A capture that the wallet core refuses leaves the
    payment `authorized`, with the reason. What nobody captures in time is let go, and the payment expires.
    """
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    order_minor = _order_minor(payment, call.body.amount)
    async with call.claim.transaction(payment.id) as conn:
        accepted = await capture.accept(
            call.parts.payments,
            conn,
            partner_id=payment.partner_id,
            payment_id=payment.id,
            order_minor=order_minor,
        )
    wait_s = min(call.body.wait_s, call.parts.max_wait_s)
    return answer(call.parts, await carry_out(call.parts.payments, accepted, wait_s=wait_s), settled=200)


def _order_minor(payment: Payment, amount: PositiveAmount | None) -> int | None:
    if amount is None:
        return None
    if amount.currency != payment.currency:
        raise payments.CurrencyNotTaken(payment.currency)
    return amount.amount_minor
