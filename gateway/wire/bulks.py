"""Bulk files of sub-merchants on the wire: how far one is, and what became of each of its lines."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.applications import Reason, Terms
from gateway.wire.page import PageQuery, next_id, next_like
from gateway.wire.time import Time

BulkId = Annotated[str, Meta(examples=["blk_01939e7c5b7a7c3f9d2e4a6b00000007"])]
BulkState = Literal["reading", "checked", "under_review", "admitting", "done", "rejected"]


class Bulk(Struct, frozen=True, kw_only=True):
    """A file of sub-merchants; all counts are lines.

    Attributes:
        read: lines that have their result; all of them once it is `checked`.
        admitted: sub-merchants that are active by it.
    """

    id: BulkId
    partner_id: Annotated[str, Meta(examples=["mer_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    kind: Literal["tenant", "seller"]
    format: Literal["csv", "jsonl"]
    state: BulkState
    lines: Annotated[int, Meta(examples=[10000])]
    read: Annotated[int, Meta(examples=[10000])]
    faulty: Annotated[int, Meta(examples=[300])]
    admitted: Annotated[int, Meta(examples=[9700])]
    reason: str
    created_at: Time
    updated_at: Time


class BulkCase(Struct, frozen=True, kw_only=True):
    """A bulk file as the bank's people see it."""

    bulk: Bulk
    uploaded_by: str
    reviewer_id: str | None
    approver_id: str | None
    terms: Terms | None


class LineFault(Struct, frozen=True, kw_only=True):
    """One thing to correct in a line."""

    field: Annotated[
        str, Meta(description="The column, or the member in JSON lines", examples=["credit_code"])
    ]
    pointer: Annotated[str, Meta(description="As in a single application", examples=["/licence/credit_code"])]
    code: Annotated[str, Meta(examples=["credit_code_check_digit"])]
    detail: str


class BulkLine(Struct, frozen=True, kw_only=True):
    """What became of a line: its application, or its faults."""

    line: Annotated[int, Meta(description="As your editor counts; a CSV header is line 1", examples=[17])]
    reference: Annotated[str, Meta(description="Your own name for the line", examples=["shop-17"])]
    application_id: str | None
    faults: list[LineFault]


class LineQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which results to list, in the order of the file."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="How many lines at most", examples=[20])] = 20
    cursor: Annotated[str, next_like("^[0-9]{1,9}$")] | None = None
    faulty: Annotated[bool, Meta(description="Only lines with faults")] = False


class BulkQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which files to list, oldest first."""

    cursor: Annotated[str, next_id("blk")] | None = None
    state: BulkState = "checked"


class OwnBulkQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partner's own files, newest first."""

    cursor: Annotated[str, next_id("blk")] | None = None


class BulkApproval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An approval of a whole file under the very terms that its reviewer proposed."""

    terms: Terms
    reason: Annotated[str, Meta(max_length=500)] = ""


class BulkRejection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a whole file is turned down; its partner reads it."""

    reason: Reason
