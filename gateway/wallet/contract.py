"""The messages of contract.yaml as types: what a core is sent over HTTP, and what it answers.

Both ends use them, rest.py to ask and the reference core to answer; a test holds them against the contract.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gateway.wallet.core import MAX_LEGS, LegRole, Status, TransferKind

MAX_BODY_BYTES: Final = 64 * 1024
# A page of 500 transfers with four legs each stays far below this.
MAX_LISTING_BYTES: Final = 2 * 1024 * 1024
MAX_LISTED: Final = 500

TOKEN_TYPE: Final = "core-request+jwt"  # noqa: S105 - a media type; explicit typing, RFC 8725 3.11
TOKEN_LIFE_S: Final = 30
AUDIENCE: Final = "wallet-core"

Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")]
Account = Annotated[str, Meta(min_length=3, max_length=128, pattern=r"^[a-z]+:[A-Za-z0-9_.:-]+$")]
Unit = Annotated[str, Meta(max_length=64, pattern=r"^([A-Z]{3}|points:[A-Za-z0-9_.-]+)$")]
# Ten million times ten thousand yuan in fen: what sums of many still keep within 64 bits.
Positive = Annotated[int, Meta(gt=0, le=10**15)]
Instant = Annotated[datetime, Meta(tz=True)]
# What PostgreSQL cannot store in a text stays out of every text.
Text = Annotated[str, Meta(max_length=256, pattern=r"^[^\x00]*$")]


class LegMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One movement: `amount_minor` from `source` to `target`."""

    role: LegRole
    source: Account
    target: Account
    amount_minor: Positive


class BeneficiaryMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account at any bank that an external credit goes to."""

    account_name: Text
    bank_name: Text
    branch_number: Text
    account_number: Text


class TransferRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /transfers`."""

    id: Id
    kind: TransferKind
    unit: Unit
    legs: Annotated[tuple[LegMessage, ...], Meta(max_length=MAX_LEGS)]
    issuer: Text
    parent: Id | None = None
    confirmed: bool = False
    factors: Annotated[int, Meta(ge=0, le=9)] = 0
    certificate: bool = False
    statement: Text = ""
    reference: Text = ""
    beneficiary: BeneficiaryMessage | None = None


class TransferAnswer(Struct, frozen=True, kw_only=True):
    """A transfer as the core has it; a tombstone has neither kind nor unit nor legs.

    Fields that we do not know are ignored: a bank's core may say more.
    """

    id: str
    status: Status
    kind: str | None = None
    unit: str | None = None
    legs: tuple[LegMessage, ...] = ()
    parent: str | None = None
    reason: str | None = None
    core_reference: str | None = None
    created_at: Instant | None = None
    concluded_at: Instant | None = None


class ListingAnswer(Struct, frozen=True, kw_only=True):
    """Body of `GET /transfers`."""

    transfers: tuple[TransferAnswer, ...]
    next: str | None


class CoreProblem(Struct, frozen=True, kw_only=True):
    """What a core refuses with (RFC 9457); `transfer_id` shows that the core itself speaks, not a proxy."""

    code: Literal[
        "transfer_not_found", "content_differs", "malformed", "not_authenticated", "not_found", "failed"
    ]
    status: int
    title: str
    detail: str = ""
    type: str = "about:blank"
    transfer_id: str | None = None


class RequestClaims(Struct, frozen=True, kw_only=True):
    """Claims of the token that covers a request: its method, path with query, and body.

    `content-digest` is the value of RFC 9530's field of that name for the body, also for an empty one.
    """

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    htm: str
    htu: str
    content_digest: str
