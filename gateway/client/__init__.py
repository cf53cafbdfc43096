"""The gateway's client for Python: what a till, a shop, a partner, a wallet's backend or an operator may ask.

    async with Gateway("https://pay.example") as gateway:
        till = Till(gateway, Credentials(client_id=..., key=SigningKey.from_jwk(...)))
        payment = await till.pay(PaymentRequest(amount=..., merchant_order_no="T7-000123", code=scanned))
        if payment.state not in FINAL:
            payment = await till.wait(payment.id)

Who plays: a `Gateway` (transport.py) is one address with its connections; on it stand users, a class per kind:
`Applicant`, `Partner`, `Till`, `WalletBackend`, `Operator`, each `SignedIn` (signed_in.py) with its own `SigningKey`
and a token that is renewed by itself. `webhook.Verifier` checks what the gateway sends,
`ResultReader` what a customer's browser brings back from a checkout.

Who retries: `Gateway.send` alone, and only what can do no harm (transport.py says what). Every deed carries one
idempotency key, the same on each repeat; when repeating was in vain, `AnswerLost` hands it out, to go on later.
"""

from gateway.client.applicant import Applicant, enrol, enrol_key
from gateway.client.checkout_result import ResultRefused
from gateway.client.checkouts import ResultReader
from gateway.client.errors import AnswerLost, GatewayError, ProblemAnswered, UnexpectedAnswer, Unreachable
from gateway.client.keys import SigningKey
from gateway.client.operator import Operator
from gateway.client.partner import Partner
from gateway.client.payee import Till
from gateway.client.settling import FINAL
from gateway.client.signed_in import Credentials
from gateway.client.transport import Gateway
from gateway.client.wallet import WalletBackend

__all__ = [
    "FINAL",
    "AnswerLost",
    "Applicant",
    "Credentials",
    "Gateway",
    "GatewayError",
    "Operator",
    "Partner",
    "ProblemAnswered",
    "ResultReader",
    "ResultRefused",
    "SigningKey",
    "Till",
    "UnexpectedAnswer",
    "Unreachable",
    "WalletBackend",
    "enrol",
    "enrol_key",
]
