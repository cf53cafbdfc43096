"""Later changes of what is on record: asked for by the partner, reviewed by one operator, approved by another.

What is live stays live until then. The request names the sections as they shall be; the pre-check judges the record
as it would become, both when it is asked for and when it is approved, for licences expire while one waits.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import merchant, standing
from merchants.errors import MerchantNotActive
from merchants.lifecycle import Status
from merchants.merchant import Merchant
from merchants.onboarding import changes_sql as sql
from merchants.onboarding import documents, records_sql, search
from merchants.onboarding.application import Terms
from merchants.onboarding.change_request import (
    TERMS,
    Change,
    State,
    change_of,
    hold,
    move,
    note,
    record_of,
)
from merchants.onboarding.errors import (
    ApplicationFaulty,
    ChangeUnderway,
    NothingToChange,
    RecordChanged,
)
from merchants.onboarding.particulars import Particulars, last_four
from merchants.onboarding.precheck import CREDIT_CODE_FAULTS, precheck
from merchants.sealing import Sealing
from webhooks import outbox


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
    record, version = await record_of(conn, sealing, owner)
    _changed(record, owner, sections, today=today)
    return await _open(
        conn,
        sealing,
        owner,
        change_id=change_id,
        sections=sections,
        record_version=version,
        actor=actor,
        reviewer_id=None,
    )


async def ask_for_terms(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    change_id: str,
    merchant_id: str,
    terms: Terms,
    operator_id: str,
) -> Change:
    """The bank's own wish: another fee or limit. Whoever asks has reviewed it, and another approves.

    Raises:
        MerchantNotFound, MerchantNotActive: closed for good.
        NothingToChange: these are its terms.
        ChangeUnderway: a change is open already, the partner's perhaps.
    """
    owner = await merchant.find_for_operator(conn, merchant_id=merchant_id)
    if owner.status is Status.CLOSED:
        raise MerchantNotActive(owner.status)
    if Terms(fee_basis_points=owner.fee_basis_points, payment_limit_minor=owner.payment_limit_minor) == terms:
        raise NothingToChange
    _, version = await record_of(conn, sealing, owner)
    return await _open(
        conn,
        sealing,
        owner,
        change_id=change_id,
        sections={TERMS: terms},
        record_version=version,
        actor=operator_id,
        reviewer_id=operator_id,
    )


async def _open(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    owner: Merchant,
    *,
    change_id: str,
    sections: Mapping[str, Any],
    record_version: int,
    actor: str,
    reviewer_id: str | None,
) -> Change:
    content = sections[TERMS] if TERMS in sections else dict(sections)
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
        )
    except asyncpg.UniqueViolationError:
        raise ChangeUnderway from None
    change = change_of(sealing, row)
    await note(conn, change, deed="change.submitted", actor=actor)
    return change


async def in_status(
    conn: PoolConnectionProxy, sealing: Sealing, *, status: State, after_id: str | None, limit: int
) -> list[Change]:
    """A page of everybody's in this status, oldest first."""
    rows = await sql.in_status(conn, status=status, after_id=after_id, limit=limit)
    return [change_of(sealing, row) for row in rows]


async def put_document(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    upload: documents.Upload,
    *,
    change_id: str,
    partner_id: str,
    actor: str,
) -> documents.Document:
    """Show a paper for it, until somebody has taken it: what a reviewer looks at stays what it was.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = await hold(conn, sealing, change_id=change_id, partner_id=partner_id)
    change.refuse_papers_once_taken()
    return await documents.put(
        conn,
        sealing,
        upload,
        subject_id=change.id,
        partner_id=change.partner_id,
        round_=0,
        actor=actor,
    )


async def withdraw(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, partner_id: str, actor: str
) -> Change:
    """Take back a request that nobody has decided.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = await hold(conn, sealing, change_id=change_id, partner_id=partner_id)
    return await move(conn, sealing, change, State.WITHDRAWN, actor=actor)


async def take(conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, operator_id: str) -> Change:
    """Become its reviewer.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = await hold(conn, sealing, change_id=change_id, partner_id=None)
    return await move(conn, sealing, change, State.UNDER_REVIEW, actor=operator_id, reviewer_id=operator_id)


async def reject(
    conn: PoolConnectionProxy, sealing: Sealing, *, change_id: str, operator_id: str, reason: str
) -> Change:
    """Turn it down; what is live stays.

    Raises:
        ChangeNotFound, ChangeCannotMove
    """
    change = await hold(conn, sealing, change_id=change_id, partner_id=None)
    return await move(conn, sealing, change, State.REJECTED, actor=operator_id, reason=reason)


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
    change = await hold(conn, sealing, change_id=change_id, partner_id=None)
    owner = await merchant.find(conn, partner_id=change.partner_id, merchant_id=change.merchant_id)
    record, version = await record_of(conn, sealing, owner, lock=True)
    if version != change.record_version:
        raise RecordChanged
    approved = await move(
        conn, sealing, change, State.APPROVED, actor=operator_id, approver_id=operator_id, reason=reason
    )
    if change.terms is not None:
        await records_sql.change_terms(
            conn,
            partner_id=owner.partner_id,
            merchant_id=owner.id,
            fee_basis_points=change.terms.fee_basis_points,
            payment_limit_minor=change.terms.payment_limit_minor,
        )
    else:
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
    # The credit code is the one that the bank took the merchant in by; one that breaks the standard was let pass then.
    found = precheck(changed, kind=owner.kind, today=today)
    faults = tuple(one for one in found if one.code not in CREDIT_CODE_FAULTS)
    if faults:
        raise ApplicationFaulty(faults)
    return changed
