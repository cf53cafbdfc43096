"""Sub-merchants in bulk: a partner sends a file and reads what became of each line; two operators let it in."""

import asyncio
from typing import Any, Literal

from gateway.api import showing
from gateway.door.operation import Answer, Call, Listener, Media, operation
from gateway.wire import bulks as wire
from gateway.wire.applications import Terms
from gateway.wire.page import Page
from merchants import merchant
from merchants.errors import MerchantNotActive, MerchantNotFound
from merchants.ids import new_id
from merchants.onboarding import bulk, bulk_file
from merchants.onboarding.errors import (
    BulkCannotMove,
    BulkFileUnreadable,
    BulkNeedsSteps,
    BulkNotFound,
    KindHasNoSubMerchants,
    LimitInAnotherCurrency,
    NotTheReviewer,
    SamePerson,
    TermsChanged,
)

_FORMATS: dict[str, Literal["csv", "jsonl"]] = {"text/csv": "csv", "application/x-ndjson": "jsonl"}
FILES = Media(tuple(_FORMATS), 20 * 1024 * 1024)


async def replay_bulk(call: Call[Any], bulk_id: str) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await bulk.find(conn, bulk_id=bulk_id, partner_id=call.caller.tenant)
    return Answer(201, _shown(found))


@operation(
    "POST",
    "/v1/merchants/{merchant_id}/bulks",
    summary="Apply for many sub-merchants",
    scope="merchants",
    idempotent=True,
    replay=replay_bulk,
    consumes=FILES,
    answers={201: wire.Bulk},
    problems=(MerchantNotFound, MerchantNotActive, KindHasNoSubMerchants, BulkFileUnreadable),
)
async def create_bulk(call: Call[bytes]) -> Answer:
    """A CSV file under a header of the known columns, or JSON lines as for a single one; 20,000 lines at most.

    Each line is judged by itself; read the results while it is read. `reference` is your own name for a line.
    """
    said = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    lines = await asyncio.get_running_loop().run_in_executor(
        call.parts.renderers, bulk_file.lines_of, call.body, _FORMATS[said]
    )
    async with call.claim.transaction() as conn:
        partner = await merchant.find(
            conn, partner_id=call.caller.tenant, merchant_id=call.path["merchant_id"]
        )
        bulk_id = new_id("blk", partner.partner_no)
        received = await bulk.receive(
            conn,
            call.parts.sealing,
            bulk_id=bulk_id,
            partner=partner,
            format_=_FORMATS[said],
            lines=lines,
            actor=call.caller.client_id,
        )
        call.claim.settle(bulk_id)
    return Answer(201, _shown(received))


@operation(
    "GET",
    "/v1/bulks",
    summary="List your bulk files",
    scope="merchants",
    answers={200: Page[wire.Bulk]},
)
async def list_own_bulks(call: Call[None, wire.OwnBulkQuery]) -> Answer:
    """Newest first."""
    async with call.parts.pool.acquire() as conn:
        found = await bulk.of_partner(
            conn,
            partner_id=call.caller.tenant,
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


@operation(
    "GET",
    "/v1/bulks/{bulk_id}",
    summary="Read a bulk file's progress",
    scope="merchants",
    answers={200: wire.Bulk},
    problems=(BulkNotFound,),
)
async def get_bulk(call: Call[None]) -> Answer:
    """How many lines are read, faulty and admitted so far."""
    async with call.parts.pool.acquire() as conn:
        found = await bulk.find(conn, bulk_id=call.path["bulk_id"], partner_id=call.caller.tenant)
    return Answer(200, _shown(found))


@operation(
    "GET",
    "/v1/bulks/{bulk_id}/lines",
    summary="List a bulk file's results",
    scope="merchants",
    answers={200: Page[wire.BulkLine]},
    problems=(BulkNotFound,),
)
async def list_bulk_lines(call: Call[None, wire.LineQuery]) -> Answer:
    """In the order of the file: the application of each line, or every fault with its column."""
    return await _lines(call, partner_id=call.caller.tenant)


@operation(
    "GET",
    "/admin/v1/bulks",
    summary="List bulk files",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.Bulk]},
)
async def list_bulks(call: Call[None, wire.BulkQuery]) -> Answer:
    """Everybody's in one state, oldest first."""
    async with call.parts.pool.acquire() as conn:
        found = await bulk.in_state(
            conn,
            state=bulk.State(call.query.state),
            after_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


async def replay_bulk_case(call: Call[Any], bulk_id: str) -> Answer:
    async with call.parts.pool.acquire() as conn:
        return Answer(200, _case(await bulk.find(conn, bulk_id=bulk_id, partner_id=None)))


@operation(
    "GET",
    "/admin/v1/bulks/{bulk_id}",
    summary="Read a bulk file's case",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.BulkCase},
    problems=(BulkNotFound,),
)
async def get_bulk_case(call: Call[None]) -> Answer:
    """With its terms and who works on it."""
    return await replay_bulk_case(call, call.path["bulk_id"])


@operation(
    "GET",
    "/admin/v1/bulks/{bulk_id}/lines",
    summary="List a bulk case's results",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.BulkLine]},
    problems=(BulkNotFound,),
)
async def list_case_lines(call: Call[None, wire.LineQuery]) -> Answer:
    """Its applications are read one by one as any other."""
    return await _lines(call, partner_id=None)


@operation(
    "POST",
    "/admin/v1/bulks/{bulk_id}/take",
    summary="Take a bulk file",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_bulk_case,
    answers={200: wire.BulkCase},
    problems=(BulkNotFound, BulkCannotMove, NotTheReviewer, LimitInAnotherCurrency),
    example=Terms(fee_basis_points=38),
)
async def take_bulk(call: Call[Terms]) -> Answer:
    """Become its reviewer and propose one set of terms for all of it; once more to propose others."""
    bulk_id = call.path["bulk_id"]
    async with call.claim.transaction(bulk_id) as conn:
        taken = await bulk.take(
            conn,
            bulk_id=bulk_id,
            operator_id=call.caller.client_id,
            terms=showing.terms_asked(call.body),
        )
    return Answer(200, _case(taken))


@operation(
    "POST",
    "/admin/v1/bulks/{bulk_id}/approve",
    summary="Approve a bulk file",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_bulk_case,
    answers={200: wire.BulkCase},
    problems=(BulkNotFound, BulkCannotMove, TermsChanged, SamePerson, LimitInAnotherCurrency, BulkNeedsSteps),
    example=wire.BulkApproval(terms=Terms(fee_basis_points=38)),
)
async def approve_bulk(call: Call[wire.BulkApproval]) -> Answer:
    """As the second pair of eyes, for each of its applications; the worker then makes them merchants."""
    if call.parts.onboarding.sub_merchant:
        raise BulkNeedsSteps
    bulk_id = call.path["bulk_id"]
    async with call.claim.transaction(bulk_id) as conn:
        approved = await bulk.approve(
            conn,
            bulk_id=bulk_id,
            operator_id=call.caller.client_id,
            terms=showing.terms_asked(call.body.terms),
            reason=call.body.reason,
        )
    return Answer(200, _case(approved))


@operation(
    "POST",
    "/admin/v1/bulks/{bulk_id}/reject",
    summary="Reject a bulk file",
    scope="operate",
    roles=("reviewer", "approver"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_bulk_case,
    answers={200: wire.BulkCase},
    problems=(BulkNotFound, BulkCannotMove),
    example=wire.BulkRejection(reason="The file names shops of another mall"),
)
async def reject_bulk(call: Call[wire.BulkRejection]) -> Answer:
    """With all of its applications that nobody has taken by themselves."""
    bulk_id = call.path["bulk_id"]
    async with call.claim.transaction(bulk_id) as conn:
        rejected = await bulk.reject(
            conn, bulk_id=bulk_id, operator_id=call.caller.client_id, reason=call.body.reason
        )
    return Answer(200, _case(rejected))


async def _lines(call: Call[None, wire.LineQuery], *, partner_id: str | None) -> Answer:
    limit, cursor = call.query.limit, call.query.cursor
    async with call.parts.pool.acquire() as conn:
        found = await bulk.find(conn, bulk_id=call.path["bulk_id"], partner_id=partner_id)
        lines = await bulk.lines_of(
            conn,
            found,
            faulty_only=call.query.faulty,
            after=int(cursor or 0),
            limit=limit + 1,
        )
    shown = lines[:limit]
    following = str(shown[-1].line) if len(lines) > limit else None
    return Answer(200, Page(items=[_line(one) for one in shown], next=following))


def _line(one: bulk.Line) -> wire.BulkLine:
    return wire.BulkLine(
        line=one.line,
        reference=one.reference,
        application_id=one.application_id,
        faults=[
            wire.LineFault(field=fault.field, pointer=fault.pointer, code=fault.code, detail=fault.detail)
            for fault in one.faults
        ],
    )


def _shown(one: bulk.Bulk) -> wire.Bulk:
    return wire.Bulk(
        id=one.id,
        partner_id=one.partner_id,
        kind=one.kind.value,  # type: ignore[arg-type] # the table's own check: tenant or seller
        format=one.format,
        state=one.state.value,
        lines=one.lines,
        read=one.read,
        faulty=one.faulty,
        admitted=one.admitted,
        reason=one.reason,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def _case(one: bulk.Bulk) -> wire.BulkCase:
    return wire.BulkCase(
        bulk=_shown(one),
        uploaded_by=one.uploaded_by,
        reviewer_id=one.reviewer_id,
        approver_id=one.approver_id,
        terms=showing.terms(one.terms) if one.terms else None,
    )
