"""What the bank's people do with an application: one takes the case, another approves it.

The database refuses that both are the same person (constraint `applications_two_people`); here that refusal only
gets its words. The reviewer proposes the terms, and the approver confirms the very same.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.lifecycle import Status
from merchants.onboarding import admission, credit_code, sql, transition, verification
from merchants.onboarding.admission import Approval
from merchants.onboarding.application import (
    Application,
    Question,
    Step,
    Terms,
    lock,
    opened,
    status_before,
    store,
)
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    CreditCodeInOrder,
    NotTheReviewer,
    SamePerson,
    TermsChanged,
)
from merchants.sealing import Sealing

# The bank's list price, until the reviewer proposes otherwise: 0.38 % and no limit of its own.
STANDARD_TERMS: Final = Terms(fee_basis_points=38, payment_limit_minor=None)
_TWO_PEOPLE: Final = frozenset({"applications_two_people", "applications_override_two_people"})


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
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    operator_id: str,
    reason: str,
    questions: Sequence[Question] = (),
) -> Application:
    """Send it back to the applicant with a question, and a note on each field that it is about.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    if application.status is Status.TO_BE_VERIFIED:
        await verification.drop(conn, application_id=application_id)
    asked = application.moved(
        Status.NEEDS_MORE_INFO, reason=reason, questions=tuple(questions), round=application.round + 1
    )
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
    steps: tuple[Step, ...],
) -> Approval:
    """Approve under the terms the approver saw; where no step is left, the merchant is active from the commit on.

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
    signed = replace(application, approver_id=operator_id, steps=steps, reason=reason)
    try:
        if not steps:
            return await admission.complete(conn, sealing, signed, actor=operator_id)
        waiting = await transition.store_move(
            conn, signed.moved(status_before(steps), reason=reason), actor=operator_id
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name in _TWO_PEOPLE:
            raise SamePerson from None
        raise
    return Approval(application=waiting, merchant=None)


async def override_credit_code(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, operator_id: str, reason: str
) -> Application:
    """Let a credit code pass that breaks the standard; whoever does so cannot approve the case.

    Raises:
        ApplicationNotFound
        ApplicationCannotMove: it was submitted already, or is over.
        CreditCodeInOrder: there is none, or nothing is wrong with it.
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=None)
    if application.status not in {Status.DRAFT, Status.NEEDS_MORE_INFO}:
        raise ApplicationCannotMove(application.status)
    code = application.particulars.credit_code
    if code is None or credit_code.fault_of(code) is None:
        raise CreditCodeInOrder
    await sql.override_credit_code(
        conn, application_id=application_id, operator_id=operator_id, reason=reason
    )
    await audit.record(
        conn,
        actor=operator_id,
        deed="application.credit_code_overridden",
        object_id=application_id,
        partner_id=application.partner_id,
        reason=reason,
    )
    return replace(application, override_by=operator_id)
