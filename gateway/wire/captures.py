"""What a capture would take, on the wire."""

from msgspec import Struct

from gateway.wire.money import Amount, PositiveAmount


class CapturePreviewRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would happen if this much of the order were captured, or all of it."""

    amount: PositiveAmount | None = None


class CaptureShares(Struct, frozen=True, kw_only=True):
    """Who gives what of a capture, and what goes back: `order` = `paid` + `discount`.

    Attributes:
        order: what is captured.
        paid: the customer's part of it.
        discount: the funders' part of it.
        fee: what the merchant pays to the bank for it.
        to_payer: what the customer gets back of what is held.
        to_funders: likewise its funders.
    """

    order: Amount
    paid: Amount
    discount: Amount
    fee: Amount
    to_payer: Amount
    to_funders: Amount
