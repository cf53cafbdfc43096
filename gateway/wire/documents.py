"""Documents on the wire: what is known of them; their content is bytes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.time import Time

DocumentKind = Literal[
    "business_licence",
    "representative_id",
    "owner_id",
    "bank_account",
    "store_photo",
    "qualification",
    "agreement",
    "other",
]


class DocumentPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the papers of its kind: the other side of an identity card, the next owner's, the next page."""

    page: Annotated[int, Meta(ge=1, le=20)] = 1


class Document(Struct, frozen=True, kw_only=True):
    """A document that was uploaded; nobody but the bank's people opens it."""

    id: Annotated[str, Meta(examples=["doc_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    kind: DocumentKind
    page: Annotated[int, Meta(description="Its place among the papers of its kind", examples=[1])]
    media_type: Literal["image/jpeg", "image/png", "application/pdf"]
    size_bytes: Annotated[int, Meta(description="After it was rebuilt", examples=[184220])]
    sha256: Annotated[
        str,
        Meta(
            description="Of the bytes you sent",
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        ),
    ]
    round: Annotated[int, Meta(description="Uploaded after so many questions of the bank")]
    uploaded_at: Time
    replaced_at: Time | None
    erased_at: Time | None


class DocumentList(Struct, frozen=True, kw_only=True):
    """The documents of one case, oldest first."""

    items: list[Document]
