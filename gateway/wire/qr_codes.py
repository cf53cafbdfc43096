"""QR codes and payment codes on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.payments import PayerStatement, QrForm, ResourceId
from gateway.wire.time import Time

PictureFormat = Literal["png", "svg"]
PictureUse = Literal["screen", "till", "poster"]


class QrCodeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which code: of a payment that was made without a customer's code, or a sticker for a store or a terminal.

    One of the three is named.
    """

    payment_id: ResourceId | None = None
    store_id: ResourceId | None = None
    terminal_id: ResourceId | None = None


class QrCode(Struct, frozen=True, kw_only=True):
    """A signed code that a customer's wallet scans.

    Attributes:
        form: `emv` is EMVCo's format, `link` an address that any camera opens.
        payload: the text inside the symbol, to draw it yourself.
        state: only a live code can be paid and has a picture.
    """

    id: ResourceId
    kind: Literal["order_code", "store_code"]
    payment_id: ResourceId | None
    store_id: ResourceId | None
    terminal_id: ResourceId | None
    merchant_id: ResourceId
    form: QrForm
    payload: Annotated[str, Meta(max_length=512, examples=["00020101021226…6304A13A"])]
    state: Literal["live", "expired", "revoked"]
    created_at: Time
    expires_at: Time | None


class PictureQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the picture will be used.

    `screen`: 600 pixels wide; `till`: dot for dot on a 58 mm, 203 dpi receipt printer; `poster`: 300 dpi print.
    `logo`: with the wallet's logo in the middle, if the bank has set one; never on a slip, whose printer loses as much
    as a code can bear.
    """

    format: PictureFormat = "png"
    use: PictureUse = "screen"
    logo: bool = False


class PaymentCodeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user of your wallet wants to pay at a till."""

    payer: PayerStatement


class PaymentCode(Struct, frozen=True, kw_only=True):
    """A one-time code to show as a QR code and as Code 128; it dies on its first use.

    Attributes:
        emv_payload: the same code as an EMVCo consumer-presented payload, for the tills that expect one.
    """

    id: ResourceId
    code: Annotated[str, Meta(pattern="^[0-9]{19}$", examples=["5112345678901234567"])]
    emv_payload: Annotated[str, Meta(examples=["hQVDUFYwMWEW…"])]
    expires_at: Time
