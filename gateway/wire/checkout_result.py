"""What a customer's browser carries back to the shop: a JWS (RFC 7515, compact) with these claims."""

from typing import Final, Literal

from msgspec import Struct

from gateway.wire.money import Amount

RESULT_TYPE: Final = "checkout-result+jwt"
# Query parameter of the shop's address.
RESULT_PARAMETER: Final = "checkout_result"


class CheckoutResult(Struct, frozen=True, kw_only=True):
    """That a session was completed, told to the merchant (`aud`) whose session it is.

    Attributes:
        iss: the gateway's public address.
        env: `sandbox` or `production`.
        amount: what the order came to.
        paid: what the customer paid of it; offers paid the rest.
    """

    iss: str
    aud: str
    env: str
    iat: int
    exp: int
    jti: str
    session_id: str
    payment_id: str
    merchant_order_no: str
    amount: Amount
    paid: Amount
    status: Literal["completed"]
