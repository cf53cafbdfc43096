"""Changes of what is on record, on the wire; what is wanted is shown masked."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.applications import (
    Licence,
    OnlineScene,
    PlaceTerms,
    Reason,
    ShownContact,
    ShownPerson,
    ShownSettlement,
    StoreScene,
    Terms,
)
from gateway.wire.documents import DocumentKind
from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time

ChangeStatus = Literal["submitted", "under_review", "approved", "rejected", "withdrawn"]
Section = Literal[
    "licence", "legal_representative", "owners", "contact", "short_name", "city", "mcc", "settlement", "stores",
    "online", "terms",
]  # fmt: skip


class Sections(Struct, frozen=True, kw_only=True):
    """What is on record, or shall be; people, contacts and account numbers are masked."""

    licence: Licence | None
    legal_representative: ShownPerson | None
    owners: list[ShownPerson]
    contact: ShownContact | None
    short_name: str | None
    city: str | None
    mcc: str | None
    settlement: ShownSettlement | None
    stores: list[StoreScene]
    online: OnlineScene | None


class Change(Struct, frozen=True, kw_only=True):
    """A wish to change what is on record; nothing changes until it is approved.

    Attributes:
        sections: those that shall change; `wanted` has their new content, the others are empty in it.
        wanted: null once it is erased, and where the terms shall change.
        needs: documents to upload before anybody at the bank takes it.
        terms: fee and limit as they shall be; shown to the bank's people alone until they are approved.
        place_terms: the same of the store or terminal `place_id`, where it is not the merchant's that shall change.
    """

    id: Annotated[str, Meta(examples=["chg_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    merchant_id: str
    status: ChangeStatus
    sections: list[Section]
    wanted: Sections | None
    needs: list[DocumentKind]
    terms: Terms | None
    place_id: Annotated[str | None, Meta(examples=["sto_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    place_terms: PlaceTerms | None
    reason: str
    created_at: Time
    updated_at: Time


class ChangeCase(Struct, frozen=True, kw_only=True):
    """A change request as the bank's people see it."""

    change: Change
    partner_id: Annotated[str, Meta(examples=["mer_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    requested_by: str
    reviewer_id: str | None
    approver_id: str | None


class ChangeQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests to list, oldest first."""

    cursor: Annotated[str, next_id("chg")] | None = None
    status: ChangeStatus = "submitted"


class OwnChangeQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partner's own requests, newest first."""

    cursor: Annotated[str, next_id("chg")] | None = None


class ChangeDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a request is approved or turned down; its partner reads it."""

    reason: Reason


class SearchWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly this value; blanks, dashes and case do not matter."""

    field: Literal["document_number", "account_number", "phone", "email"]
    text: Annotated[str, Meta(min_length=4, max_length=254, examples=["13800138000"])]


class SearchHits(Struct, frozen=True, kw_only=True):
    """Applications and merchants that declared it, newest first, 100 at most."""

    ids: list[str]


class Unmasking(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sections to see in clear, and why; both stand on the trail."""

    sections: Annotated[
        list[Literal["legal_representative", "owners", "contact", "settlement"]],
        Meta(min_length=1, max_length=4),
    ]
    reason: Reason


class ClearPerson(Struct, frozen=True, kw_only=True):
    """A person in clear."""

    name: str
    document_number: str


class ClearContact(Struct, frozen=True, kw_only=True):
    """A contact in clear."""

    name: str
    phone: str
    email: str


class ClearSettlement(Struct, frozen=True, kw_only=True):
    """A settlement account in clear."""

    account_name: str
    bank_name: str
    branch_number: str
    account_number: str


class Unmasked(Struct, frozen=True, kw_only=True):
    """What was asked for, in clear; what was not is null."""

    legal_representative: ClearPerson | None
    owners: list[ClearPerson] | None
    contact: ClearContact | None
    settlement: ClearSettlement | None
