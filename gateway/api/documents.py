"""Documents of applications: put by the applicant, opened by reviewers, never served inline."""

import asyncio
from typing import Any, get_args

from gateway.door.operation import Answer, Call, Listener, Media, operation
from gateway.wire import documents as wire
from merchants.onboarding import application as applications
from merchants.onboarding import applying, documents
from merchants.onboarding.documents import Document, DocumentKind, Upload
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    ApplicationNotFound,
    DocumentKindUnknown,
    DocumentNotFound,
    DocumentTypeDiffers,
    DocumentUnreadable,
    TooManyDocuments,
)
from merchants.onboarding.files import MAX_FILE_BYTES, MEDIA_TYPES, rebuilt

FILES = Media(MEDIA_TYPES, MAX_FILE_BYTES)
# A browser that opens one all the same runs nothing of it and guesses nothing about it.
_NEVER_INLINE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@operation(
    "PUT",
    "/v1/applications/{application_id}/documents/{document_kind}",
    summary="Upload a document",
    scope="apply",
    consumes=FILES,
    answers={200: wire.Document},
    problems=(
        ApplicationNotFound,
        ApplicationCannotMove,
        DocumentKindUnknown,
        DocumentTypeDiffers,
        DocumentUnreadable,
        TooManyDocuments,
    ),
)
async def put_document(call: Call[bytes, wire.DocumentPlace]) -> Answer:
    """A JPEG, PNG or PDF of at most 5 MB, in the place of the one before of its kind and page.

    The kinds are `business_licence`, `representative_id`, `owner_id`, `bank_account`, `store_photo`,
    `qualification`, `agreement` and `other`. The file is judged by its content and rebuilt before it is stored.
    """
    owner = {"application_id": call.path["application_id"], "applicant_id": call.caller.tenant}
    async with call.parts.pool.acquire() as conn:
        await applying.refuse_documents(conn, call.parts.sealing, **owner)
    upload = await upload_of(call)
    async with call.parts.pool.acquire() as conn, conn.transaction():
        stored = await applying.put_document(
            conn,
            call.parts.sealing,
            upload,
            **owner,
            actor=call.caller.client_id,
        )
    return Answer(200, shown(stored))


@operation(
    "GET",
    "/v1/applications/{application_id}/documents",
    summary="List an application's documents",
    scope="apply",
    answers={200: wire.DocumentList},
    problems=(ApplicationNotFound,),
)
async def list_documents(call: Call[None]) -> Answer:
    """Those that stand now; compare `sha256` to know your own file."""
    return await _listed(call, applicant_id=call.caller.tenant)


@operation(
    "GET",
    "/admin/v1/applications/{application_id}/documents",
    summary="List a case's documents",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.DocumentList},
    problems=(ApplicationNotFound,),
)
async def list_case_documents(call: Call[None]) -> Answer:
    """Replaced ones of earlier rounds too."""
    return await _listed(call, applicant_id=None)


@operation(
    "GET",
    "/admin/v1/applications/{application_id}/documents/{document_id}",
    summary="Open a document",
    scope="operate",
    roles=("reviewer", "approver"),
    listener=Listener.OPERATORS,
    answers={200: Media(MEDIA_TYPES)},
    problems=(ApplicationNotFound, DocumentNotFound),
)
async def open_document(call: Call[None]) -> Answer:
    """Its content, as an attachment; that you opened it is on the trail."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        case = await applications.find(
            conn, call.parts.sealing, application_id=call.path["application_id"], applicant_id=None
        )
        document, content = await documents.open_for(
            conn,
            call.parts.sealing,
            subject_id=case.id,
            document_id=call.path["document_id"],
            partner_id=case.partner_id,
            actor=call.caller.client_id,
        )
    return attached(document, content)


async def upload_of(call: Call[bytes, wire.DocumentPlace]) -> Upload:
    """The body, judged and rebuilt off the event loop.

    Raises:
        DocumentKindUnknown, DocumentTypeDiffers, DocumentUnreadable
    """
    if call.path["document_kind"] not in get_args(wire.DocumentKind):
        raise DocumentKindUnknown
    said = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    file = await asyncio.get_running_loop().run_in_executor(
        call.parts.renderers, lambda: rebuilt(call.body, said=said)
    )
    return Upload.of(DocumentKind(call.path["document_kind"]), call.body, file, page=call.query.page)


def attached(document: Document, content: bytes) -> Answer:
    """A document's bytes, which no browser shows in our name."""
    suffix = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}[document.media_type]
    name = f'attachment; filename="{document.kind}-{document.id}.{suffix}"'
    return Answer(200, content, {"Content-Disposition": name, **_NEVER_INLINE}, media=document.media_type)


async def _listed(call: Call[Any], *, applicant_id: str | None) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await applications.find(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            applicant_id=applicant_id,
        )
        every = await documents.of_subject(conn, subject_id=found.id, replaced_too=applicant_id is None)
    return Answer(200, wire.DocumentList(items=[shown(one) for one in every]))


def shown(one: Document) -> wire.Document:
    return wire.Document(
        id=one.id,
        kind=one.kind.value,
        page=one.page,
        media_type=one.media_type,  # type: ignore[arg-type] # the table's own check says it is one of them
        size_bytes=one.size_bytes,
        sha256=one.sha256.hex(),
        round=one.round,
        uploaded_at=one.uploaded_at,
        replaced_at=one.replaced_at,
        erased_at=one.erased_at,
    )
