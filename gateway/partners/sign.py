"""Signing the agreement: a JWS (RFC 7515) over the statement, by a key that is for agreements and nothing else."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from asyncpg.pool import PoolConnectionProxy

from gateway.partners.admit import promoted
from merchants.access import clients
from merchants.access.jws import JwsMalformed, signed_by, taken_apart
from merchants.access.principal import ClientKey
from merchants.onboarding import agreement
from merchants.onboarding.admission import Approval
from merchants.onboarding.agreement import AgreementText, Signature, Signer
from merchants.onboarding.errors import AgreementNotSigned
from merchants.sealing import Sealing

# Longer is no signature over our statement.
MAX_JWS_CHARACTERS: Final = 8192
_HEADER: Final = frozenset({"alg", "typ", "kid"})
TYPE: Final = "agreement+jwt"


async def sign(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    text: AgreementText,
    *,
    application_id: str,
    applicant_id: str,
    client_id: str,
    signer: Signer,
    jws: str,
    public_jwk: Mapping[str, Any] | None,
) -> Approval:
    """Check the signature, keep it and make the merchant, all in the caller's transaction.

    `public_jwk` is uploaded first, as the client's key for agreements; that it signs proves that it is the client's.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
        AgreementNotSigned: by no agreement key of this client, or over something else.
        PublicKeyUnacceptable, PublicKeyUsedBefore, TooManyLiveKeys
        CompanyIsPartner, MerchantNotActive, ClientNotFound
    """
    application = await agreement.lock_to_sign(
        conn, sealing, application_id=application_id, applicant_id=applicant_id
    )
    if public_jwk is not None:
        await clients.add_key(conn, client_id, public_jwk=public_jwk, purpose="agreement", actor=client_id)
    _, keys = await clients.with_keys(conn, client_id)
    live = [key for key in keys if key.purpose == "agreement" and key.revoked_at is None]
    key = verified(jws, live, said=agreement.statement_of(application, text, signer))
    signature = Signature(signer=signer, jws=jws, client_id=client_id, key_id=key.key_id)
    return await promoted(
        conn, await agreement.keep(conn, sealing, application, text, signature), actor=client_id
    )


def verified(jws: str, keys: list[ClientKey], *, said: dict[str, Any]) -> ClientKey:
    """The key that signed exactly this.

    Raises:
        AgreementNotSigned
    """
    payload = _payload(jws)
    if payload != said:
        differing = sorted(
            name for name in said.keys() | payload.keys() if said.get(name) != payload.get(name)
        )
        raise AgreementNotSigned(f"the payload differs in: {', '.join(differing)[:200]}")
    for key in keys:
        if signed_by(jws, key.jwk, key.algorithm):
            return key
    raise AgreementNotSigned("no live agreement key of yours made this signature")


def _payload(jws: str) -> dict[str, Any]:
    """What was signed, before it is known by whom; the header may name a key and nothing else."""
    try:
        header, signed = taken_apart(jws, max_characters=MAX_JWS_CHARACTERS)
        payload = msgspec.json.decode(signed, type=dict[str, Any])
    except (JwsMalformed, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise AgreementNotSigned("this is no compact JWS over a JSON object") from None
    if not header.keys() <= _HEADER or header.get("typ") != TYPE:
        raise AgreementNotSigned(f"the header has alg, typ {TYPE} and at most kid")
    return payload
