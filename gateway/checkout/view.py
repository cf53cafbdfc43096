"""A session as its merchant sees it."""

from typing import Any, Final

from msgspec import structs

from gateway.checkout.session import (
    ENDED_BY_MERCHANT,
    NOT_PAID_IN_TIME,
    PAYMENT_CANCELED,
    PAYMENT_UNDONE,
    Attempted,
    State,
)
from gateway.wire import checkout as wire
from gateway.wire.money import Amount
from gateway.wire.payments import Reason

REASONS: Final = {
    NOT_PAID_IN_TIME: "Nobody paid in time; the order may be paid by another session.",
    ENDED_BY_MERCHANT: "The merchant ended it before it was paid; the order may be paid by another session.",
    PAYMENT_CANCELED: "The payment was canceled, and its order number with it; the customer is not charged.",
    PAYMENT_UNDONE: "The payment was undone; the customer is not charged. Take a new order number to try again.",
}


def facts(attempted: Attempted) -> wire.Checkout:
    """What webhooks tell: nothing that opens the page."""
    return wire.Checkout(**_facts(attempted))


def for_merchant(attempted: Attempted, *, url: str) -> wire.CheckoutSession:
    terms = attempted.session.terms
    return wire.CheckoutSession(
        **_facts(attempted),
        url=url,
        success_url=terms.success_url,
        cancel_url=terms.cancel_url,
        description=terms.description,
        lines=[
            wire.CheckoutLine(**{name: getattr(one, name) for name in wire.CheckoutLine.__struct_fields__})
            for one in terms.lines
        ],
    )


def _facts(attempted: Attempted) -> dict[str, Any]:
    session, payment = attempted.session, attempted.payment
    paid = session.state is State.COMPLETED
    return {
        **{name: getattr(session, name) for name in _SAME},
        "customer_reference": session.terms.customer_reference,
        "state": session.state.value,
        "reason": None
        if session.reason is None
        else Reason(code=session.reason, detail=REASONS[session.reason]),
        "amount": Amount(amount_minor=session.order_minor, currency=session.currency),
        "discount": Amount(amount_minor=payment.discount_minor, currency=session.currency) if paid else None,
        "paid": Amount(amount_minor=payment.paid_minor, currency=session.currency) if paid else None,
    }


_SAME: Final = tuple(
    one.name
    for one in structs.fields(wire.Checkout)
    if one.name not in {"customer_reference", "state", "reason", "amount", "discount", "paid"}
)
