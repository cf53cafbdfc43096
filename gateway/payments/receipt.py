"""The receipt of a paid order."""

from typing import Final

from gateway.payments.payment import Payment, State
from gateway.wire.receipts import Receipt, ReceiptOffer
from merchants.money import Money, format_amount

# A short id shows less of itself, so that at least as much is hidden as shown.
_SHOWN: Final = 4


def of_payment(payment: Payment) -> Receipt | None:
    """What a till prints; None for a payment that took no money."""
    if payment.state is not State.SUCCEEDED or payment.payer_id is None:
        return None
    terms = payment.terms

    def printed(amount_minor: int) -> str:
        return format_amount(Money(amount_minor, payment.currency))

    return Receipt(
        merchant_name=terms.merchant_name,
        merchant_number=terms.merchant_number,
        store_name=terms.store_name,
        terminal_label=terms.terminal_label,
        payment_id=payment.id,
        merchant_order_no=payment.merchant_order_no,
        currency=payment.currency,
        order=printed(payment.order_minor),
        discount=printed(payment.discount_minor),
        paid=printed(payment.paid_minor),
        refunded=printed(payment.refunded_order_minor),
        offers=[
            ReceiptOffer(title=one.title, discount=printed(one.discount_minor))
            for one in terms.offers
            if one.discount_minor
        ],
        payer=masked(payment.payer_id),
        paid_at=payment.paid_at,
    )


def masked(payer_id: str) -> str:
    """Enough for the customer to know their account by, and for nobody else."""
    shown = min(_SHOWN, len(payer_id) // 2)
    return "***" + payer_id[len(payer_id) - shown :]
