"""Later changes of what is on record: asked for by the partner, reviewed by one operator, approved by another.

What is live stays live until then. The request names the sections as they shall be; the pre-check judges the record
as it would become, both when it is asked for and when it is approved, for licences expire while one waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import audit, merchant, standing
from merchants.errors import MerchantNotActive
from merchants.lifecycle import Status
from merchants.merchant import Merchant
from merchants.onboarding import changes_sql as sql
from merchants.onboarding import records_sql, search
from merchants.onboarding.errors import (
    ApplicationFaulty,
    ChangeCannotMove,
    ChangeNotFound,
    ChangeUnderway,
    NothingToChange,
    RecordChanged,
    SamePerson,
)
from merchants.onboarding.particulars import Particulars, last_four, revealed
from merchants.onboarding.precheck import precheck
from merchants.sealing import Sealing
from webhooks import outbox


class State(StrEnum):
    """Where a change request stands."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


# A company is its credit code: another one is another partner.
_FIXED: Final = "credit_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change request; `sections` are named, their new content is shown masked to whoever asks."""

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
    created_at: datetime
    updated_at: datetime


async def ask(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    change_id: str,
    partner_id: str,
    merchant_id: str,
    sections: Mapping[str, Any],
    actor: str,
    today: date,
) -> Change:
    """Ask for sections of a merchant's record to become what is given.

    Raises:
        MerchantNotFound, MerchantNotActive: closed for good.
        NothingToChange: no section is named, or the credit code would be another.
        ApplicationFaulty: the record would not pass the pre-check.
        ChangeUnderway: one is open already.
    """
    owner = await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)
    if owner.status is Status.CLOSED:
        raise MerchantNotActive(owner.status)
    record, version = await _record_of(conn, sealing, owner)
    _changed(record, owner, sections, today=today)
    try:
        row = await sql.insert(
            conn,
            partner_id=partner_id,
            change_id=change_id,
            merchant_id=merchant_id,
            sections=sorted(sections),
            changes=sealing.seal(msgspec.json.encode(dict(sections)), owner=change_id),
            record_version=version,
            requested_by=actor,
        )
    except asyncpg.UniqueViolationError:
        raise ChangeUnderway from None
    change = _change(sealing, row)
    await _record(conn, change, deed="change.submitted", actor=actor)
    return change


async def find(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, partner_id: str | None
) -> Change:
    """One request of this partner; of anybody, for the bank's people, where `partner_id` is None.

    Raises:
        ChangeNotFound
    """
    return _found(sealing, await sql.find(conn, change_id=change_id, partner_id=partner_id))


async def in_status(
    conn: PoolConnectionProxy, sealing: Sealing, *, status: State, after_id: str | None, limit: int
) -> list[Change]:
    """A page of everybody's in this status, oldest first."""
    rows = await sql.in_status(conn, status=status, after_id=after_id, limit=limit)
    return [_change(sealing, row) for row in rows]


async def withdraw(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, partner_id: str, actor: str
) -> Change:
    """Take back a request that nobody has decided.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = _found(sealing, await sql.find(conn, change_id=change_id, partner_id=partner_id, lock=True))
    return await _move(conn, sealing, change, State.WITHDRAWN, actor=actor)


async def take(conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, operator_id: str) -> Change:
    """Become its reviewer.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = _found(sealing, await sql.find(conn, change_id=change_id, partner_id=None, lock=True))
    return await _move(conn, sealing, change, State.UNDER_REVIEW, actor=operator_id, reviewer_id=operator_id)


async def reject(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, operator_id: str, reason: str
) -> Change:
    """Turn it down; what is live stays.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = _found(sealing, await sql.find(conn, change_id=change_id, partner_id=None, lock=True))
    return await _move(conn, sealing, change, State.REJECTED, actor=operator_id, reason=reason)


async def approve(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    change_id: str,
    operator_id: str,
    reason: str,
    today: date,
) -> Change:
    """Put it on record as the second pair of eyes; from the commit on it is live.

    Raises:
        ChangeNotFound, ChangeCannotMove
        RecordChanged: the record is not the one it was asked against.
        ApplicationFaulty: it passes the pre-check no more.
        SamePerson: the approver took it; the database refused.
    """
    change = _found(sealing, await sql.find(conn, change_id=change_id, partner_id=None, lock=True))
    owner = await merchant.find(conn, partner_id=change.partner_id, merchant_id=change.merchant_id)
    record, version = await _record_of(conn, sealing, owner, lock=True)
    if version != change.record_version:
        raise RecordChanged
    try:
        approved = await _move(
            conn, sealing, change, State.APPROVED, actor=operator_id, approver_id=operator_id, reason=reason
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "change_requests_two_people":
            raise SamePerson from None
        raise
    assert change.wanted is not None, "an undecided request keeps what it asks for"
    wanted = {name: getattr(change.wanted, name) for name in change.sections}
    await _put_on_record(conn, sealing, owner, _changed(record, owner, wanted, today=today))
    changed = await merchant.find(conn, partner_id=owner.partner_id, merchant_id=owner.id)
    await outbox.publish(
        conn, [standing.changed_event(changed, occurred_at=approved.updated_at, sections=change.sections)]
    )
    return approved


async def _put_on_record(
    conn: PoolConnectionProxy, sealing: Sealing, owner: Merchant, record: Particulars
) -> None:
    assert record.licence, "the pre-check has seen to it"
    assert record.settlement, "likewise"
    await records_sql.change(
        conn,
        partner_id=owner.partner_id,
        merchant_id=owner.id,
        particulars=record.sealed(sealing, owner=owner.id),
        licence_name=record.licence.name,
        short_name=record.short_name or "",
        city=record.city or "",
        mcc=record.mcc or "",
        settlement_account=sealing.seal(msgspec.json.encode(record.settlement), owner=owner.id),
        settlement_last_four=last_four(record.settlement.account_number),
    )
    await search.index(conn, sealing, subject_id=owner.id, particulars=record)


def _changed(
    record: Particulars, owner: Merchant, sections: Mapping[str, Any], *, today: date
) -> Particulars:
    """The record as it would become, if that holds."""
    wanted = msgspec.convert(msgspec.to_builtins(dict(sections)), Particulars)
    changed = record.changed({name: getattr(wanted, name) for name in sections})
    if not sections or changed.credit_code != owner.credit_code or changed == record:
        raise NothingToChange
    faults = precheck(changed, kind=owner.kind, today=today)
    if faults:
        raise ApplicationFaulty(faults)
    return changed


async def _record_of(
    conn: PoolConnectionProxy, sealing: Sealing, owner: Merchant, *, lock: bool = False
) -> tuple[Particulars, int]:
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


async def _move(
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
    if status not in _TARGETS[change.status]:
        raise ChangeCannotMove(change.status)
    row = await sql.move(
        conn,
        change_id=change.id,
        status=status,
        reviewer_id=reviewer_id,
        approver_id=approver_id,
        reason=reason,
        is_over=not _TARGETS[status],
    )
    moved = _change(sealing, row)
    await _record(conn, moved, deed=f"change.{status}", actor=actor)
    return moved


async def _record(conn: PoolConnectionProxy, change: Change, *, deed: str, actor: str) -> None:
    await audit.record(
        conn,
        actor=actor,
        deed=deed,
        object_id=change.id,
        partner_id=change.partner_id,
        reason=change.reason,
        facts={"merchant_id": change.merchant_id, "sections": ",".join(change.sections)},
    )


def _found(sealing: Sealing, row: asyncpg.Record | None) -> Change:
    if row is None:
        raise ChangeNotFound
    return _change(sealing, row)


def _change(sealing: Sealing, row: asyncpg.Record) -> Change:
    facts = {name: row[name] for name in Change.__slots__ if name != "wanted"}
    wanted = None if row["changes"] is None else revealed(sealing, row["changes"], owner=row["id"])
    return Change(
        **{**facts, "status": State(row["status"]), "sections": tuple(row["sections"]), "wanted": wanted}
    )
