"""A request to change what is on record of a merchant: where it stands, who works on it, what is wanted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.errors import MerchantNotActive
from merchants.merchant import Merchant
from merchants.onboarding import changes_sql as sql
from merchants.onboarding import records_sql
from merchants.onboarding.application import PlaceTerms, Terms
from merchants.onboarding.documents import DocumentKind, needs_permit
from merchants.onboarding.errors import ChangeCannotMove, ChangeNotFound, ChangeUnderway, SamePerson
from merchants.onboarding.particulars import Particulars, revealed
from merchants.sealing import Sealing

# The one section that is the bank's: its partner sees what came of it, not what was thought about.
TERMS: Final = "terms"


class State(StrEnum):
    """Where a change request stands."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change request; `sections` are named, their new content is shown masked to whoever asks.

    Attributes:
        wanted: the sections of the record as they shall be; None once erased, or where the terms shall change.
        terms: the bank's own wish: fee and limit of the merchant as they shall be.
        place_id: the store or terminal whose they shall be instead, with its `place_terms`.
    """

    id: str
    partner_id: str
    merchant_id: str
    status: State
    sections: tuple[str, ...]
    record_version: int
    requested_by: str
    reviewer_id: str | None
    approver_id: str | None
    reason: str
    wanted: Particulars | None
    terms: Terms | None
    place_id: str | None
    place_terms: PlaceTerms | None
    created_at: datetime
    updated_at: datetime

    @property
    def needs(self) -> tuple[DocumentKind, ...]:
        """Papers without which nobody takes it."""
        trade = self.wanted.mcc if self.wanted is not None and "mcc" in self.sections else None
        return (DocumentKind.QUALIFICATION,) if needs_permit(trade) else ()

    def refuse_papers_once_taken(self) -> None:
        """Raise ChangeCannotMove unless nobody works on it yet."""
        if self.status is not State.SUBMITTED:
            raise ChangeCannotMove(self.status)


async def submit(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    owner: Merchant,
    *,
    change_id: str,
    sections: Collection[str],
    content: Any,
    record_version: int,
    actor: str,
    reviewer_id: str | None = None,
    place_id: str | None = None,
) -> Change:
    """Store a wish; the bank's own is under review by whoever has it.

    Raises:
        ChangeUnderway: another of this merchant, or of this place, is open.
    """
    try:
        row = await sql.insert(
            conn,
            partner_id=owner.partner_id,
            change_id=change_id,
            merchant_id=owner.id,
            status=State.SUBMITTED if reviewer_id is None else State.UNDER_REVIEW,
            sections=sorted(sections),
            changes=sealing.seal(msgspec.json.encode(content), owner=change_id),
            record_version=record_version,
            requested_by=actor,
            reviewer_id=reviewer_id,
            place_id=place_id,
        )
    except asyncpg.UniqueViolationError:
        raise ChangeUnderway from None
    change = change_of(sealing, row)
    await note(conn, change, deed="change.submitted", actor=actor)
    return change


async def find(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, partner_id: str | None
) -> Change:
    """One request of this partner; of anybody, for the bank's people, where `partner_id` is None.

    Raises:
        ChangeNotFound
    """
    return _found(sealing, await sql.find(conn, change_id=change_id, partner_id=partner_id))


async def hold(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, partner_id: str | None
) -> Change:
    """Like `find`, and nobody else moves it until the transaction ends.

    Raises:
        ChangeNotFound
    """
    row = await sql.find(conn, change_id=change_id, partner_id=partner_id, lock=True)
    return _found(sealing, row)


async def of_partner(
    conn: PoolConnectionProxy, sealing: Sealing, *, partner_id: str, before_id: str | None, limit: int
) -> list[Change]:
    """A page of a partner's own, newest first."""
    rows = await sql.of_partner(conn, partner_id=partner_id, before_id=before_id, limit=limit)
    return [change_of(sealing, row) for row in rows]


async def in_status(
    conn: PoolConnectionProxy, sealing: Sealing, *, status: State, after_id: str | None, limit: int
) -> list[Change]:
    """A page of everybody's in this status, oldest first."""
    rows = await sql.in_status(conn, status=status, after_id=after_id, limit=limit)
    return [change_of(sealing, row) for row in rows]


async def record_of(
    conn: PoolConnectionProxy, sealing: Sealing, owner: Merchant, *, lock: bool = False
) -> tuple[Particulars, int]:
    """What is on record of a merchant today, and its version.

    Raises:
        MerchantNotActive: it was closed so long ago that the record is erased.
    """
    row = await records_sql.find(conn, partner_id=owner.partner_id, merchant_id=owner.id, lock=lock)
    if row is None or row["particulars"] is None:
        raise MerchantNotActive(owner.status)
    return revealed(sealing, row["particulars"], owner=owner.id), row["version"]


_TARGETS: Final[Mapping[State, frozenset[State]]] = {
    State.SUBMITTED: frozenset({State.UNDER_REVIEW, State.WITHDRAWN, State.REJECTED}),
    State.UNDER_REVIEW: frozenset({State.APPROVED, State.REJECTED, State.WITHDRAWN}),
    State.APPROVED: frozenset(),
    State.REJECTED: frozenset(),
    State.WITHDRAWN: frozenset(),
}


async def move(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    change: Change,
    status: State,
    *,
    actor: str,
    reviewer_id: str | None = None,
    approver_id: str | None = None,
    reason: str = "",
) -> Change:
    """Take a held request to `status`.

    Raises:
        ChangeCannotMove
        SamePerson: whoever asked for it or took it approves it; the database refused.
    """
    if status not in _TARGETS[change.status]:
        raise ChangeCannotMove(change.status)
    try:
        row = await sql.move(
            conn,
            change_id=change.id,
            status=status,
            reviewer_id=reviewer_id,
            approver_id=approver_id,
            reason=reason,
            is_over=not _TARGETS[status],
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "change_requests_two_people":
            raise SamePerson from None
        raise
    moved = change_of(sealing, row)
    await note(conn, moved, deed=f"change.{status}", actor=actor)
    return moved


async def note(conn: PoolConnectionProxy, change: Change, *, deed: str, actor: str) -> None:
    """On the trail, in the deed's transaction."""
    await audit.record(
        conn,
        actor=actor,
        deed=deed,
        object_id=change.id,
        partner_id=change.partner_id,
        reason=change.reason,
        facts={
            "merchant_id": change.merchant_id,
            "sections": ",".join(change.sections),
            **({"place_id": change.place_id} if change.place_id else {}),
        },
    )


def _found(sealing: Sealing, row: asyncpg.Record | None) -> Change:
    if row is None:
        raise ChangeNotFound
    return change_of(sealing, row)


def change_of(sealing: Sealing, row: asyncpg.Record) -> Change:
    """A stored row with its seal opened."""
    contents: dict[str, Any] = dict.fromkeys(("wanted", "terms", "place_terms"))
    facts = {name: row[name] for name in Change.__slots__ if name not in contents}
    sections = tuple(row["sections"])
    if row["changes"] is not None and TERMS in sections:
        name, kind = ("place_terms", PlaceTerms) if row["place_id"] else ("terms", Terms)
        contents[name] = msgspec.json.decode(sealing.reveal(row["changes"], owner=row["id"]), type=kind)
    elif row["changes"] is not None:
        contents["wanted"] = revealed(sealing, row["changes"], owner=row["id"])
    return Change(**{**facts, **contents, "status": State(row["status"]), "sections": sections})
