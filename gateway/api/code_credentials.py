"""Phones that make payment codes without a network."""

import base64

import msgspec

from gateway.api.vouched import DEED_PROBLEMS, EXAMPLE, issuer_of, payer_of
from gateway.door.errors import SecretAlreadyShown
from gateway.door.operation import Answer, Call, operation
from gateway.wire import code_credentials as wire
from qr import credentials
from qr.errors import CredentialNotFound, CredentialRevoked
from qr.offline_code import NUMBER_DIGITS, PASSWORD_DIGITS, STEP_S


async def replay_credential(call: Call[wire.CredentialRequest], _resource_id: str) -> Answer:
    """The same number and secret again, while they may be shown."""
    return Answer(201, msgspec.json.decode(call.claim.secret(), type=wire.CodeCredential))


@operation(
    "POST",
    "/wallet/v1/code-credentials",
    summary="Let a phone make payment codes without a network",
    scope="wallet",
    idempotent=True,
    replay=replay_credential,
    answers={201: wire.CodeCredential},
    problems=(*DEED_PROBLEMS, CredentialNotFound, CredentialRevoked, SecretAlreadyShown),
    rotate="POST /wallet/v1/code-credentials",
    example=wire.CredentialRequest(payer=EXAMPLE),
)
async def create_code_credential(call: Call[wire.CredentialRequest]) -> Answer:
    """Enrols a phone, or renews one: do that at every contact, so that shops see a new number each time.

    The number before stays good for a day, for a phone that lost this answer.
    """
    scheme = call.parts.payment_codes
    async with call.claim.transaction() as conn:
        payer = await payer_of(call, conn, "code_credential", of=call.body.renews)
        if call.body.renews is None:
            provisioned = await credentials.enrol(conn, scheme=scheme, payer=payer)
        else:
            provisioned = await credentials.renew(
                conn, scheme=scheme, payer=payer, credential_id=call.body.renews
            )
        body = _wire(provisioned, prefix=scheme.prefix)
        call.claim.settle(provisioned.id, secret=msgspec.json.encode(body))
    return Answer(201, body)


@operation(
    "DELETE",
    "/wallet/v1/code-credentials/{credential_id}",
    summary="End a lost phone's codes",
    scope="wallet",
    answers={204: None},
    problems=(CredentialNotFound,),
)
async def delete_code_credential(call: Call[None]) -> Answer:
    """Once this has answered, no code of the phone is taken, whatever its clock shows."""
    async with call.parts.pool.acquire() as conn:
        await credentials.revoke(conn, issuer=issuer_of(call), credential_id=call.path["credential_id"])
    return Answer(204)


def _wire(one: credentials.Provisioned, *, prefix: str) -> wire.CodeCredential:
    return wire.CodeCredential(
        id=one.id,
        prefix=prefix,
        number=f"{one.number:0{NUMBER_DIGITS}d}",
        secret=base64.urlsafe_b64encode(one.secret).rstrip(b"=").decode(),
        algorithm="SHA256",
        digits=PASSWORD_DIGITS,
        step_s=STEP_S,
        expires_at=one.expires_at,
    )
