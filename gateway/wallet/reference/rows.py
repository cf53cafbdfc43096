"""Between the messages of the contract and the rows of the books."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from gateway.wallet.contract import LegMessage, TransferAnswer, TransferRequest
from gateway.wallet.reference.sandbox import Manners

Row = Mapping[str, Any] | asyncpg.Record


def arguments_of(request: TransferRequest, *, arrived: bool) -> tuple[Any, ...]:
    legs = request.legs
    return (
        request.id,
        request.kind,
        request.unit,
        request.parent,
        request.issuer,
        _content(request),
        payer_of(request),
        [leg.role for leg in legs],
        [leg.source for leg in legs],
        [leg.target for leg in legs],
        [leg.amount_minor for leg in legs],
        request.statement,
        # What the other bank's customer finds on the statement there, by account: `GET /sandbox/external-accounts`.
        request.beneficiary.account_number if request.beneficiary else request.reference,
        request.confirmed,
        arrived,
    )


def together_of(requests: Sequence[TransferRequest]) -> tuple[str, list[bytes], list[str | None]]:
    """Plain debits as `ledger.submit_together` takes them."""
    return (
        msgspec.json.encode(requests).decode(),
        [_content(request) for request in requests],
        [payer_of(request) for request in requests],
    )


def payer_of(request: TransferRequest) -> str | None:
    """The payer's account, where one takes part."""
    for leg in request.legs:
        for account in (leg.source, leg.target):
            if account.startswith("payer:"):
                return account
    return None


def _content(request: TransferRequest) -> bytes:
    """A hash of all that decides about the money; the texts for people do not."""
    return hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(request, statement="", reference=""))
    ).digest()


def told_of(request: TransferRequest, row: Row) -> TransferAnswer:
    if row["status"] == "tombstoned":
        return TransferAnswer(id=request.id, status="tombstoned", concluded_at=row["concluded_at"])
    return TransferAnswer(
        id=request.id,
        status=row["status"],
        kind=request.kind,
        unit=request.unit,
        legs=request.legs,
        parent=request.parent,
        reason=row["reason"],
        core_reference=_reference(row),
        created_at=row["created_at"],
        concluded_at=row["concluded_at"],
    )


def answer_of(row: asyncpg.Record) -> TransferAnswer:
    legs = zip(row["leg_roles"], row["leg_sources"], row["leg_targets"], row["leg_amounts"], strict=True)
    return TransferAnswer(
        id=row["id"],
        status=row["status"],
        kind=row["kind"],
        unit=row["unit"],
        legs=tuple(
            LegMessage(role=role, source=source, target=target, amount_minor=amount_minor)
            for role, source, target, amount_minor in legs
        ),
        parent=row["parent"],
        reason=row["reason"],
        core_reference=_reference(row),
        created_at=row["created_at"],
        concluded_at=row["concluded_at"],
    )


def _reference(row: Row) -> str:
    return f"RC{row['number']:012d}"


def manners_of(row: Row) -> Manners:
    return Manners(row["behaviour"] or "normal", row["seconds"] or 0.0)


def cursor_of(created_at: datetime, number: int) -> str:
    """Where a listing goes on: after this transfer."""
    return f"{created_at.isoformat()}_{number}"


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """The other way; raises ValueError for one that we did not give."""
    created_at, _, number = cursor.rpartition("_")
    return datetime.fromisoformat(created_at), int(number)
