"""What the applicant does: open a draft, fill it, submit it, withdraw it.

Every deed locks the row, asks the table of transitions and writes the new state with its audit row and event in
the caller's transaction.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.errors import MerchantNotActive
from merchants.lifecycle import Status
from merchants.merchant import Kind, Merchant
from merchants.onboarding import documents, documents_sql, search, sql, transition
from merchants.onboarding.application import Application, find, lock, opened
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    ApplicationFaulty,
    DuplicateApplication,
    KindHasNoSubMerchants,
)
from merchants.onboarding.particulars import Particulars
from merchants.onboarding.precheck import CREDIT_CODE_FAULTS, Fault, precheck
from merchants.sealing import Sealing

# The applicant's own hands are on it; everywhere else it is with the bank, or over.
CHANGEABLE = frozenset({Status.DRAFT, Status.NEEDS_MORE_INFO})


async def open_draft(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    kind: Kind,
    particulars: Particulars,
    actor: str,
) -> Application:
    """Begin the application of a company for itself; `applicant_id` is its client until it is a partner."""
    assert not kind.is_sub_merchant, "a partner applies for its sub-merchants"
    return await _open(
        conn,
        sealing,
        application_id=application_id,
        applicant_id=applicant_id,
        kind=kind,
        particulars=particulars,
        actor=actor,
    )


async def open_sub_merchant_draft(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    partner: Merchant,
    particulars: Particulars,
    actor: str,
) -> Application:
    """Begin a partner's application for one of its tenants or sellers.

    Raises:
        KindHasNoSubMerchants: the partner is neither mall nor platform.
        MerchantNotActive: the partner is suspended or closed.
    """
    if partner.kind.sub_merchants is None:
        raise KindHasNoSubMerchants
    if partner.status is not Status.ACTIVE:
        raise MerchantNotActive(partner.status)
    return await _open(
        conn,
        sealing,
        application_id=application_id,
        applicant_id=partner.id,
        kind=partner.kind.sub_merchants,
        particulars=particulars,
        actor=actor,
    )


async def change(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    changes: Mapping[str, Any],
    actor: str,
) -> Application:
    """Replace the named sections of what was declared; the draft may stay incomplete.

    Raises:
        ApplicationNotFound
        ApplicationCannotMove: it is with the bank, or over.
    """
    application = await lock_changeable(
        conn, sealing, application_id=application_id, applicant_id=applicant_id
    )
    particulars = application.particulars.changed(changes)
    at, override_by = await sql.change_particulars(
        conn,
        application_id=application_id,
        particulars=particulars.sealed(sealing, owner=application_id),
        credit_code=particulars.credit_code,
    )
    await search.index(conn, sealing, subject_id=application_id, particulars=particulars)
    await transition.record(
        conn, application, deed="application.changed", actor=actor, sections=",".join(sorted(changes))
    )
    return replace(application, particulars=particulars, override_by=override_by, updated_at=at)


async def lock_changeable(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, applicant_id: str
) -> Application:
    """Hold an application on which the applicant's own hands are.

    Raises:
        ApplicationNotFound
        ApplicationCannotMove: it is with the bank, or over.
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=applicant_id)
    if application.status not in CHANGEABLE:
        raise ApplicationCannotMove(application.status)
    return application


async def refuse_documents(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, applicant_id: str
) -> None:
    """Raise what `put_document` would: before a file is opened that nobody waits for.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await find(conn, sealing, application_id=application_id, applicant_id=applicant_id)
    if application.status not in CHANGEABLE:
        raise ApplicationCannotMove(application.status)


async def put_document(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    upload: documents.Upload,
    *,
    application_id: str,
    applicant_id: str,
    actor: str,
) -> documents.Document:
    """Add a document, or put it in the place of the one before, while it is a draft or the bank asked for more.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock_changeable(
        conn, sealing, application_id=application_id, applicant_id=applicant_id
    )
    return await documents.put(
        conn,
        sealing,
        upload,
        subject_id=application.id,
        partner_id=application.partner_id,
        round_=application.round,
        actor=actor,
    )


async def faults_of(conn: PoolConnectionProxy, application: Application, *, today: date) -> tuple[Fault, ...]:
    """What keeps it from being submitted, all at once; a reviewer may have let its credit code pass."""
    declared = precheck(application.particulars, kind=application.kind, today=today)
    if application.override_by is not None:
        declared = tuple(one for one in declared if one.code not in CREDIT_CODE_FAULTS)
    have = await documents_sql.live_kinds(conn, subject_id=application.id)
    return (*declared, *documents.missing(application.kind, application.particulars.mcc, have))


async def submit(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    actor: str,
    today: date,
) -> Application:
    """Hand it to the bank; after a question it goes to the end of the queue, for any reviewer to take.

    Raises:
        ApplicationNotFound
        ApplicationCannotMove: it is with the bank already, or over.
        ApplicationFaulty: the pre-check found something.
        DuplicateApplication: this partner has applied for this company before.
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=applicant_id)
    moved = application.moved(
        Status.SUBMITTED, reason="", reviewer_id=None, approver_id=None, terms=None, steps=(), questions=()
    )
    faults = await faults_of(conn, application, today=today)
    if faults:
        raise ApplicationFaulty(faults)
    try:
        return await transition.store_move(conn, moved, actor=actor)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "applications_once_per_partner":
            raise DuplicateApplication from None
        raise


async def withdraw(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    actor: str,
    reason: str,
) -> Application:
    """Take back what was submitted, for good.

    Raises:
        ApplicationNotFound
        ApplicationCannotMove: never submitted, or decided already.
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=applicant_id)
    return await transition.store_move(conn, application.moved(Status.WITHDRAWN, reason=reason), actor=actor)


async def _open(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    kind: Kind,
    particulars: Particulars,
    actor: str,
) -> Application:
    row = await sql.insert(
        conn,
        application_id=application_id,
        applicant_id=applicant_id,
        kind=kind,
        status=Status.DRAFT,
        particulars=particulars.sealed(sealing, owner=application_id),
        credit_code=particulars.credit_code,
    )
    application = opened(sealing, row)
    await search.index(conn, sealing, subject_id=application_id, particulars=particulars)
    await transition.record(conn, application, deed="application.draft", actor=actor)
    return application
