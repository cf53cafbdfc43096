"""Later changes of what is on record: asked for by the partner, reviewed by one operator, approved by another.

What is live stays live until then. The request names the sections as they shall be; the pre-check judges the record
as it would become, both when it is asked for and when it is approved, for licences expire while one waits.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import merchant, standing
from merchants.errors import MerchantNotActive
from merchants.lifecycle import Status
from merchants.merchant import Merchant
from merchants.onboarding import changes_sql as sql
from merchants.onboarding import documents, documents_sql, records_sql, search, terms
from merchants.onboarding.change_request import Change, State, change_of, hold, move, record_of, submit
from merchants.onboarding.errors import (
    ApplicationFaulty,
    NothingToChange,
    PermitNotShown,
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
    return await submit(
        conn,
        sealing,
        owner,
        change_id=change_id,
        sections=sections,
        content=dict(sections),
        record_version=version,
        actor=actor,
    )


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
        PermitNotShown: what its new trade needs was not uploaded.
    """
    change = await hold(conn, sealing, change_id=change_id, partner_id=None)
    await _refuse_without_papers(conn, change)
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
        MerchantNotActive: it was closed meanwhile, maybe at this moment.
        ApplicationFaulty: it passes the pre-check no more.
        PermitNotShown: what its new trade needs was not uploaded.
        SamePerson: the approver took it; the database refused.
    """
    change = await hold(conn, sealing, change_id=change_id, partner_id=None)
    owner = await merchant.find(conn, partner_id=change.partner_id, merchant_id=change.merchant_id)
    record, version = await record_of(conn, sealing, owner, lock=True)
    if version != change.record_version:
        raise RecordChanged
    await _refuse_without_papers(conn, change)
    approved = await move(
        conn, sealing, change, State.APPROVED, actor=operator_id, approver_id=operator_id, reason=reason
    )
    if change.wanted is not None:
        wanted = {name: getattr(change.wanted, name) for name in change.sections}
        await _put_on_record(conn, sealing, owner, _changed(record, owner, wanted, today=today))
    else:
        await terms.put_in_force(conn, owner, change)
    changed = await merchant.find(conn, partner_id=owner.partner_id, merchant_id=owner.id)
    await outbox.publish(
        conn, [standing.changed_event(changed, occurred_at=approved.updated_at, sections=change.sections)]
    )
    return approved


async def _refuse_without_papers(conn: PoolConnectionProxy, change: Change) -> None:
    if change.needs and not set(change.needs) <= await documents_sql.live_kinds(conn, subject_id=change.id):
        raise PermitNotShown


async def _put_on_record(
    conn: PoolConnectionProxy, sealing: Sealing, owner: Merchant, record: Particulars
) -> None:
    assert record.licence, "the pre-check has seen to it"
    assert record.settlement, "likewise"
    put = await records_sql.change(
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
    if not put:
        raise MerchantNotActive(Status.CLOSED)
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
