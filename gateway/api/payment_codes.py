"""One-time payment codes for the users of a wallet."""

import msgspec

from gateway.api.vouched import DEED_PROBLEMS, EXAMPLE, payer_of
from gateway.door.errors import SecretAlreadyShown
from gateway.door.operation import Answer, Call, operation
from gateway.wire import qr_codes as wire
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
    problems=(*DEED_PROBLEMS, SecretAlreadyShown),
    rotate="POST /wallet/v1/payment-codes",
    example=wire.PaymentCodeRequest(payer=EXAMPLE),
)
async def create_payment_code(call: Call[wire.PaymentCodeRequest]) -> Answer:
    """The payer is one of the caller's own issuer, which has signed who it is.

    Show the 19 digits as a QR code and as Code 128, and ask for a new code before `expires_at`.
    """
    async with call.claim.transaction() as conn:
        scheme = call.parts.payment_codes
        payer = await payer_of(call, conn, "payment_code")
        issued = await codes.issue_payment_code(conn, scheme=scheme, payer=payer)
        body = wire.PaymentCode(
            id=issued.id,
            code=issued.code,
            emv_payload=scheme.as_cpm(issued.code),
            expires_at=issued.expires_at,
        )
        call.claim.settle(issued.id, secret=msgspec.json.encode(body))
    return Answer(201, body)
