"""Applications, for the bank's people: one takes a case, another approves it."""

from typing import Any

from gateway.api import showing
from gateway.api.applications import prechecked
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.partners import verify_account
from gateway.partners.admit import admit
from gateway.storage.hub import DELIVERIES
from gateway.wallet.errors import IssuerNotServed
from gateway.wire import applications as wire
from gateway.wire.joining import Override
from gateway.wire.page import Page
from merchants.access.errors import ClientNotFound
from merchants.errors import MerchantNotActive, MerchantNotFound
from merchants.lifecycle import Status
from merchants.onboarding import application as applications
from merchants.onboarding import review
from merchants.onboarding.application import Application
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    ApplicationNotFound,
    CompanyIsPartner,
    CreditCodeInOrder,
    LimitInAnotherCurrency,
    NotTheReviewer,
    SamePerson,
    TermsChanged,
    TooManyAccountTries,
)


@operation(
    "GET",
    "/admin/v1/applications",
    summary="List applications",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.Application]},
)
async def list_cases(call: Call[None, wire.CaseQuery]) -> Answer:
    """Everybody's in one status, oldest first: the queue to work off."""
    async with call.parts.pool.acquire() as conn:
        found = await review.in_status(
            conn,
            call.parts.sealing,
            status=Status(call.query.status),
            after_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, showing.application, limit=call.query.limit))


@operation(
    "GET",
    "/admin/v1/applications/{application_id}",
    summary="Read a case",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.Case},
    problems=(ApplicationNotFound,),
)
async def get_case(call: Call[None]) -> Answer:
    """An application with its terms and who works on it, masked for the bank's people too."""
    return await replay_case(call, call.path["application_id"])


async def replay_case(call: Call[None], application_id: str) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await applications.find(
            conn, call.parts.sealing, application_id=application_id, applicant_id=None
        )
        others = await review.others_of_company(conn, found)
    return Answer(200, showing.case(found, same_company=others))


@operation(
    "GET",
    "/admin/v1/applications/{application_id}/faults",
    summary="Check a case again",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.Precheck},
    problems=(ApplicationNotFound,),
)
async def precheck_case(call: Call[None]) -> Answer:
    """What its pre-check finds today: a licence may have run out since it was submitted, or a twin have come in."""
    async with call.parts.pool.acquire() as conn:
        found = await applications.find(
            conn, call.parts.sealing, application_id=call.path["application_id"], applicant_id=None
        )
        return Answer(200, await prechecked(conn, found, now=call.now))


@operation(
    "POST",
    "/admin/v1/applications/{application_id}/take",
    summary="Take a case",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_case,
    answers={200: wire.Case},
    problems=(ApplicationNotFound, ApplicationCannotMove),
)
async def take_case(call: Call[None]) -> Answer:
    """Become its reviewer, at the list price; whoever takes a case cannot approve it."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        taken = await review.take(
            conn,
            call.parts.sealing,
            application_id=application_id,
            operator_id=call.caller.client_id,
        )
        others = await review.others_of_company(conn, taken)
    return Answer(200, showing.case(taken, same_company=others))


@operation(
    "PUT",
    "/admin/v1/applications/{application_id}/terms",
    summary="Propose a case's terms",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    answers={200: wire.Case},
    problems=(ApplicationNotFound, ApplicationCannotMove, NotTheReviewer, LimitInAnotherCurrency),
    example=wire.Terms(fee_basis_points=38),
)
async def propose_terms(call: Call[wire.Terms]) -> Answer:
    """Fee and limit, for the approver to confirm; only the case's reviewer proposes them."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        proposed = await review.propose_terms(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            operator_id=call.caller.client_id,
            terms=showing.terms_asked(call.body),
        )
        others = await review.others_of_company(conn, proposed)
    return Answer(200, showing.case(proposed, same_company=others))


@operation(
    "POST",
    "/admin/v1/applications/{application_id}/ask",
    summary="Ask the applicant for more",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_case,
    answers={200: wire.Case},
    problems=(ApplicationNotFound, ApplicationCannotMove),
    example=wire.MoreWanted(
        reason="Please send the address of the second store",
        questions=[wire.Question(pointer="/stores/1/address", note="Which entrance?")],
    ),
)
async def ask_for_more(call: Call[wire.MoreWanted]) -> Answer:
    """Send it back with a question, and a note on each field; once answered it is in the queue again."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        asked = await review.ask(
            conn,
            call.parts.sealing,
            application_id=application_id,
            operator_id=call.caller.client_id,
            reason=call.body.reason,
            questions=[
                applications.Question(pointer=one.pointer, note=one.note) for one in call.body.questions
            ],
        )
        others = await review.others_of_company(conn, asked)
    return _told(call, asked, others)


@operation(
    "POST",
    "/admin/v1/applications/{application_id}/approve",
    summary="Approve a case",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_case,
    answers={200: wire.Case},
    problems=(
        ApplicationNotFound,
        ApplicationCannotMove,
        SamePerson,
        TermsChanged,
        LimitInAnotherCurrency,
        CompanyIsPartner,
        MerchantNotFound,
        MerchantNotActive,
        ClientNotFound,
        TooManyAccountTries,
        IssuerNotServed,
    ),
    example=wire.ApprovalRequest(terms=wire.Terms(fee_basis_points=38)),
)
async def approve_case(call: Call[wire.ApprovalRequest]) -> Answer:
    """As the second pair of eyes: the applicant verifies its account and signs, as the bank's policy asks.

    Where nothing is asked, the merchant is active at once and its applicant is a partner.

    The terms are those the approver saw; if the reviewer has proposed others since, nothing happens.
    """
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        case = await applications.find(
            conn, call.parts.sealing, application_id=application_id, applicant_id=None
        )
        admitted = await admit(
            call.parts.payments,
            conn,
            call.parts.sealing,
            application_id=application_id,
            operator_id=call.caller.client_id,
            terms=showing.terms_asked(call.body.terms),
            reason=call.body.reason,
            steps=call.parts.onboarding.steps_of(case.kind),
        )
        others = await review.others_of_company(conn, admitted.approval.application)
    if admitted.credit is not None:
        needs = call.parts.payments
        needs.running.start(verify_account.submit_and_conclude(needs, call.parts.sealing, admitted.credit))
    return _told(call, admitted.approval.application, others)


@operation(
    "POST",
    "/admin/v1/applications/{application_id}/override-credit-code",
    summary="Let a credit code pass",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_case,
    answers={200: wire.Case},
    problems=(ApplicationNotFound, ApplicationCannotMove, CreditCodeInOrder),
    example=Override(reason="Issued before GB 32100-2015; licence seen"),
)
async def override_credit_code(call: Call[Override]) -> Answer:
    """Before it is submitted: a code that breaks the standard and is right all the same.

    Whoever does so cannot approve the case.
    """
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        passed = await review.override_credit_code(
            conn,
            call.parts.sealing,
            application_id=application_id,
            operator_id=call.caller.client_id,
            reason=call.body.reason,
        )
        others = await review.others_of_company(conn, passed)
    return Answer(200, showing.case(passed, same_company=others))


@operation(
    "POST",
    "/admin/v1/applications/{application_id}/reject",
    summary="Reject a case",
    scope="operate",
    roles=("reviewer", "approver"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_case,
    answers={200: wire.Case},
    problems=(ApplicationNotFound, ApplicationCannotMove),
    example=wire.Decision(reason="The licence belongs to another company"),
)
async def reject_case(call: Call[wire.Decision]) -> Answer:
    """For good; the applicant reads why."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        rejected = await review.reject(
            conn,
            call.parts.sealing,
            application_id=application_id,
            operator_id=call.caller.client_id,
            reason=call.body.reason,
        )
        others = await review.others_of_company(conn, rejected)
    return _told(call, rejected, others)


def _told(call: Call[Any, Any], application: Application, same_company: list[str]) -> Answer:
    """After the commit: wake who delivers to the applicant or waits for the application."""
    call.parts.hub.tell(application.id, DELIVERIES)
    return Answer(200, showing.case(application, same_company=same_company))
