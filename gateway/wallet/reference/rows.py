"""Between the messages of the contract and the rows of the books."""

import hashlib
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from gateway.wallet.contract import LegMessage, TransferAnswer, TransferRequest
from gateway.wallet.reference.sandbox import Manners


def arguments_of(request: TransferRequest, *, arrived: bool) -> tuple[Any, ...]:
    legs = request.legs
    accounts = (account for leg in legs for account in (leg.source, leg.target))
    return (
        request.id,
        request.kind,
        request.unit,
        request.parent,
        request.issuer,
        _content(request),
        next((account for account in accounts if account.startswith("payer:")), None),
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


def _content(request: TransferRequest) -> bytes:
    """A hash of all that decides about the money; the texts for people do not."""
    return hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(request, statement="", reference=""))
    ).digest()


def told_of(request: TransferRequest, row: asyncpg.Record) -> TransferAnswer:
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


def _reference(row: asyncpg.Record) -> str:
    return f"RC{row['number']:012d}"


def manners_of(row: asyncpg.Record) -> Manners:
    return Manners(row["behaviour"] or "normal", row["seconds"] or 0.0)


def cursor_of(created_at: datetime, number: int) -> str:
    """Where a listing goes on: after this transfer."""
    return f"{created_at.isoformat()}_{number}"


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """The other way; raises ValueError for one that we did not give."""
    created_at, _, number = cursor.rpartition("_")
    return datetime.fromisoformat(created_at), int(number)
