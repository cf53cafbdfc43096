"""What the browser carries back to the shop: that the session was completed, in our signature.

A JWS of its own type by keys of their own purpose, for one audience and for minutes: a page that is looked at again
gets a new one. It says nothing of the customer. It thanks; goods are shipped on a webhook's word or on a reading's.
Composed here (RFC 7515, compact form) because the key stays behind `Signer`, which an HSM can be.
"""

import base64
import secrets
from datetime import datetime
from typing import Final

import msgspec

from gateway.checkout.session import Attempted, State
from gateway.payments.payment import State as PaymentState
from gateway.wire.checkout_result import RESULT_TYPE, CheckoutResult
from gateway.wire.money import Amount
from merchants.keyring import Keyring, Purpose

# A browser is back at the shop within seconds; slow ones within minutes.
LIFE_S: Final = 600


def is_success(attempted: Attempted) -> bool:
    """Whether it is completed and stands: a cancel may have given the payment back since."""
    return attempted.session.state is State.COMPLETED and attempted.payment.state is PaymentState.SUCCEEDED


def signed(keyring: Keyring, attempted: Attempted, *, issuer: str, environment: str, now: datetime) -> str:
    """The result of a session that is a success."""
    assert is_success(attempted), "nothing else is signed"
    session, payment = attempted.session, attempted.payment
    issued_at = int(now.timestamp())
    claims = CheckoutResult(
        iss=issuer,
        aud=session.merchant_id,
        env=environment,
        iat=issued_at,
        exp=issued_at + LIFE_S,
        jti=secrets.token_hex(16),
        session_id=session.id,
        payment_id=payment.id,
        merchant_order_no=session.merchant_order_no,
        amount=Amount(amount_minor=session.order_minor, currency=session.currency),
        paid=Amount(amount_minor=payment.paid_minor, currency=session.currency),
        status="completed",
    )
    signer = keyring.signer(Purpose.CHECKOUT)
    header = {"alg": "EdDSA", "kid": signer.kid, "typ": RESULT_TYPE}
    content = b".".join(_base64url(msgspec.json.encode(one)) for one in (header, claims))
    return (content + b"." + _base64url(signer.sign(content))).decode()


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
