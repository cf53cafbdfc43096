"""An application as it stands: its states follow the one table of `merchants.lifecycle`.

Everything is asked for together with the applicant; to anybody else it is not there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.lifecycle import TRANSITIONS, Status
from merchants.merchant import Kind
from merchants.onboarding import sql
from merchants.onboarding.errors import ApplicationCannotMove, ApplicationNotFound
from merchants.onboarding.particulars import Particulars, revealed
from merchants.sealing import Sealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What taking the wallet costs and allows; None is no limit on a single payment."""

    fee_basis_points: int
    payment_limit_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTerms:
    """What a store or terminal has of its own: None is the fee of the level above, and no further limit."""

    fee_basis_points: int | None
    payment_limit_minor: int | None


class Step(StrEnum):
    """What the bank asks of an applicant after the approval, before the merchant is active."""

    VERIFY_ACCOUNT = "verify_account"
    SIGN = "sign"


# In this order, which is that of the states.
_STATUS_OF_STEP = {Step.VERIFY_ACCOUNT: Status.TO_BE_VERIFIED, Step.SIGN: Status.TO_BE_SIGNED}


def status_before(steps: tuple[Step, ...]) -> Status:
    """Where an approved application waits for the first of these steps; approved where none is left."""
    return _STATUS_OF_STEP[steps[0]] if steps else Status.APPROVED


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank wants to know about one field; the pointer is the applicant's own JSON's."""

    pointer: str
    note: str


_decode_questions = msgspec.json.Decoder(tuple[Question, ...]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application as it stands, its particulars in clear: show `particulars.masked()` only.

    Attributes:
        applicant_id: who may see it: a partner, or the client of somebody who is no partner yet.
        version: counts changes of state.
        terms: proposed by the reviewer; None before a review.
        questions: of the present round; empty once it was submitted again.
        round: how often the bank asked for more.
        steps: what is left to do after the approval.
        override_by: the reviewer who let a credit code pass that breaks the rules.
        bulk_id: the file it came in, if any.
    """

    id: str
    applicant_id: str
    kind: Kind
    status: Status
    version: int
    particulars: Particulars
    reason: str
    terms: Terms | None
    reviewer_id: str | None
    approver_id: str | None
    merchant_id: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    questions: tuple[Question, ...] = ()
    round: int = 0
    steps: tuple[Step, ...] = ()
    override_by: str | None = None
    bulk_id: str | None = None

    @property
    def partner_id(self) -> str | None:
        """The partner whose matter it is; None until a company applying for itself is one."""
        return self.applicant_id if self.kind.is_sub_merchant or self.merchant_id is not None else None

    def moved(self, target: Status, *, reason: str, **facts: Any) -> "Application":
        """As it will be in `target`, together with what else that step settles.

        Raises:
            ApplicationCannotMove: the table knows no such step.
        """
        if target not in TRANSITIONS[self.status]:
            raise ApplicationCannotMove(self.status)
        return replace(self, status=target, version=self.version + 1, reason=reason, **facts)

    def with_terms(self, terms: Terms) -> "Application":
        return replace(self, terms=terms)


async def find(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, applicant_id: str | None
) -> Application:
    """One application of this applicant; of anybody, for the bank's people, where `applicant_id` is None.

    Raises:
        ApplicationNotFound
    """
    return opened(sealing, await sql.find(conn, application_id=application_id, applicant_id=applicant_id))


async def lock(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, applicant_id: str | None
) -> Application:
    """Like `find`, and nobody else changes it until the transaction ends.

    Raises:
        ApplicationNotFound
    """
    row = await sql.find(conn, application_id=application_id, applicant_id=applicant_id, lock=True)
    return opened(sealing, row)


async def of_applicant(
    conn: PoolConnectionProxy, sealing: Sealing, *, applicant_id: str, before_id: str | None, limit: int
) -> list[Application]:
    """A page of the applicant's applications, newest first."""
    rows = await sql.of_applicant(conn, applicant_id=applicant_id, before_id=before_id, limit=limit)
    return [opened(sealing, row) for row in rows]


async def store(conn: PoolConnectionProxy, application: Application) -> Application:
    """Write a locked application whole, except for its particulars."""
    terms = application.terms
    row = await sql.change_state(
        conn,
        application_id=application.id,
        applicant_id=application.applicant_id,
        status=application.status,
        version=application.version,
        reason=application.reason,
        fee_basis_points=terms.fee_basis_points if terms else None,
        payment_limit_minor=terms.payment_limit_minor if terms else None,
        reviewer_id=application.reviewer_id,
        approver_id=application.approver_id,
        merchant_id=application.merchant_id,
        questions=msgspec.json.encode(application.questions).decode(),
        round_=application.round,
        steps=list(application.steps),
    )
    return replace(
        application, updated_at=row.updated_at, submitted_at=row.submitted_at, decided_at=row.decided_at
    )


def opened(sealing: Sealing, row: sql.ApplicationRow | None) -> Application:
    """A stored row with its seal opened.

    Raises:
        ApplicationNotFound: there was no row.
    """
    if row is None:
        raise ApplicationNotFound
    terms = None
    if row.fee_basis_points is not None:
        terms = Terms(fee_basis_points=row.fee_basis_points, payment_limit_minor=row.payment_limit_minor)
    return Application(
        id=row.id,
        applicant_id=row.applicant_id,
        kind=Kind(row.kind),
        status=Status(row.status),
        version=row.version,
        particulars=revealed(sealing, row.particulars, owner=row.id),
        reason=row.reason,
        terms=terms,
        reviewer_id=row.reviewer_id,
        approver_id=row.approver_id,
        merchant_id=row.merchant_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        questions=_decode_questions(row.questions),
        round=row.round,
        steps=tuple(Step(one) for one in row.steps),
        override_by=row.override_by,
        bulk_id=row.bulk_id,
    )
