"""A payment as each audience may see it: its merchant, its payer's wallet. Nobody sees the other's secrets."""

from datetime import datetime, timedelta
from typing import Final

from gateway.payments import receipt
from gateway.payments.payment import IN_FLIGHT, Payment, Preview, Refund, State
from gateway.wallet.core import DECLINES
from gateway.wire import payments as wire
from gateway.wire.money import Amount, Given
from gateway.wire.payments import NextActionType
from merchants.offers.giving import Form
from merchants.offers.quote import Quote

# Every state has a reason; where nothing happened on the way that one would tell, it is what the state itself means.
MEANINGS: Final = {
    State.REQUIRES_PAYER: ("awaits_payer", "The code is shown; nobody has confirmed yet."),
    State.REQUIRES_CONFIRMATION: (
        "payer_must_confirm",
        "The payer is known and has to confirm in the wallet.",
    ),
    State.PROCESSING: ("awaits_core", "Handed to the wallet core, whose answer is not known yet."),
    State.AUTHORIZED: ("held", "The amount is held and waits to be captured."),
    State.CAPTURING: (
        "awaits_core",
        "The capture was handed to the wallet core, whose answer is not known yet.",
    ),
    State.REVERSING: ("being_undone", "It is being undone; it is not known yet that it is."),
    State.SUCCEEDED: ("paid", "The wallet core moved the money."),
    State.DECLINED: ("declined", "The wallet core declined; nothing was moved."),
    State.EXPIRED: ("expired", "Its time is over; nothing was moved."),
    State.CANCELED: ("canceled", "It was canceled; the payer is not charged."),
    State.REVERSED: ("reversed", "It was undone; the payer is not charged."),
}
# What moves a payment on, and whose turn it is.
NEXT_ACTIONS: Final[dict[State, NextActionType]] = {
    State.REQUIRES_PAYER: "show_qr",
    State.REQUIRES_CONFIRMATION: "confirm",
    State.PROCESSING: "wait",
    State.AUTHORIZED: "capture",
    State.CAPTURING: "wait",
    State.REVERSING: "wait",
    State.SUCCEEDED: "none",
    State.DECLINED: "pay_again",
    State.EXPIRED: "pay_again",
    State.CANCELED: "none",
    State.REVERSED: "none",
}
# Words for the reasons that are ours; the core's own stand with the core.
_REASONS: Final = {
    "not_confirmed_in_time": "Nobody confirmed in time; ask for a fresh code.",
    "ended_by_merchant": "The merchant ended the order before anybody paid; the payer is not charged.",
    "canceled_by_merchant": "The merchant canceled; the payer is not charged.",
    "canceled_before_arrival": "The order was canceled before a payment arrived under its number.",
    "payer_limit_exceeded": "It is above what is left of the payer's daily limit; take another means of payment.",
    "authorization_expired": "Nobody captured in time; what was held goes back to the payer.",
    "declined_by_risk": "It cannot be made with this wallet now; take another means of payment.",
    "step_up": "The payer has to confirm this amount in the wallet.",
    "confirmation_impossible": "The phone has no network to confirm in; let it connect and show a new code.",
    "declined_by_payer": "The payer declined in the wallet.",
    "outcome_in_doubt": "The wallet core did not answer in time; the payment is being undone.",
    "undone_in_doubt": "The wallet core did not answer in time; the payment was undone and the payer is not charged.",
    "reversal_refused": "The wallet core had charged and would not undo it; everything is being refunded.",
    "undone_by_core": "The wallet core undid the payment by itself; the payer is not charged.",
}
BENEFITS: Final[dict[Form, wire.Benefit]] = {
    Form.DISCOUNT: "discount",
    Form.CASHBACK: "cashback",
    Form.POINTS: "points",
    Form.FEE: "fee_waiver",
}
_ELSEWHERE: Final = "See the wallet core's own list of reasons."


def reason(code: str | None) -> wire.Reason | None:
    if code is None:
        return None
    return wire.Reason(code=code, detail=_REASONS.get(code) or DECLINES.get(code, _ELSEWHERE))


def reason_of(payment: Payment) -> wire.Reason:
    """Why the payment is where it is; without anything special, what its state means."""
    told = reason(payment.reason)
    if told is not None:
        return told
    code, words = MEANINGS[payment.state]
    return wire.Reason(code=code, detail=words)


def for_merchant(payment: Payment, *, resolved_within: timedelta) -> wire.Payment:
    """What the merchant's till, systems and webhooks see; nothing of the payer but a masked account."""
    return wire.Payment(
        id=payment.id,
        merchant_id=payment.merchant_id,
        store_id=payment.store_id,
        terminal_id=payment.terminal_id,
        merchant_order_no=payment.merchant_order_no,
        description=payment.terms.description,
        direction=payment.direction,  # type: ignore[arg-type] # the column's check says it is one of them
        state=payment.state.value,
        reason=reason_of(payment),
        next_action=_next_action(payment),
        capture=payment.terms.capture,
        authorized=None if payment.authorized_minor is None else _amount(payment, payment.authorized_minor),
        resolves_by=_resolves_by(payment, resolved_within),
        order=_amount(payment, payment.order_minor),
        discount=_amount(payment, payment.discount_minor),
        paid=_amount(payment, payment.paid_minor),
        fee=_amount(payment, payment.fee_minor),
        refunded=_amount(payment, payment.refunded_order_minor),
        offers=_offers(payment),
        receipt=receipt.of_payment(payment),
        sequence=payment.sequence,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
        expires_at=payment.expires_at,
    )


def for_wallet(payment: Payment) -> wire.WalletPayment:
    """What the payer's wallet sees; nothing of fees or of who funds the discount."""
    assert payment.payer_id is not None, "a payment nobody is bound to has no payer's view"
    return wire.WalletPayment(
        id=payment.id,
        payer_id=payment.payer_id,
        merchant_name=payment.terms.merchant_name,
        store_name=payment.terms.store_name,
        description=payment.terms.description,
        state=payment.state.value,
        reason=reason_of(payment),
        order=_amount(payment, payment.order_minor),
        discount=_amount(payment, payment.discount_minor),
        payable=_amount(payment, payment.paid_minor),
        refunded=_amount(payment, payment.refunded_order_minor),
        offers=_offers(payment, for_payer=True),
        sequence=payment.sequence,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
        expires_at=payment.expires_at,
    )


def refund_for_merchant(refund: Refund, *, currency: str) -> wire.Refund:
    return wire.Refund(
        id=refund.id,
        payment_id=refund.payment_id,
        merchant_refund_no=refund.merchant_refund_no,
        state=refund.state,  # type: ignore[arg-type] # the column's check says it is one of them
        reason=reason(refund.reason),
        shares=shares(refund, currency=currency),
        created_at=refund.created_at,
        updated_at=refund.updated_at,
    )


def applied_offers(quote: Quote) -> list[wire.AppliedOffer]:
    """The offers of a quote that nobody has agreed to yet, as its payer may see them."""
    return [
        wire.AppliedOffer(
            offer_id=one.offer_id,
            title=one.offer.deal.name,
            discount=Amount(amount_minor=one.discount_minor, currency=quote.currency),
            benefit=BENEFITS[one.form],
            given=Given(amount_minor=one.given_minor, currency=one.unit),
        )
        for one in quote.applied
        if one.form is not Form.FEE
    ]


def shares(refund: Refund | Preview, *, currency: str) -> wire.RefundShares:
    """Who gets what of a refund, or would."""
    return wire.RefundShares(
        order=Amount(amount_minor=refund.order_minor, currency=currency),
        to_payer=Amount(amount_minor=refund.paid_minor - refund.deducted_minor, currency=currency),
        deducted=Amount(amount_minor=refund.deducted_minor, currency=currency),
        to_funders=Amount(amount_minor=refund.funded_minor, currency=currency),
        fee_returned=Amount(amount_minor=refund.fee_minor, currency=currency),
        taken=[
            Given(amount_minor=sum(back.taken), currency=back.unit)
            for back in refund.credits_back
            if any(back.taken)
        ],
    )


def _next_action(payment: Payment) -> wire.NextAction:
    if payment.state is State.REQUIRES_PAYER:
        return wire.NextAction(type="show_qr", qr_payload=payment.terms.qr_payload)
    return wire.NextAction(type="wait" if _is_let_go(payment) else NEXT_ACTIONS[payment.state])


def _resolves_by(payment: Payment, resolved_within: timedelta) -> datetime | None:
    """While the core's answer is awaited: when it is known at the latest, as far as the core answers at all."""
    if payment.state in IN_FLIGHT or _is_let_go(payment):
        return payment.updated_at + resolved_within
    return payment.expires_at if NEXT_ACTIONS[payment.state] in {"show_qr", "confirm", "capture"} else None


def _is_let_go(payment: Payment) -> bool:
    """Nobody captured in time: what is held is on its way back."""
    return payment.state is State.AUTHORIZED and payment.expires_at is None


def _offers(payment: Payment, *, for_payer: bool = False) -> list[wire.AppliedOffer]:
    """What was applied; that the merchant is spared its fee is no business of the payer's."""
    return [
        wire.AppliedOffer(
            offer_id=one.offer_id,
            title=one.title,
            discount=_amount(payment, one.discount_minor),
            benefit=one.form.value,
            given=Given(amount_minor=one.discount_minor or one.given, currency=one.unit or payment.currency),
        )
        for one in payment.terms.offers
        if not (for_payer and one.form is Form.FEE)
    ]


def _amount(payment: Payment, amount_minor: int) -> Amount:
    return Amount(amount_minor=amount_minor, currency=payment.currency)
