"""Capture of what a payment holds, with a preview that says who gives what."""

from collections.abc import Sequence

from gateway.api import payment_examples
from gateway.api.payments import answer, found
from gateway.door.operation import Answer, Call, operation
from gateway.payments import capture
from gateway.payments import errors as payments
from gateway.payments.legs import amounts_by_role
from gateway.payments.payment import Payment
from gateway.payments.waiting import carry_out, settled_within
from gateway.wallet import errors as wallet
from gateway.wallet.core import Leg
from gateway.wire import payments as wire
from gateway.wire.captures import CapturePreviewRequest, CaptureShares
from gateway.wire.money import Amount, PositiveAmount


async def replay_capture(call: Call[wire.CaptureRequest], resource_id: str) -> Answer:
    """The payment as it is now, captured by the first request."""
    payment = await found(call.parts, call.caller, resource_id)
    payment = await settled_within(
        call.parts.payments, payment, wait_s=call.parts.may_wait_s(call.body.wait_s)
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
    answer_examples=payment_examples.CAPTURED,
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
    wait_s = call.parts.may_wait_s(call.body.wait_s)
    return answer(call.parts, await carry_out(call.parts.payments, accepted, wait_s=wait_s), settled=200)


def _cny(amount_minor: int) -> Amount:
    return Amount(amount_minor=amount_minor, currency="CNY")


# Three quarters of an order of 128.00 on which the offer gave 20.00, at a fee of 0.38 %.
_SHARES = CaptureShares(
    order=_cny(9600),
    paid=_cny(8100),
    discount=_cny(1500),
    fee=_cny(36),
    to_payer=_cny(2700),
    to_funders=_cny(500),
)


@operation(
    "POST",
    "/v1/payments/{payment_id}/capture/preview",
    summary="See who would give what of a capture",
    scope="pay",
    answers={200: CaptureShares},
    problems=(
        payments.PaymentNotFound,
        payments.NotCapturable,
        payments.CaptureAboveAuthorized,
        payments.CurrencyNotTaken,
    ),
    example=CapturePreviewRequest(amount=PositiveAmount(amount_minor=9600, currency="CNY")),
    answer_example=_SHARES,
)
async def preview_capture(call: Call[CapturePreviewRequest]) -> Answer:
    """Moves nothing. Says what customer and funders would pay of it, and what of the hold would go back to them."""
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    legs = capture.taking(payment, _order_minor(payment, call.body.amount))
    return Answer(200, _shares(payment, legs))


def _shares(payment: Payment, legs: Sequence[Leg]) -> CaptureShares:
    taken = amounts_by_role(legs, [one.amount_minor for one in legs])

    def shown(amount_minor: int) -> Amount:
        return Amount(amount_minor=amount_minor, currency=payment.currency)

    return CaptureShares(
        order=shown(taken["payer"] + taken["funder"]),
        paid=shown(taken["payer"]),
        discount=shown(taken["funder"]),
        fee=shown(taken["fee"]),
        to_payer=shown(payment.paid_minor - taken["payer"]),
        to_funders=shown(payment.discount_minor - taken["funder"]),
    )


def _order_minor(payment: Payment, amount: PositiveAmount | None) -> int | None:
    if amount is None:
        return None
    if amount.currency != payment.currency:
        raise payments.CurrencyNotTaken(payment.currency)
    return amount.amount_minor
