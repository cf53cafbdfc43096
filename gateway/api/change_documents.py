"""Papers that a change of what is on record asks for: shown by the partner, opened by reviewers."""

from typing import Any

from gateway.api.documents import FILES, attached, shown, upload_of
from gateway.door.operation import Answer, Call, Listener, Media, operation
from gateway.wire import documents as wire
from merchants.onboarding import change_request, changes, documents
from merchants.onboarding.errors import (
    ChangeCannotMove,
    ChangeNotFound,
    DocumentKindUnknown,
    DocumentNotFound,
    DocumentTypeDiffers,
    DocumentUnreadable,
    TooManyDocuments,
)
from merchants.onboarding.files import MEDIA_TYPES


@operation(
    "PUT",
    "/v1/changes/{change_id}/documents/{document_kind}",
    summary="Upload a document for a change",
    scope="merchants",
    consumes=FILES,
    answers={200: wire.Document},
    problems=(
        ChangeNotFound,
        ChangeCannotMove,
        DocumentKindUnknown,
        DocumentTypeDiffers,
        DocumentUnreadable,
        TooManyDocuments,
    ),
)
async def put_change_document(call: Call[bytes, wire.DocumentPlace]) -> Answer:
    """A renewed licence or an account's certificate, until somebody has taken the request.

    Kinds, sizes and types are those of an application's documents.
    """
    owner = {"change_id": call.path["change_id"], "partner_id": call.caller.tenant}
    async with call.parts.pool.acquire() as conn:
        asked = await change_request.find(conn, call.parts.sealing, **owner)
    asked.refuse_papers_once_taken()
    upload = await upload_of(call)
    async with call.parts.pool.acquire() as conn, conn.transaction():
        stored = await changes.put_document(
            conn, call.parts.sealing, upload, **owner, actor=call.caller.client_id
        )
    return Answer(200, shown(stored))


@operation(
    "GET",
    "/v1/changes/{change_id}/documents",
    summary="List a change request's documents",
    scope="merchants",
    answers={200: wire.DocumentList},
    problems=(ChangeNotFound,),
)
async def list_change_documents(call: Call[None]) -> Answer:
    """What you have shown for it; compare `sha256` to know your own file."""
    return await _listed(call, partner_id=call.caller.tenant)


@operation(
    "GET",
    "/admin/v1/changes/{change_id}/documents",
    summary="List a change case's documents",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.DocumentList},
    problems=(ChangeNotFound,),
)
async def list_change_case_documents(call: Call[None]) -> Answer:
    """What the partner has shown for it."""
    return await _listed(call, partner_id=None)


@operation(
    "GET",
    "/admin/v1/changes/{change_id}/documents/{change_document_id}",
    summary="Open a change case's document",
    scope="operate",
    roles=("reviewer", "approver"),
    listener=Listener.OPERATORS,
    answers={200: Media(MEDIA_TYPES)},
    problems=(ChangeNotFound, DocumentNotFound),
)
async def open_change_document(call: Call[None]) -> Answer:
    """Its content, as an attachment; that you opened it is on the trail."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        case = await change_request.find(
            conn, call.parts.sealing, change_id=call.path["change_id"], partner_id=None
        )
        document, content = await documents.open_for(
            conn,
            call.parts.sealing,
            subject_id=case.id,
            document_id=call.path["change_document_id"],
            partner_id=case.partner_id,
            actor=call.caller.client_id,
        )
    return attached(document, content)


async def _listed(call: Call[Any], *, partner_id: str | None) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await change_request.find(
            conn, call.parts.sealing, change_id=call.path["change_id"], partner_id=partner_id
        )
        every = await documents.of_subject(conn, subject_id=found.id)
    return Answer(200, wire.DocumentList(items=[shown(one) for one in every]))
