"""Personal data, for the bank's people who need it: found by its exact value, seen in clear for a reason."""

from typing import Any

import msgspec

from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import changes as wire
from merchants import merchant
from merchants.errors import MerchantNotActive, MerchantNotFound
from merchants.onboarding import application as applications
from merchants.onboarding import change_request, search
from merchants.onboarding.errors import ApplicationNotFound
from merchants.onboarding.particulars import Particulars

_MAX_HITS = 100


@operation(
    "POST",
    "/admin/v1/search",
    summary="Find who declared a value",
    scope="operate",
    roles=("reviewer", "approver", "risk"),
    listener=Listener.OPERATORS,
    answers={200: wire.SearchHits},
    example=wire.SearchWish(field="phone", text="13800138000"),
)
async def search_personal(call: Call[wire.SearchWish]) -> Answer:
    """By exactly this value, through keyed hashes; that you looked is on the trail."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        found = await search.find(
            conn,
            call.parts.sealing,
            field=call.body.field,
            text=call.body.text,
            actor=call.caller.client_id,
            limit=_MAX_HITS,
        )
    return Answer(200, wire.SearchHits(ids=[one.subject_id for one in found]))


@operation(
    "POST",
    "/admin/v1/applications/{application_id}/unmask",
    summary="See personal data in clear",
    scope="operate",
    roles=("reviewer", "approver", "risk"),
    listener=Listener.OPERATORS,
    answers={200: wire.Unmasked},
    problems=(ApplicationNotFound,),
    example=wire.Unmasking(sections=["settlement"], reason="Comparing with the bank's letter"),
)
async def unmask_application(call: Call[wire.Unmasking]) -> Answer:
    """The sections you name, for the reason you give; both are on the trail before anything is shown."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        found = await applications.find(
            conn, call.parts.sealing, application_id=call.path["application_id"], applicant_id=None
        )
        await search.record_unmasking(
            conn,
            subject_id=found.id,
            partner_id=found.partner_id,
            sections=call.body.sections,
            actor=call.caller.client_id,
            reason=call.body.reason,
        )
    return Answer(200, _clear(found.particulars, call.body))


@operation(
    "POST",
    "/admin/v1/merchants/{merchant_id}/unmask",
    summary="See a merchant's personal data in clear",
    scope="operate",
    roles=("reviewer", "approver", "risk"),
    listener=Listener.OPERATORS,
    answers={200: wire.Unmasked},
    problems=(MerchantNotFound, MerchantNotActive),
    example=wire.Unmasking(sections=["contact"], reason="Calling about a complaint"),
)
async def unmask_merchant(call: Call[wire.Unmasking]) -> Answer:
    """What is on record today, by section and for a reason; both are on the trail before anything is shown."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        owner = await merchant.find_for_operator(conn, merchant_id=call.path["merchant_id"])
        record, _ = await change_request.record_of(conn, call.parts.sealing, owner)
        await search.record_unmasking(
            conn,
            subject_id=owner.id,
            partner_id=owner.partner_id,
            sections=call.body.sections,
            actor=call.caller.client_id,
            reason=call.body.reason,
        )
    return Answer(200, _clear(record, call.body))


def _clear(particulars: Particulars, asked: wire.Unmasking) -> wire.Unmasked:
    declared: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(particulars))
    shown = {
        name: declared[name] if name in asked.sections else None for name in wire.Unmasked.__struct_fields__
    }
    return msgspec.convert(shown, wire.Unmasked)
