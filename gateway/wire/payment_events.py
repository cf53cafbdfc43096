"""Webhooks about payments and refunds, to the merchant who is paid and to the wallet of who pays.

Nobody sees the other's side: the merchant learns nothing of the payer, the wallet nothing of fees and funders.
"""

from typing import Literal

from msgspec import Struct

from gateway.wire.payments import Payment, Refund, ResourceId, WalletPayment
from gateway.wire.told import Sequence, Told


class MerchantsPayment(Struct, frozen=True, kw_only=True, tag_field="audience", tag="merchant"):
    """The payment as it is after the change, as `GET /v1/payments/{payment_id}` shows it."""

    sequence: Sequence
    payment: Payment


class WalletsPayment(Struct, frozen=True, kw_only=True, tag_field="audience", tag="wallet"):
    """The payment as it is after the change, as `GET /wallet/v1/payments/{payment_id}` shows it."""

    sequence: Sequence
    payment: WalletPayment


class PaymentEvent(Told, frozen=True, kw_only=True):
    """A payment reached a state that somebody waits for."""

    type: Literal[
        "payment.requires_confirmation",
        "payment.succeeded",
        "payment.declined",
        "payment.canceled",
        "payment.expired",
        "payment.reversed",
        "payment.authorized",
    ]
    data: MerchantsPayment | WalletsPayment


class MerchantsRefund(Struct, frozen=True, kw_only=True, tag_field="audience", tag="merchant"):
    """The refund as it ended, with the order it belongs to."""

    sequence: Sequence
    merchant_order_no: str
    refund: Refund


class WalletsRefund(Struct, frozen=True, kw_only=True, tag_field="audience", tag="wallet"):
    """The payment as it is after the refund ended."""

    sequence: Sequence
    refund_id: ResourceId
    payment: WalletPayment


class RefundEvent(Told, frozen=True, kw_only=True):
    """A refund ended; the sequence is the payment's."""

    type: Literal["refund.succeeded", "refund.failed"]
    data: MerchantsRefund | WalletsRefund
