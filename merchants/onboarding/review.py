"""What the bank's people do with an application: one takes the case, another approves it.

The database refuses that both are the same person (constraint `applications_two_people`); here that refusal only
gets its words. The reviewer proposes the terms, and the approver confirms the very same.
"""

from dataclasses import dataclass
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import standing
from merchants.lifecycle import Status
from merchants.merchant import Merchant
from merchants.onboarding import admission, sql, transition
from merchants.onboarding.application import Application, Terms, lock, opened, store
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    NotTheReviewer,
    SamePerson,
    TermsChanged,
)
from merchants.sealing import Sealing
from webhooks import outbox

# The bank's list price, until the reviewer proposes otherwise: 0.38 % and no limit of its own.
STANDARD_TERMS: Final = Terms(fee_basis_points=38, payment_limit_minor=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an approval made; without a parent the merchant is a new partner, whose client is to be promoted."""

    application: Application
    merchant: Merchant


async def in_status(
    conn: PoolConnectionProxy, sealing: Sealing, *, status: Status, after_id: str | None, limit: int
) -> list[Application]:
    """A page of everybody's applications in this state, oldest first: a queue."""
    rows = await sql.in_status(conn, status=status, after_id=after_id, limit=limit)
    return [opened(sealing, row) for row in rows]


async def others_of_company(conn: PoolConnectionProxy, application: Application) -> list[str]:
    """Other applications under the same credit code, for the reviewer to look at."""
    code = application.particulars.credit_code
    if code is None:
        return []
    return await sql.others_of_company(conn, application_id=application.id, credit_code=code)


async def take(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, operator_id: str
) -> Application:
    """Take a submitted case; whoever is second finds it taken.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    taken = application.moved(Status.UNDER_REVIEW, reason="", reviewer_id=operator_id, terms=STANDARD_TERMS)
    return await transition.store_move(conn, taken, actor=operator_id)


async def propose_terms(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, operator_id: str, terms: Terms
) -> Application:
    """Set what the approver will be asked to confirm.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
        NotTheReviewer: somebody else took the case.
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    if application.status is not Status.UNDER_REVIEW:
        raise ApplicationCannotMove(application.status)
    if application.reviewer_id != operator_id:
        raise NotTheReviewer
    proposed = await store(conn, application.with_terms(terms))
    await transition.record(
        conn,
        proposed,
        deed="application.terms_proposed",
        actor=operator_id,
        fee_basis_points=terms.fee_basis_points,
        payment_limit_minor=terms.payment_limit_minor,
    )
    return proposed


async def ask(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, operator_id: str, reason: str
) -> Application:
    """Send it back to the applicant with a question.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    asked = application.moved(Status.NEEDS_MORE_INFO, reason=reason)
    return await transition.store_move(conn, asked, actor=operator_id)


async def reject(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, operator_id: str, reason: str
) -> Application:
    """Turn it down, for good.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    rejected = application.moved(Status.REJECTED, reason=reason)
    return await transition.store_move(conn, rejected, actor=operator_id)


async def approve(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    operator_id: str,
    terms: Terms,
    reason: str,
) -> Approval:
    """Approve under the terms the approver saw, and make the merchant, active from the commit on.

    The caller promotes a new partner's client in the same transaction (`gateway/partners/admit.py`).

    Raises:
        ApplicationNotFound, ApplicationCannotMove
        SamePerson: the approver took the case; the database refused.
        TermsChanged: the reviewer proposed others meanwhile.
        CompanyIsPartner: another application of this company was approved.
        MerchantNotActive: the partner of this sub-merchant is suspended or closed.
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    if application.status is not Status.UNDER_REVIEW:
        raise ApplicationCannotMove(application.status)
    if application.terms != terms:
        raise TermsChanged
    partner_id, merchant_id = await admission.new_ids(conn, application)
    facts = {"approver_id": operator_id, "merchant_id": merchant_id, "applicant_id": partner_id}
    approved = application.moved(Status.APPROVED, reason=reason, **facts)
    await _sign(conn, approved, operator_id)
    merchant = await admission.make_merchant(
        conn, sealing, approved, partner_id=partner_id, merchant_id=merchant_id
    )
    active = await transition.store_move(
        conn, approved.moved(Status.ACTIVE, reason=reason), actor=operator_id
    )
    await outbox.publish(conn, [standing.event_of(merchant, occurred_at=active.updated_at)])
    return Approval(application=active, merchant=merchant)


async def _sign(conn: PoolConnectionProxy, approved: Application, operator_id: str) -> None:
    """Write the approval; that its two people are two is for the database to say."""
    try:
        await transition.store_move(conn, approved, actor=operator_id)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "applications_two_people":
            raise SamePerson from None
        raise
