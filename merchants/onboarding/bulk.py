"""Sub-merchants in bulk: a file is read piece by piece, reviewed as one case, and admitted piece by piece.

A piece, its lines' results, their applications and the counters change in one transaction, under the bulk's lock:
whatever dies in between leaves the piece to whoever comes next, and no line is taken twice. The reviewer and the
approver of the file stand on each of its applications, where the database holds them to be two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.errors import MerchantNotActive
from merchants.lifecycle import Status
from merchants.merchant import Kind, Merchant
from merchants.onboarding import bulk_sql as sql
from merchants.onboarding.application import Terms
from merchants.onboarding.bulk_file import Format
from merchants.onboarding.errors import (
    BulkCannotMove,
    BulkNotFound,
    KindHasNoSubMerchants,
    NotTheReviewer,
    SamePerson,
    TermsChanged,
)
from merchants.onboarding.review import STANDARD_TERMS
from merchants.sealing import Sealing

# Enough to share a transaction's costs, few enough that it takes a tenth of a second.
PIECE: Final = 100


class State(StrEnum):
    """Where a bulk stands."""

    READING = "reading"
    CHECKED = "checked"
    UNDER_REVIEW = "under_review"
    ADMITTING = "admitting"
    DONE = "done"
    REJECTED = "rejected"


class LineFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a line: the column or JSON member, and the fault as of a single application."""

    field: str
    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A file of sub-merchants and how far it is; counts are lines."""

    id: str
    partner_id: str
    kind: Kind
    format: Format
    state: State
    version: int
    lines: int
    read: int
    faulty: int
    admitted: int
    uploaded_by: str
    reviewer_id: str | None
    approver_id: str | None
    terms: Terms | None
    reason: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What became of one line."""

    line: int
    reference: str
    application_id: str | None
    faults: tuple[LineFault, ...]


async def receive(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    bulk_id: str,
    partner: Merchant,
    format_: Format,
    lines: Sequence[tuple[int, Any]],
    actor: str,
) -> Bulk:
    """Store a file's lines, sealed, for the worker to read.

    Raises:
        KindHasNoSubMerchants, MerchantNotActive
    """
    if partner.kind.sub_merchants is None:
        raise KindHasNoSubMerchants
    if partner.status is not Status.ACTIVE:
        raise MerchantNotActive(partner.status)
    row = await sql.insert(
        conn,
        partner_id=partner.id,
        bulk_id=bulk_id,
        kind=partner.kind.sub_merchants,
        format_=format_,
        lines=len(lines),
        uploaded_by=actor,
    )
    pieces = [lines[at : at + PIECE] for at in range(0, len(lines), PIECE)]
    await sql.insert_pieces(
        conn,
        partner_id=partner.id,
        bulk_id=bulk_id,
        firsts=[piece[0][0] for piece in pieces],
        rows=[sealing.seal(msgspec.json.encode(piece), owner=bulk_id) for piece in pieces],
    )
    bulk = _bulk(row)
    await _record(conn, bulk, deed="bulk.received", actor=actor, lines=len(lines))
    return bulk


async def find(conn: PoolConnectionProxy, *, bulk_id: str, partner_id: str | None) -> Bulk:
    """One bulk of this partner; of anybody, for the bank's people, where `partner_id` is None.

    Raises:
        BulkNotFound
    """
    return _found(await sql.find(conn, bulk_id=bulk_id, partner_id=partner_id))


async def of_partner(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None, limit: int
) -> list[Bulk]:
    """A page of a partner's own, newest first."""
    rows = await sql.of_partner(conn, partner_id=partner_id, before_id=before_id, limit=limit)
    return [_bulk(row) for row in rows]


async def in_state(
    conn: PoolConnectionProxy, *, state: State, after_id: str | None, limit: int
) -> list[Bulk]:
    """A page of everybody's in this state, oldest first."""
    return [_bulk(row) for row in await sql.in_state(conn, state=state, after_id=after_id, limit=limit)]


async def lines_of(
    conn: PoolConnectionProxy, bulk: Bulk, *, faulty_only: bool, after: int, limit: int
) -> list[Line]:
    """A page of results in the order of the file."""
    rows = await sql.lines_of(
        conn, partner_id=bulk.partner_id, bulk_id=bulk.id, faulty_only=faulty_only, after=after, limit=limit
    )
    return [
        Line(
            line=row["line"],
            reference=row["reference"],
            application_id=row["application_id"],
            faults=_decode_faults(row["faults"]),
        )
        for row in rows
    ]


async def take(conn: PoolConnectionProxy, *, bulk_id: str, operator_id: str, terms: Terms) -> Bulk:
    """Become the reviewer of a file that was read, and propose one set of terms for all of it.

    Raises:
        BulkNotFound, BulkCannotMove
        NotTheReviewer: somebody else took it; its own reviewer may propose again.
    """
    bulk = _found(await sql.find(conn, bulk_id=bulk_id, partner_id=None, lock=True))
    if bulk.state not in {State.CHECKED, State.UNDER_REVIEW}:
        raise BulkCannotMove(bulk.state)
    if bulk.reviewer_id not in {None, operator_id}:
        raise NotTheReviewer
    return await move(conn, bulk, State.UNDER_REVIEW, actor=operator_id, reviewer_id=operator_id, terms=terms)


async def approve(
    conn: PoolConnectionProxy, *, bulk_id: str, operator_id: str, terms: Terms, reason: str
) -> Bulk:
    """Approve every application of the file as the second pair of eyes; the worker admits them.

    Raises:
        BulkNotFound, BulkCannotMove
        TermsChanged: the reviewer proposed others.
        SamePerson: the approver took it; the database refused.
    """
    bulk = _found(await sql.find(conn, bulk_id=bulk_id, partner_id=None, lock=True))
    if bulk.state is not State.UNDER_REVIEW:
        raise BulkCannotMove(bulk.state)
    if bulk.terms != terms:
        raise TermsChanged
    try:
        return await move(
            conn,
            bulk,
            State.ADMITTING,
            actor=operator_id,
            reviewer_id=bulk.reviewer_id,
            approver_id=operator_id,
            terms=terms,
            reason=reason,
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "bulks_two_people":
            raise SamePerson from None
        raise


async def reject(conn: PoolConnectionProxy, *, bulk_id: str, operator_id: str, reason: str) -> Bulk:
    """Turn all of a file's applications down that nobody has decided yet.

    Raises:
        BulkNotFound, BulkCannotMove
    """
    bulk = _found(await sql.find(conn, bulk_id=bulk_id, partner_id=None, lock=True))
    if bulk.state not in {State.CHECKED, State.UNDER_REVIEW}:
        raise BulkCannotMove(bulk.state)
    await sql.reject_applications(conn, bulk_id=bulk.id, reason=reason)
    return await move(
        conn,
        bulk,
        State.REJECTED,
        actor=operator_id,
        reviewer_id=bulk.reviewer_id,
        terms=bulk.terms,
        reason=reason,
    )


async def claimed(conn: PoolConnectionProxy, state: State) -> Bulk | None:
    """Some bulk that is to be worked on and nobody else is at, held until the transaction ends."""
    row = await sql.claim(conn, state=state)
    return None if row is None else _bulk(row)


async def put_behind(conn: PoolConnectionProxy, bulk: Bulk) -> None:
    """Let all others have their turn first, as after a failure that may come back with every try."""
    await sql.put_behind(conn, bulk_id=bulk.id)


async def move(
    conn: PoolConnectionProxy,
    bulk: Bulk,
    state: State,
    *,
    actor: str,
    reviewer_id: str | None = None,
    approver_id: str | None = None,
    terms: Terms | None = None,
    reason: str = "",
) -> Bulk:
    """Write a held bulk's new state, with its row on the trail."""
    row = await sql.move(
        conn,
        bulk_id=bulk.id,
        state=state,
        reviewer_id=reviewer_id,
        approver_id=approver_id,
        fee_basis_points=terms.fee_basis_points if terms else None,
        payment_limit_minor=terms.payment_limit_minor if terms else None,
        reason=reason,
    )
    moved = _bulk(row)
    await _record(conn, moved, deed=f"bulk.{state}", actor=actor)
    return moved


async def _record(
    conn: PoolConnectionProxy, bulk: Bulk, *, deed: str, actor: str, **facts: str | int | None
) -> None:
    await audit.record(
        conn,
        actor=actor,
        deed=deed,
        object_id=bulk.id,
        partner_id=bulk.partner_id,
        reason=bulk.reason,
        facts=facts,
    )


_decode_faults = msgspec.json.Decoder(tuple[LineFault, ...]).decode
# What a reviewer proposes who says nothing else.
DEFAULT_TERMS: Final = STANDARD_TERMS


def _found(row: asyncpg.Record | None) -> Bulk:
    if row is None:
        raise BulkNotFound
    return _bulk(row)


def _bulk(row: asyncpg.Record) -> Bulk:
    facts = {name: row[name] for name in Bulk.__slots__ if name != "terms"}
    terms = None
    if row["fee_basis_points"] is not None:
        terms = Terms(
            fee_basis_points=row["fee_basis_points"], payment_limit_minor=row["payment_limit_minor"]
        )
    return Bulk(**{**facts, "kind": Kind(row["kind"]), "state": State(row["state"]), "terms": terms})
