"""What a till prints."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.time import Time

# Decimal text with as many digits as the currency has: 128.00 CNY, 128 JPY, 128.000 KWD.
Printed = Annotated[str, Meta(pattern="^[0-9]+([.][0-9]+)?$", examples=["128.00"])]


class ReceiptOffer(Struct, frozen=True, kw_only=True):
    """A line for an offer that was applied."""

    title: str
    discount: Printed


class Receipt(Struct, frozen=True, kw_only=True):
    """A paid order as the customer takes it home; amounts are text, ready to print.

    Attributes:
        merchant_number: 15 digits, by which the bank knows the merchant.
        payer: the paying account, masked.
        paid_at: when its payer showed the code, or confirmed.
    """

    merchant_name: str
    merchant_number: str | None
    store_name: str | None
    terminal_label: str | None
    payment_id: str
    merchant_order_no: str
    currency: Annotated[str, Meta(examples=["CNY"])]
    order: Printed
    discount: Printed
    paid: Printed
    refunded: Printed
    offers: list[ReceiptOffer]
    payer: Annotated[str, Meta(examples=["***1001"])]
    paid_at: Time
