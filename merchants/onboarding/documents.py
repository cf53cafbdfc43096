"""Documents of an application or a change request: put by who applies, opened by who reviews, each on the trail."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.ids import BANK, new_id
from merchants.merchant import Kind
from merchants.onboarding import documents_sql as sql
from merchants.onboarding.errors import DocumentNotFound, TooManyDocuments
from merchants.onboarding.files import File
from merchants.onboarding.precheck import Fault
from merchants.sealing import Sealing


class DocumentKind(StrEnum):
    """What a document shows."""

    BUSINESS_LICENCE = "business_licence"
    REPRESENTATIVE_ID = "representative_id"
    OWNER_ID = "owner_id"
    BANK_ACCOUNT = "bank_account"
    STORE_PHOTO = "store_photo"
    QUALIFICATION = "qualification"
    AGREEMENT = "agreement"
    OTHER = "other"


# Far more than any company has to show; what is uploaded by strangers has to end somewhere.
MOST_PAPERS: Final = 60
# A company that applies for itself; a partner answers for its sub-merchants' papers.
_NEEDED: Final = (DocumentKind.BUSINESS_LICENCE, DocumentKind.REPRESENTATIVE_ID)
# Trades that nobody may follow without a permit: pharmacies, hospitals, doctors, schools, travel, spirits, fuel.
_PERMIT_MCCS: Final = frozenset(
    {"4722", "5122", "5541", "5542", "5912", "5921", "8011", "8021", "8062", "8211"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document without its content.

    Attributes:
        page: its place among the papers of its kind.
        sha256: of the bytes that were uploaded, before they were rebuilt.
        replaced_at: another took its place in a later round.
        erased_at: its content is gone.
    """

    id: str
    subject_id: str
    kind: DocumentKind
    page: int
    media_type: str
    size_bytes: int
    sha256: bytes
    round: int
    uploaded_by: str
    uploaded_at: datetime
    replaced_at: datetime | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was judged and rebuilt, its place, and the hash of what came."""

    kind: DocumentKind
    file: File
    sha256: bytes
    page: int = 1

    @classmethod
    def of(cls, kind: DocumentKind, raw: bytes, file: File, *, page: int = 1) -> "Upload":
        return cls(kind=kind, file=file, sha256=hashlib.sha256(raw).digest(), page=page)


async def put(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    upload: Upload,
    *,
    subject_id: str,
    partner_id: str | None,
    round_: int,
    actor: str,
) -> Document:
    """Put a document in its place; the very same bytes again change nothing.

    What stood there is dropped within a round, and kept from an earlier one: that is what the bank looked at. The
    caller holds the lock of what it belongs to, and has seen that it may be changed.

    Raises:
        TooManyDocuments: it would be one more than anybody needs.
    """
    live = await sql.live(conn, subject_id=subject_id, kind=upload.kind, page=upload.page)
    if live is not None and live["sha256"] == upload.sha256 and live["erased_at"] is None:
        return _document(live)
    if live is not None:
        await sql.make_room(conn, subject_id=subject_id, document_id=live["id"], round_=round_)
    elif await sql.count_live(conn, subject_id=subject_id) >= MOST_PAPERS:
        raise TooManyDocuments
    document_id = new_id("doc", BANK)
    row = await sql.insert(
        conn,
        subject_id=subject_id,
        document_id=document_id,
        kind=upload.kind,
        page=upload.page,
        media_type=upload.file.media_type,
        size_bytes=len(upload.file.content),
        sha256=upload.sha256,
        content=sealing.seal(upload.file.content, owner=document_id),
        round_=round_,
        uploaded_by=actor,
    )
    await audit.record(
        conn,
        actor=actor,
        deed="document.uploaded",
        object_id=subject_id,
        partner_id=partner_id,
        facts={
            "document_id": document_id,
            "kind": upload.kind,
            "page": upload.page,
            "sha256": upload.sha256.hex(),
        },
    )
    return _document(row)


async def of_subject(
    conn: PoolConnectionProxy, *, subject_id: str, replaced_too: bool = False
) -> list[Document]:
    """Its documents, oldest first."""
    rows = await sql.of_subject(conn, subject_id=subject_id, replaced_too=replaced_too)
    return [_document(row) for row in rows]


async def open_for(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    subject_id: str,
    document_id: str,
    partner_id: str | None,
    actor: str,
) -> tuple[Document, bytes]:
    """A document with its content, for one of the bank's people; that it was opened is on the trail.

    Raises:
        DocumentNotFound: not there, of another case, or erased.
    """
    row = await sql.find(conn, subject_id=subject_id, document_id=document_id)
    if row is None or row["content"] is None:
        raise DocumentNotFound
    await audit.record(
        conn,
        actor=actor,
        deed="document.opened",
        object_id=subject_id,
        partner_id=partner_id,
        facts={"document_id": document_id, "kind": row["kind"]},
    )
    content = sealing.reveal(row["content"], owner=document_id)
    return _document(row), content


def missing(kind: Kind, mcc: str | None, have: frozenset[str]) -> Iterator[Fault]:
    """Which documents an application of this kind and trade still lacks."""
    needed = () if kind.is_sub_merchant else _NEEDED
    for one in needed:
        if one not in have:
            yield Fault(f"/documents/{one}", "document_missing")
    if needs_permit(mcc) and DocumentKind.QUALIFICATION not in have:
        yield Fault(f"/documents/{DocumentKind.QUALIFICATION}", "qualification_missing")


def needs_permit(mcc: str | None) -> bool:
    """Whether nobody may follow this trade without one."""
    return mcc in _PERMIT_MCCS


def _document(row: asyncpg.Record) -> Document:
    facts = {name: row[name] for name in Document.__slots__}
    return Document(**{**facts, "kind": DocumentKind(row["kind"])})
