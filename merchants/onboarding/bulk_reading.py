"""Reading a bulk file: each line is judged by its form and its meaning, and becomes an application or its faults."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.ids import BANK, new_id
from merchants.onboarding import bulk_sql as sql
from merchants.onboarding import search
from merchants.onboarding.bulk import Bulk, LineFault, State, move
from merchants.onboarding.bulk_file import column_of
from merchants.onboarding.documents import missing
from merchants.onboarding.particulars import Particulars
from merchants.onboarding.precheck import precheck
from merchants.sealing import Sealing

_REFERENCE_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a line's JSON is judged by itself, which is the wire's matter.

    Attributes:
        read: the particulars of a document that fits; raises ValueError for one that does not.
        faults: everything that does not fit, as (pointer, code, detail).
    """

    read: Callable[[Mapping[str, Any]], Particulars]
    faults: Callable[[Mapping[str, Any]], Sequence[tuple[str, str, str]]]


async def read_piece(
    conn: PoolConnectionProxy, bulk: Bulk, sealing: Sealing, rules: Rules, *, today: date
) -> int:
    """Read the next piece of a claimed bulk, in the caller's transaction; how much was done."""
    piece = await sql.take_piece(conn, partner_id=bulk.partner_id, bulk_id=bulk.id)
    if piece is None:
        await move(conn, bulk, State.CHECKED, actor="system")
        return 1
    lines = msgspec.json.decode(sealing.reveal(piece, owner=bulk.id), type=list[tuple[int, Any]])
    judged = [_judged(bulk, number, document, rules, today=today) for number, document in lines]
    taken = await _apply(conn, sealing, bulk, [one for one in judged if one.particulars is not None])
    results = [_result(bulk, one, taken) for one in judged]
    await sql.insert_lines(conn, partner_id=bulk.partner_id, bulk_id=bulk.id, lines=results)
    faulty = sum(application_id is None for _, _, application_id, _ in results)
    await sql.count_read(conn, bulk_id=bulk.id, read=len(results), faulty=faulty)
    return len(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    line: int
    reference: str
    particulars: Particulars | None
    faults: tuple[LineFault, ...]
    application_id: str


def _judged(bulk: Bulk, number: int, document: Any, rules: Rules, *, today: date) -> _Judged:
    """One line: its particulars when nothing is wrong, else everything that is."""
    application_id = new_id("app", BANK)
    if not isinstance(document, dict):
        found = [
            (
                "",
                "line_malformed",
                "the line has another number of cells than the header, or is no JSON object",
            )
        ]
        return _faulty(bulk, number, "", found, application_id)
    reference = document.pop("reference", "")
    reference = reference[:_REFERENCE_CHARACTERS] if isinstance(reference, str) else ""
    found = list(rules.faults(document))
    wrong = {pointer.split("/")[1] for pointer, _, _ in found if "/" in pointer}
    # What fits is judged by its meaning too, so that a line is corrected once.
    fitting = {name: section for name, section in document.items() if name not in wrong}
    try:
        particulars = rules.read(fitting)
    except ValueError as error:
        return _faulty(bulk, number, reference, found or [("", "invalid", str(error))], application_id)
    meant = precheck(particulars, kind=bulk.kind, today=today)
    # A file brings no papers: who needs one is applied for by itself.
    papers = missing(bulk.kind, particulars.mcc, frozenset())
    found += [
        (one.pointer, one.code, one.detail)
        for one in (*meant, *papers)
        if one.pointer.split("/")[1] not in wrong
    ]
    if found:
        return _faulty(bulk, number, reference, found, application_id)
    return _Judged(
        line=number, reference=reference, particulars=particulars, faults=(), application_id=application_id
    )


def _faulty(
    bulk: Bulk, number: int, reference: str, found: Sequence[tuple[str, str, str]], application_id: str
) -> _Judged:
    faults = tuple(
        LineFault(
            field=column_of(pointer) if bulk.format == "csv" else pointer.lstrip("/"),
            pointer=pointer,
            code=code,
            detail=detail,
        )
        for pointer, code, detail in found
    )
    return _Judged(
        line=number, reference=reference, particulars=None, faults=faults, application_id=application_id
    )


async def _apply(
    conn: PoolConnectionProxy, sealing: Sealing, bulk: Bulk, good: Sequence[_Judged]
) -> frozenset[str]:
    """Submit an application for each; those of a company that this partner has applied for before are not taken."""
    rows = [(one.application_id, one.particulars) for one in good if one.particulars is not None]
    taken = await sql.insert_applications(
        conn,
        partner_id=bulk.partner_id,
        bulk_id=bulk.id,
        kind=bulk.kind,
        ids=[application_id for application_id, _ in rows],
        particulars=[one.sealed(sealing, owner=application_id) for application_id, one in rows],
        credit_codes=[one.credit_code or "" for _, one in rows],
    )
    await search.index_many(conn, sealing, [(id_, one) for id_, one in rows if id_ in taken])
    await sql.record_many(
        conn,
        actor=bulk.uploaded_by,
        deed="application.submitted",
        object_ids=sorted(taken),
        partner_id=bulk.partner_id,
        reason="",
        bulk_id=bulk.id,
    )
    return frozenset(taken)


def _result(bulk: Bulk, one: _Judged, taken: frozenset[str]) -> tuple[int, str, str | None, str]:
    faults = one.faults
    if not faults and one.application_id not in taken:
        words = "You have applied for a sub-merchant with this credit code before."
        found = ("/licence/credit_code", "duplicate_application", words)
        faults = _faulty(bulk, one.line, one.reference, [found], one.application_id).faults
    encoded = msgspec.json.encode(faults).decode()
    return one.line, one.reference, None if faults else one.application_id, encoded
