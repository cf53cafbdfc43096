"""What stands on the phone's screen, as plain values."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.payments import AppliedOffer, Scan, StoreScan, WalletPayment

Screen = Literal["home", "code", "scan", "amount", "review", "asking", "result"]


class CodeShown(Struct, frozen=True, kw_only=True):
    """A payment code as the phone shows it; what was paid before `since` was paid by another."""

    digits: str
    qr: str
    bars: str
    since: datetime
    until: datetime
    life_s: float


class Review(Struct, frozen=True, kw_only=True):
    """What the payer is asked to agree to; `asked` is a payment that the bank wants confirmed."""

    kind: Literal["order", "store", "asked"]
    merchant: str
    store: str | None
    description: str | None
    order: Amount
    discount: Amount
    payable: Amount
    offers: list[AppliedOffer]
    until: datetime | None
    payment_id: str | None = None
    scan_id: str | None = None
    quote: str | None = None


class Shown(Struct, frozen=True, kw_only=True):
    """Everything on the phone's screen."""

    screen: Screen
    owner: str
    balance: Amount | None
    code: CodeShown | None
    sticker: str | None
    review: Review | None
    payment: WalletPayment | None
    history: list[WalletPayment]


def review_of(seen: Scan) -> Review:
    return Review(
        kind="order",
        merchant=seen.merchant_name,
        store=seen.store_name,
        description=seen.description,
        order=seen.order,
        discount=seen.discount,
        payable=seen.payable,
        offers=seen.offers,
        until=seen.expires_at,
        payment_id=seen.payment_id,
        scan_id=seen.id,
        quote=seen.quote,
    )


def review_of_store(seen: StoreScan) -> Review:
    assert seen.order is not None, "an amount was given"
    assert seen.discount is not None, "likewise"
    assert seen.payable is not None, "likewise"
    return Review(
        kind="store",
        merchant=seen.merchant_name,
        store=seen.store_name,
        description=None,
        order=seen.order,
        discount=seen.discount,
        payable=seen.payable,
        offers=seen.offers,
        until=None,
        scan_id=seen.id,
        quote=seen.quote,
    )


def review_asked(payment: WalletPayment) -> Review:
    return Review(
        kind="asked",
        merchant=payment.merchant_name,
        store=payment.store_name,
        description=payment.description,
        order=payment.order,
        discount=payment.discount,
        payable=payment.payable,
        offers=payment.offers,
        until=payment.expires_at,
        payment_id=payment.id,
    )


def asked(amount: Amount) -> PositiveAmount:
    return msgspec.convert(msgspec.to_builtins(amount), PositiveAmount)
