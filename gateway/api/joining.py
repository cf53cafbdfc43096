"""What an approved applicant still does before its merchant is active: verify its account, sign the agreement."""

from typing import Any

from gateway.api import showing
from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, operation
from gateway.partners import admit, sign, verify_account
from gateway.storage.hub import DELIVERIES
from gateway.wallet.errors import IssuerNotServed
from gateway.wire import applications as application_wire
from gateway.wire import joining as wire
from merchants.access import errors as access
from merchants.errors import MerchantNotActive
from merchants.lifecycle import Status
from merchants.onboarding import agreement, verification
from merchants.onboarding import application as applications
from merchants.onboarding.agreement import Signer
from merchants.onboarding.application import Application
from merchants.onboarding.errors import (
    AgreementNotSigned,
    ApplicationCannotMove,
    ApplicationNotFound,
    CompanyIsPartner,
    TooManyAccountTries,
    VerificationNotReady,
    VerificationUnderway,
)

_LAST_STEP = (CompanyIsPartner, MerchantNotActive, access.ClientNotFound)


@operation(
    "GET",
    "/v1/applications/{application_id}/verification",
    summary="Read the account verification",
    scope="apply",
    answers={200: wire.AccountVerification},
    problems=(ApplicationNotFound, VerificationNotReady),
)
async def get_verification(call: Call[None]) -> Answer:
    """The latest one: whether the credits are there, how many tries are left, and until when."""
    return await _verification(call, applicant_id=call.caller.tenant)


async def replay_verification(call: Call[Any], _application_id: str) -> Answer:
    """As it is now. The claim was this caller's, who may have become a partner by it."""
    return await _verification(call, applicant_id=None)


@operation(
    "POST",
    "/v1/applications/{application_id}/verify-account",
    summary="Name the sum of the credits",
    scope="apply",
    idempotent=True,
    replay=replay_verification,
    answers={200: wire.AccountVerification},
    problems=(ApplicationNotFound, ApplicationCannotMove, VerificationNotReady, *_LAST_STEP),
    example=wire.CreditSum(sum_minor=93),
)
async def verify_sum(call: Call[wire.CreditSum]) -> Answer:
    """Read both credits off the account's statement and name their sum; `state` says whether it was right.

    Three wrong sums send the application back to you for another account. Once you are a partner by this, sign in
    again for a partner's token.
    """
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        answered = await admit.answer_sum(
            conn,
            call.parts.sealing,
            application_id=application_id,
            applicant_id=call.caller.tenant,
            sum_minor=call.body.sum_minor,
            actor=call.caller.client_id,
        )
    call.parts.hub.tell(application_id, DELIVERIES)
    return Answer(200, _shown(answered.verification, answered.tries_left))


@operation(
    "POST",
    "/v1/applications/{application_id}/verifications",
    summary="Ask for new credits",
    scope="apply",
    idempotent=True,
    replay=replay_verification,
    answers={201: wire.AccountVerification},
    problems=(
        ApplicationNotFound,
        ApplicationCannotMove,
        VerificationUnderway,
        TooManyAccountTries,
        IssuerNotServed,
    ),
)
async def begin_verification(call: Call[None]) -> Answer:
    """After the time to answer the last ones is over, which counted as one of three tries."""
    application_id, parts = call.path["application_id"], call.parts
    async with call.claim.transaction(application_id) as conn:
        application = await verification.lock_to_verify(
            conn, parts.sealing, application_id=application_id, applicant_id=call.caller.tenant
        )
        credit = await verify_account.begin(parts.payments, conn, parts.sealing, application)
        begun = await verification.latest(conn, application_id=application_id)
        left = await verification.tries_left(conn, parts.sealing, application)
    parts.payments.running.start(verify_account.submit_and_conclude(parts.payments, parts.sealing, credit))
    assert begun is not None, "it was stored just now"
    return Answer(201, _shown(begun, left))


@operation(
    "GET",
    "/v1/applications/{application_id}/agreement",
    summary="Read the agreement",
    scope="apply",
    answers={200: wire.Agreement},
    problems=(ApplicationNotFound,),
)
async def get_agreement(call: Call[None]) -> Answer:
    """The text, and the statement to sign once you are asked to; afterwards what was signed, with which key."""
    async with call.parts.pool.acquire() as conn:
        application = await applications.find(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            applicant_id=call.caller.tenant,
        )
        signed = await agreement.find(conn, application_id=application.id)
    text = call.parts.onboarding.agreement
    if signed is not None:
        return Answer(200, _signed(signed))
    return Answer(
        200,
        wire.Agreement(
            version=text.version,
            sha256=text.sha256.hex(),
            text=text.body,
            statement=_statement(application, text),
            signed_at=None,
            client_id=None,
            key_id=None,
        ),
    )


async def replay_signed(call: Call[wire.AgreementSignature], application_id: str) -> Answer:
    """The application as it is now; the claim was this caller's, who has become a partner by it."""
    async with call.parts.pool.acquire() as conn:
        found = await applications.find(
            conn, call.parts.sealing, application_id=application_id, applicant_id=None
        )
    return Answer(200, showing.application(found))


@operation(
    "POST",
    "/v1/applications/{application_id}/sign",
    summary="Sign the agreement",
    scope="apply",
    idempotent=True,
    replay=replay_signed,
    answers={200: application_wire.Application},
    problems=(
        ApplicationNotFound,
        ApplicationCannotMove,
        AgreementNotSigned,
        access.PublicKeyUnacceptable,
        access.PublicKeyUsedBefore,
        access.TooManyLiveKeys,
        *_LAST_STEP,
    ),
    example=wire.AgreementSignature(
        signer_name="张三",
        signer_title="法定代表人",
        jws="eyJhbGciOiJFZERTQSIsInR5cCI6ImFncmVlbWVudCtqd3QifQ.e30.c2ln",
    ),
)
async def sign_agreement(call: Call[wire.AgreementSignature]) -> Answer:
    """Sign the statement with a key for agreements; the merchant is active at once.

    Once you are a partner by this, sign in again for a partner's token.
    """
    application_id, body = call.path["application_id"], call.body
    async with call.claim.transaction(application_id) as conn:
        approval = await sign.sign(
            conn,
            call.parts.sealing,
            call.parts.onboarding.agreement,
            application_id=application_id,
            applicant_id=call.caller.tenant,
            client_id=call.caller.client_id,
            signer=Signer(name=body.signer_name, title=body.signer_title),
            jws=body.jws,
            public_jwk=members_of(body.jwk) if body.jwk else None,
        )
    call.parts.hub.tell(application_id, DELIVERIES)
    return Answer(200, showing.application(approval.application))


async def _verification(call: Call[Any], *, applicant_id: str | None) -> Answer:
    async with call.parts.pool.acquire() as conn:
        application = await applications.find(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            applicant_id=applicant_id,
        )
        found = await verification.latest(conn, application_id=application.id)
        if found is None:
            raise VerificationNotReady
        left = await verification.tries_left(conn, call.parts.sealing, application)
    return Answer(200, _shown(found, left))


def _shown(one: verification.Verification, tries_left: int) -> wire.AccountVerification:
    return wire.AccountVerification(
        id=one.id,
        state=one.state.value,
        tries_left=tries_left,
        reason=one.reason,
        created_at=one.created_at,
        sent_at=one.sent_at,
        expires_at=one.expires_at,
    )


def _statement(application: Application, text: agreement.AgreementText) -> wire.AgreementStatement | None:
    """None before the approval: the terms are not settled until then."""
    if application.status not in {Status.TO_BE_SIGNED, Status.TO_BE_VERIFIED}:
        return None
    settled = agreement.statement_of(application, text, Signer(name="", title=""))
    del settled["signer_name"], settled["signer_title"]
    return wire.AgreementStatement(**settled)


def _signed(one: agreement.Agreement) -> wire.Agreement:
    return wire.Agreement(
        version=one.version,
        sha256=one.sha256.hex(),
        text=None,
        statement=None,
        signed_at=one.signed_at,
        client_id=one.client_id,
        key_id=one.key_id,
    )
