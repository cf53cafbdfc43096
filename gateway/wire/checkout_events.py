"""Webhooks about checkout sessions, to the merchant whose orders they are."""

from typing import Literal

from msgspec import Struct

from gateway.wire.checkout import Checkout
from gateway.wire.told import Sequence, Told


class MerchantsCheckout(Struct, frozen=True, kw_only=True):
    """The session as it ended."""

    audience: Literal["merchant"]
    sequence: Sequence
    checkout: Checkout


class CheckoutEvent(Told, frozen=True, kw_only=True):
    """A checkout session ended: it was paid, or it will not be."""

    type: Literal["checkout.completed", "checkout.expired"]
    data: MerchantsCheckout
