"""One-time payment codes for the users of a wallet."""

import msgspec

from gateway.api.wallet import payer_facts
from gateway.door.errors import SecretAlreadyShown
from gateway.door.operation import Answer, Call, operation
from gateway.wire import qr_codes as wire
from gateway.wire.payments import PayerFacts
from qr import codes


async def replay_payment_code(call: Call[wire.PaymentCodeRequest], _resource_id: str) -> Answer:
    """The same code again, while it may be shown; it is no second code."""
    return Answer(201, msgspec.json.decode(call.claim.secret(), type=wire.PaymentCode))


@operation(
    "POST",
    "/wallet/v1/payment-codes",
    summary="Get a code for a payer to show at a till",
    scope="wallet",
    idempotent=True,
    replay=replay_payment_code,
    answers={201: wire.PaymentCode},
    problems=(SecretAlreadyShown,),
    rotate="POST /wallet/v1/payment-codes",
    example=wire.PaymentCodeRequest(payer=PayerFacts(id="wallet-1001", person_id="person-1001", factors=2)),
)
async def create_payment_code(call: Call[wire.PaymentCodeRequest]) -> Answer:
    """The payer is one of the caller's own issuer, whatever the body says.

    Show the 19 digits as a QR code and as Code 128, and ask for a new code before `expires_at`.
    """
    issuer = call.caller.issuer
    assert issuer is not None, "the scope `wallet` is granted to wallet clients alone"
    async with call.claim.transaction() as conn:
        scheme = call.parts.payment_codes
        issued = await codes.issue_payment_code(
            conn, scheme=scheme, payer=payer_facts(call.body.payer, issuer)
        )
        body = wire.PaymentCode(
            id=issued.id,
            code=issued.code,
            emv_payload=scheme.as_cpm(issued.code),
            expires_at=issued.expires_at,
        )
        call.claim.settle(issued.id, secret=msgspec.json.encode(body))
    return Answer(201, body)
