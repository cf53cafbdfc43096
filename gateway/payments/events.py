"""What partners and wallets are told of a payment: one event an audience, in the transaction that changed it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from gateway.payments import view
from gateway.payments.payment import Payment, Refund, State
from merchants.ids import new_id
from webhooks.event import Audience, NewEvent

TYPES: Final = {
    State.REQUIRES_CONFIRMATION: "payment.requires_confirmation",
    State.AUTHORIZED: "payment.authorized",
    State.SUCCEEDED: "payment.succeeded",
    State.DECLINED: "payment.declined",
    State.EXPIRED: "payment.expired",
    State.CANCELED: "payment.canceled",
    State.REVERSED: "payment.reversed",
}


def of_payment(payment: Payment, *, resolved_within: timedelta) -> list[NewEvent]:
    """The events of the state a payment just reached; none for states that only wait."""
    kind = TYPES.get(payment.state)
    if kind is None:
        return []
    events = [
        _event(
            payment,
            kind,
            "merchant",
            {"payment": view.for_merchant(payment, resolved_within=resolved_within)},
        )
    ]
    if payment.payer_id is not None:
        events.append(_event(payment, kind, "wallet", {"payment": view.for_wallet(payment)}))
    return events


def of_refund(payment: Payment, refund: Refund) -> list[NewEvent]:
    """`refund.succeeded` or `refund.failed`, to the merchant and to the payer's wallet."""
    kind = f"refund.{refund.state}"
    rendered = view.refund_for_merchant(refund, currency=payment.currency)
    return [
        _event(
            payment, kind, "merchant", {"refund": rendered, "merchant_order_no": payment.merchant_order_no}
        ),
        _event(payment, kind, "wallet", {"refund_id": refund.id, "payment": view.for_wallet(payment)}),
    ]


def _event(payment: Payment, kind: str, audience: Audience, data: Mapping[str, Any]) -> NewEvent:
    return NewEvent(
        id=new_id("evt", _partner_no(payment)),
        type=kind,
        tenant=payment.partner_id if audience == "merchant" else f"issuer:{payment.issuer}",
        audience=audience,
        object_id=payment.id,
        sequence=payment.sequence,
        merchant_id=payment.merchant_id,
        store_id=payment.store_id,
        occurred_at=payment.updated_at,
        data=data,
    )


def _partner_no(payment: Payment) -> int:
    return payment.terms.partner_no
