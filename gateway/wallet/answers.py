"""What goes over the wire to a core, and what its replies mean. The one rule of certainty stands here.

An answer is a well-formed transfer with our id and a known status; everything else is `Unknown`.
"""

from typing import Final, assert_never

import msgspec

from gateway.wallet.contract import (
    MAX_BODY_BYTES,
    BeneficiaryMessage,
    CoreProblem,
    LegMessage,
    ListingAnswer,
    TransferAnswer,
    TransferRequest,
)
from gateway.wallet.core import (
    Answer,
    Approved,
    Beneficiary,
    ConfirmationRequired,
    Declined,
    Leg,
    Listed,
    Page,
    Pending,
    Reversed,
    Tombstoned,
    Transfer,
    Unknown,
)

HTTP_OK: Final = 200
# What a core says to somebody whose key it does not know, having done nothing.
NOT_LET_IN: Final = Unknown("answered 401")
# How it begins to be told that nobody was reached.
REFUSED: Final = "the connection was refused"
NO_CONNECTION: Final = "no connection"

_ENCODER: Final = msgspec.json.Encoder()
_TRANSFER: Final = msgspec.json.Decoder(TransferAnswer)
_LISTING: Final = msgspec.json.Decoder(ListingAnswer)
_PROBLEM: Final = msgspec.json.Decoder(CoreProblem)


class NoListing(Exception):
    """What came back is no listing."""


def message_of(transfer: Transfer, beneficiary: Beneficiary | None = None) -> bytes:
    body = _ENCODER.encode(
        TransferRequest(
            id=transfer.id,
            kind=transfer.kind,
            unit=transfer.unit,
            legs=tuple(
                LegMessage(role=leg.role, source=leg.source, target=leg.target, amount_minor=leg.amount_minor)
                for leg in transfer.legs
            ),
            issuer=transfer.issuer,
            parent=transfer.parent,
            confirmed=transfer.confirmed,
            factors=transfer.factors,
            certificate=transfer.certificate,
            statement=transfer.statement,
            reference=transfer.reference,
            beneficiary=None
            if beneficiary is None
            else msgspec.convert(beneficiary, BeneficiaryMessage, from_attributes=True),
        )
    )
    assert len(body) <= MAX_BODY_BYTES
    return body


def outcome_of(status: int, body: bytes, transfer_id: str) -> Answer | Unknown:
    if status != HTTP_OK:
        return Unknown(f"answered {status}")
    try:
        answer = _TRANSFER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Unknown("answered no transfer")
    if answer.id != transfer_id:
        return Unknown("answered another transfer")
    return _told(answer)


def _told(answer: TransferAnswer) -> Answer | Unknown:
    match answer.status:
        case "succeeded" if answer.core_reference and answer.concluded_at:
            return Approved(answer.core_reference, answer.concluded_at)
        case "succeeded":
            return Unknown("answered succeeded without its reference or time")
        case "declined":
            return Declined(answer.reason or "not_told")
        case "confirmation_required":
            return ConfirmationRequired(answer.reason or "not_told")
        case "pending":
            return Pending()
        case "reversed":
            return Reversed()
        case "tombstoned":
            return Tombstoned()
        case never:
            assert_never(never)


def says_not_found(body: bytes, transfer_id: str) -> bool:
    try:
        problem = _PROBLEM.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return problem.code == "transfer_not_found" and problem.transfer_id == transfer_id


def page_of(status: int, body: bytes) -> Page:
    """A page of a listing; raises `NoListing`."""
    if status != HTTP_OK:
        raise NoListing(f"answered {status}")
    try:
        listing = _LISTING.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoListing("answered no listing") from error
    return Page(transfers=tuple(map(_listed, listing.transfers)), next=listing.next)


def _listed(answer: TransferAnswer) -> Listed:
    if answer.created_at is None:
        raise NoListing("a listed transfer has no time")
    return Listed(
        id=answer.id,
        kind=answer.kind,
        unit=answer.unit,
        status=answer.status,
        legs=tuple(
            Leg(role=leg.role, source=leg.source, target=leg.target, amount_minor=leg.amount_minor)
            for leg in answer.legs
        ),
        parent=answer.parent,
        created_at=answer.created_at,
    )
