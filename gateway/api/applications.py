"""Applications, for those who apply: fill in, check, submit, withdraw. Opening one is in `applying`."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

from asyncpg.pool import PoolConnectionProxy

from gateway.api import showing
from gateway.door.operation import Answer, Call, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import applications as wire
from gateway.wire.page import Page
from merchants.onboarding import application as applications
from merchants.onboarding import applying
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    ApplicationFaulty,
    ApplicationNotFound,
    DuplicateApplication,
)

# Licences and documents expire at midnight in China, which knows no summer time.
_CHINA = timezone(timedelta(hours=8))


@operation(
    "GET",
    "/v1/applications",
    summary="List your applications",
    scope="apply",
    answers={200: Page[wire.Application]},
)
async def list_applications(call: Call[None, wire.ApplicationQuery]) -> Answer:
    """Newest first: your own, and those for your sub-merchants."""
    async with call.parts.pool.acquire() as conn:
        found = await applications.of_applicant(
            conn,
            call.parts.sealing,
            applicant_id=call.caller.tenant,
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, showing.application, limit=call.query.limit))


@operation(
    "GET",
    "/v1/applications/{application_id}",
    summary="Read an application",
    scope="apply",
    answers={200: wire.Application},
    problems=(ApplicationNotFound,),
)
async def get_application(call: Call[None]) -> Answer:
    """As it stands; what is personal is masked."""
    return Answer(200, showing.application(await _find(call, call.path["application_id"])))


@operation(
    "PATCH",
    "/v1/applications/{application_id}",
    summary="Fill in or correct an application",
    scope="apply",
    answers={200: wire.Application},
    problems=(ApplicationNotFound, ApplicationCannotMove),
    example=wire.Declared(mcc="5411", online=wire.OnlineScene(domain="shop.pengcheng.example")),
)
async def change_application(call: Call[wire.Declared]) -> Answer:
    """Replace the sections you send, whole, while it is a draft or you are asked for more."""
    particulars = showing.declared(call.body)
    async with call.parts.pool.acquire() as conn, conn.transaction():
        changed = await applying.change(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            applicant_id=call.caller.tenant,
            changes={name: getattr(particulars, name) for name in showing.sections(call.body)},
            actor=call.caller.client_id,
        )
    return Answer(200, showing.application(changed))


@operation(
    "POST",
    "/v1/applications/{application_id}/precheck",
    summary="Find every fault before submitting",
    scope="apply",
    answers={200: wire.Precheck},
    problems=(ApplicationNotFound,),
)
async def precheck_application(call: Call[None]) -> Answer:
    """All faults at once, each with its place, code and words; changes nothing."""
    async with call.parts.pool.acquire() as conn:
        found = await applications.find(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            applicant_id=call.caller.tenant,
        )
        return Answer(200, await prechecked(conn, found, now=call.now))


async def prechecked(
    conn: PoolConnectionProxy, found: applications.Application, *, now: datetime
) -> wire.Precheck:
    """All faults of it that there are now."""
    wrong = await applying.faults_of(conn, found, today=today_of(now))
    faults = [
        wire.ApplicationFault(pointer=fault.pointer, code=fault.code, detail=fault.detail) for fault in wrong
    ]
    return wire.Precheck(passes=not faults, faults=faults)


async def replay_step(call: Call[None], application_id: str) -> Answer:
    return Answer(200, showing.application(await _find(call, application_id)))


@operation(
    "POST",
    "/v1/applications/{application_id}/submit",
    summary="Submit an application",
    scope="apply",
    idempotent=True,
    replay=replay_step,
    answers={200: wire.Application},
    problems=(ApplicationNotFound, ApplicationCannotMove, ApplicationFaulty, DuplicateApplication),
)
async def submit_application(call: Call[None]) -> Answer:
    """Hand it to the bank. It is refused with every fault that `precheck` finds."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        submitted = await applying.submit(
            conn,
            call.parts.sealing,
            application_id=application_id,
            applicant_id=call.caller.tenant,
            actor=call.caller.client_id,
            today=today_of(call.now),
        )
    call.parts.hub.tell(submitted.id, DELIVERIES)
    return Answer(200, showing.application(submitted))


@operation(
    "POST",
    "/v1/applications/{application_id}/withdraw",
    summary="Withdraw an application",
    scope="apply",
    idempotent=True,
    replay=replay_step,
    answers={200: wire.Application},
    problems=(ApplicationNotFound, ApplicationCannotMove),
    example=wire.Withdrawal(reason="We move to another city"),
)
async def withdraw_application(call: Call[wire.Withdrawal]) -> Answer:
    """Take back what was submitted, for good; a draft is simply left alone."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        withdrawn = await applying.withdraw(
            conn,
            call.parts.sealing,
            application_id=application_id,
            applicant_id=call.caller.tenant,
            actor=call.caller.client_id,
            reason=call.body.reason,
        )
    return Answer(200, showing.application(withdrawn))


async def _find(call: Call[Any, Any], application_id: str) -> applications.Application:
    async with call.parts.pool.acquire() as conn:
        return await applications.find(
            conn, call.parts.sealing, application_id=application_id, applicant_id=call.caller.tenant
        )


def today_of(now: datetime) -> date:
    return now.astimezone(_CHINA).date()
