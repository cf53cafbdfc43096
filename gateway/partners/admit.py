"""Letting a merchant in: the second pair of eyes, the steps behind it, and at the end the partner's own client.

Whatever makes the merchant promotes a new partner's client in the same transaction, together or not at all.
"""

from dataclasses import dataclass

from asyncpg.pool import PoolConnectionProxy

from gateway.partners import verify_account
from gateway.payments.needs import Needs
from gateway.transfers.transfer import Instruction
from merchants.access import clients
from merchants.lifecycle import Status
from merchants.onboarding import review, verification
from merchants.onboarding.admission import Approval
from merchants.onboarding.application import Step, Terms
from merchants.onboarding.verification import Answered
from merchants.sealing import Sealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What an approval led to; `credit` is to be submitted after the commit."""

    approval: Approval
    credit: Instruction | None


async def admit(
    needs: Needs,
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    operator_id: str,
    terms: Terms,
    reason: str,
    steps: tuple[Step, ...],
) -> Admitted:
    """Approve an application as its second pair of eyes, and begin the first of the steps that follow.

    Raises:
        MerchantsError: as `review.approve` does.
        ClientNotFound: the applicant's client was revoked meanwhile, so nobody could use the approval.
        TooManyAccountTries: the account to be verified was tried too often; ask for another.
        IssuerNotServed: the account is to be verified, and no core is connected.
    """
    approval = await review.approve(
        conn,
        sealing,
        application_id=application_id,
        operator_id=operator_id,
        terms=terms,
        reason=reason,
        steps=steps,
    )
    if approval.application.status is Status.TO_BE_VERIFIED:
        credit = await verify_account.begin(needs, conn, sealing, approval.application)
        return Admitted(approval=approval, credit=credit)
    return Admitted(approval=await promoted(conn, approval, actor=operator_id), credit=None)


async def answer_sum(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    sum_minor: int,
    actor: str,
) -> Answered:
    """Take the applicant's word for the sum of the credits; where nothing else is left, the merchant is active.

    Raises:
        MerchantsError: as `verification.answer` does.
        ClientNotFound: the applicant's client was revoked meanwhile.
    """
    answered = await verification.answer(
        conn,
        sealing,
        application_id=application_id,
        applicant_id=applicant_id,
        sum_minor=sum_minor,
        actor=actor,
    )
    if answered.approval is not None:
        await promoted(conn, answered.approval, actor=actor)
    return answered


async def promoted(conn: PoolConnectionProxy, approval: Approval, *, actor: str) -> Approval:
    """A new partner's applicant becomes its client; a sub-merchant has none.

    Raises:
        ClientNotFound: it was revoked meanwhile.
    """
    if approval.merchant is not None and approval.merchant.parent_id is None:
        await clients.promote_applicant(
            conn, application_id=approval.application.id, partner_id=approval.merchant.id, actor=actor
        )
    return approval
