"""Later changes of what is on record: the partner asks, one operator takes it, another approves."""

from typing import Any

import msgspec

from gateway.api import showing
from gateway.api.applications import today_of
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import changes as wire
from gateway.wire.applications import City, Declared
from gateway.wire.page import Page
from merchants.errors import MerchantNotActive, MerchantNotFound
from merchants.ids import BANK, new_id, partner_no_of
from merchants.onboarding import change_request, changes
from merchants.onboarding.errors import (
    ApplicationFaulty,
    ChangeCannotMove,
    ChangeNotFound,
    ChangeUnderway,
    NothingToChange,
    PermitNotShown,
    RecordChanged,
    SamePerson,
)

_A_CITY: City = "Guangzhou"


async def replay_change(call: Call[Any], change_id: str) -> Answer:
    return await _read(call, change_id, status=201 if call.path.get("merchant_id") else 200)


@operation(
    "POST",
    "/v1/merchants/{merchant_id}/changes",
    summary="Ask for a change of what is on record",
    scope="merchants",
    idempotent=True,
    replay=replay_change,
    answers={201: wire.Change},
    problems=(MerchantNotFound, MerchantNotActive, NothingToChange, ApplicationFaulty, ChangeUnderway),
    example=Declared(city=_A_CITY),
)
async def ask_for_change(call: Call[Declared]) -> Answer:
    """Sections as they shall be, whole: another settlement account, a renewed licence, another name.

    What is live stays live until two of the bank's people have agreed. `needs` names documents to upload before
    anybody takes it, as the permit of another trade.
    """
    change_id = new_id("chg", partner_no_of(call.caller.tenant) or BANK)
    async with call.claim.transaction(change_id) as conn:
        asked = await changes.ask(
            conn,
            call.parts.sealing,
            change_id=change_id,
            partner_id=call.caller.tenant,
            merchant_id=call.path["merchant_id"],
            sections=showing.sections(call.body),
            actor=call.caller.client_id,
            today=today_of(call.now),
        )
    return Answer(201, _shown(asked))


@operation(
    "GET",
    "/v1/changes",
    summary="List your change requests",
    scope="merchants",
    answers={200: Page[wire.Change]},
)
async def list_own_changes(call: Call[None, wire.OwnChangeQuery]) -> Answer:
    """Your own and your sub-merchants', newest first."""
    async with call.parts.pool.acquire() as conn:
        found = await change_request.of_partner(
            conn,
            call.parts.sealing,
            partner_id=call.caller.tenant,
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


@operation(
    "GET",
    "/v1/changes/{change_id}",
    summary="Read a change request",
    scope="merchants",
    answers={200: wire.Change},
    problems=(ChangeNotFound,),
)
async def get_change(call: Call[None]) -> Answer:
    """What shall change, masked, and how far it is."""
    return await _read(call, call.path["change_id"], status=200)


@operation(
    "POST",
    "/v1/changes/{change_id}/withdraw",
    summary="Withdraw a change request",
    scope="merchants",
    idempotent=True,
    replay=replay_change,
    answers={200: wire.Change},
    problems=(ChangeNotFound, ChangeCannotMove),
)
async def withdraw_change(call: Call[None]) -> Answer:
    """Take it back before it is decided."""
    change_id = call.path["change_id"]
    async with call.claim.transaction(change_id) as conn:
        withdrawn = await changes.withdraw(
            conn,
            call.parts.sealing,
            change_id=change_id,
            partner_id=call.caller.tenant,
            actor=call.caller.client_id,
        )
    return Answer(200, _shown(withdrawn))


@operation(
    "GET",
    "/admin/v1/changes",
    summary="List change requests",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.Change]},
)
async def list_changes(call: Call[None, wire.ChangeQuery]) -> Answer:
    """Everybody's in one status, oldest first."""
    async with call.parts.pool.acquire() as conn:
        found = await changes.in_status(
            conn,
            call.parts.sealing,
            status=change_request.State(call.query.status),
            after_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


async def replay_change_case(call: Call[Any], change_id: str) -> Answer:
    return await read_case(call, change_id, status=200)


async def read_case(call: Call[Any], change_id: str, *, status: int) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await change_request.find(conn, call.parts.sealing, change_id=change_id, partner_id=None)
    return Answer(status, shown_case(found))


@operation(
    "GET",
    "/admin/v1/changes/{change_id}",
    summary="Read a change case",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.ChangeCase},
    problems=(ChangeNotFound,),
)
async def get_change_case(call: Call[None]) -> Answer:
    """With who asked and who works on it."""
    return await replay_change_case(call, call.path["change_id"])


@operation(
    "POST",
    "/admin/v1/changes/{change_id}/take",
    summary="Take a change request",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_change_case,
    answers={200: wire.ChangeCase},
    problems=(ChangeNotFound, ChangeCannotMove, PermitNotShown),
)
async def take_change(call: Call[None]) -> Answer:
    """Become its reviewer, who cannot approve it."""
    change_id = call.path["change_id"]
    async with call.claim.transaction(change_id) as conn:
        taken = await changes.take(
            conn, call.parts.sealing, change_id=change_id, operator_id=call.caller.client_id
        )
    return Answer(200, shown_case(taken))


@operation(
    "POST",
    "/admin/v1/changes/{change_id}/approve",
    summary="Approve a change request",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_change_case,
    answers={200: wire.ChangeCase},
    problems=(
        ChangeNotFound,
        ChangeCannotMove,
        RecordChanged,
        ApplicationFaulty,
        SamePerson,
        MerchantNotActive,
        PermitNotShown,
    ),
    example=wire.ChangeDecision(reason="The new licence was seen"),
)
async def approve_change(call: Call[wire.ChangeDecision]) -> Answer:
    """As the second pair of eyes: it is live from now on."""
    change_id = call.path["change_id"]
    async with call.claim.transaction(change_id) as conn:
        approved = await changes.approve(
            conn,
            call.parts.sealing,
            change_id=change_id,
            operator_id=call.caller.client_id,
            reason=call.body.reason,
            today=today_of(call.now),
        )
    call.parts.hub.tell(approved.merchant_id, DELIVERIES)
    return Answer(200, shown_case(approved))


@operation(
    "POST",
    "/admin/v1/changes/{change_id}/reject",
    summary="Reject a change request",
    scope="operate",
    roles=("reviewer", "approver"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_change_case,
    answers={200: wire.ChangeCase},
    problems=(ChangeNotFound, ChangeCannotMove),
    example=wire.ChangeDecision(reason="The account is not the company's"),
)
async def reject_change(call: Call[wire.ChangeDecision]) -> Answer:
    """What is live stays."""
    change_id = call.path["change_id"]
    async with call.claim.transaction(change_id) as conn:
        rejected = await changes.reject(
            conn,
            call.parts.sealing,
            change_id=change_id,
            operator_id=call.caller.client_id,
            reason=call.body.reason,
        )
    return Answer(200, shown_case(rejected))


async def _read(call: Call[Any], change_id: str, *, status: int) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await change_request.find(
            conn, call.parts.sealing, change_id=change_id, partner_id=call.caller.tenant
        )
    return Answer(status, _shown(found))


def _shown(one: change_request.Change) -> wire.Change:
    wanted = None
    if one.wanted is not None:
        wanted = msgspec.to_builtins(msgspec.structs.asdict(one.wanted.masked()))
    return msgspec.convert(
        {
            "id": one.id,
            "merchant_id": one.merchant_id,
            "status": one.status.value,
            "sections": list(one.sections),
            "wanted": wanted,
            "needs": [kind.value for kind in one.needs],
            "terms": None if one.terms is None else showing.terms(one.terms),
            "place_id": one.place_id,
            "place_terms": None if one.place_terms is None else showing.place_terms(one.place_terms),
            "reason": one.reason,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        },
        wire.Change,
    )


def shown_case(one: change_request.Change) -> wire.ChangeCase:
    return wire.ChangeCase(
        change=_shown(one),
        partner_id=one.partner_id,
        requested_by=one.requested_by,
        reviewer_id=one.reviewer_id,
        approver_id=one.approver_id,
    )
