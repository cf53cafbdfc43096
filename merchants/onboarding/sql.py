"""The statements on applications. They are written whole after a lock: few at a time work on one."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

_COLUMNS = """id, applicant_id, kind, status, version, particulars, reason, fee_basis_points,
    payment_limit_minor, reviewer_id, approver_id, merchant_id, created_at, updated_at, submitted_at,
    decided_at, questions, round, steps, override_by, bulk_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """An application as stored, its particulars sealed."""

    id: str
    applicant_id: str
    kind: str
    status: str
    version: int
    particulars: bytes
    reason: str
    fee_basis_points: int | None
    payment_limit_minor: int | None
    reviewer_id: str | None
    approver_id: str | None
    merchant_id: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    questions: str
    round: int
    steps: list[str]
    override_by: str | None
    bulk_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMerchant:
    """A merchant to be stored; the fields stand in the order of the statement's columns."""

    partner_id: str
    merchant_id: str
    application_id: str
    kind: str
    status: str
    merchant_number: str
    credit_code: str
    licence_name: str
    short_name: str
    city: str
    mcc: str
    currency: str
    fee_basis_points: int
    payment_limit_minor: int | None
    settlement_account: bytes
    settlement_last_four: str


async def insert(
    conn: PoolConnectionProxy,
    *,
    application_id: str,
    applicant_id: str,
    kind: str,
    status: str,
    particulars: bytes,
    credit_code: str | None,
) -> ApplicationRow:
    row = await conn.fetchrow(
        f"""INSERT INTO merchants.applications (id, applicant_id, kind, status, particulars, credit_code)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        application_id,
        applicant_id,
        kind,
        status,
        particulars,
        credit_code,
    )
    assert row is not None, "an insert returns its row"
    return ApplicationRow(**row)


async def find(
    conn: PoolConnectionProxy, *, application_id: str, applicant_id: str | None, lock: bool = False
) -> ApplicationRow | None:
    """One application of this applicant; of anybody, for the bank, where `applicant_id` is None."""
    row = await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.applications
             WHERE id = $1 AND ($2::text IS NULL OR applicant_id = $2)
             {"FOR UPDATE" if lock else ""}""",  # noqa: S608 - fixed list
        application_id,
        applicant_id,
    )
    return None if row is None else ApplicationRow(**row)


async def of_applicant(
    conn: PoolConnectionProxy, *, applicant_id: str, before_id: str | None, limit: int
) -> list[ApplicationRow]:
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.applications
             WHERE applicant_id = $1 AND ($2::text IS NULL OR id < $2)
             ORDER BY id DESC LIMIT $3""",  # noqa: S608 - fixed list
        applicant_id,
        before_id,
        limit,
    )
    return [ApplicationRow(**row) for row in rows]


async def in_status(
    conn: PoolConnectionProxy, *, status: str, after_id: str | None, limit: int
) -> list[ApplicationRow]:
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.applications
             WHERE status = $1 AND ($2::text IS NULL OR id > $2)
             ORDER BY id LIMIT $3""",  # noqa: S608 - fixed list
        status,
        after_id,
        limit,
    )
    return [ApplicationRow(**row) for row in rows]


async def change_particulars(
    conn: PoolConnectionProxy, *, application_id: str, particulars: bytes, credit_code: str | None
) -> tuple[datetime, str | None]:
    """When it changed, and who lets its credit code pass: that was said of the one before, so not of another."""
    row = await conn.fetchrow(
        """UPDATE merchants.applications
              SET particulars = $2, credit_code = $3, updated_at = clock_timestamp(),
                  override_by = CASE WHEN credit_code IS NOT DISTINCT FROM $3 THEN override_by END,
                  override_reason = CASE WHEN credit_code IS NOT DISTINCT FROM $3 THEN override_reason END
            WHERE id = $1
        RETURNING updated_at, override_by""",
        application_id,
        particulars,
        credit_code,
    )
    assert row is not None, "the caller holds the row's lock"
    return row["updated_at"], row["override_by"]


async def change_state(
    conn: PoolConnectionProxy,
    *,
    application_id: str,
    applicant_id: str,
    status: str,
    version: int,
    reason: str,
    fee_basis_points: int | None,
    payment_limit_minor: int | None,
    reviewer_id: str | None,
    approver_id: str | None,
    merchant_id: str | None,
    questions: str,
    round_: int,
    steps: list[str],
) -> ApplicationRow:
    """Write what a locked application has become; the times are PostgreSQL's."""
    row = await conn.fetchrow(
        f"""UPDATE merchants.applications
               SET applicant_id = $2, status = $3, version = $4, reason = $5, fee_basis_points = $6,
                   payment_limit_minor = $7, reviewer_id = $8, approver_id = $9, merchant_id = $10,
                   questions = $11, round = $12, steps = $13, updated_at = clock_timestamp(),
                   submitted_at = CASE WHEN $3 = 'submitted' THEN clock_timestamp() ELSE submitted_at END,
                   decided_at = CASE WHEN $3 = 'rejected' OR (decided_at IS NULL AND $9::text IS NOT NULL)
                                     THEN clock_timestamp() ELSE decided_at END
             WHERE id = $1
         RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        application_id,
        applicant_id,
        status,
        version,
        reason,
        fee_basis_points,
        payment_limit_minor,
        reviewer_id,
        approver_id,
        merchant_id,
        questions,
        round_,
        steps,
    )
    assert row is not None, "the caller holds the row's lock"
    return ApplicationRow(**row)


async def override_credit_code(
    conn: PoolConnectionProxy, *, application_id: str, operator_id: str, reason: str
) -> None:
    await conn.execute(
        "UPDATE merchants.applications SET override_by = $2, override_reason = $3 WHERE id = $1",
        application_id,
        operator_id,
        reason,
    )


async def overdue(
    conn: PoolConnectionProxy, *, draft_days: int, waiting_days: int, limit: int
) -> list[ApplicationRow]:
    """Applications whose applicant has not moved for so long, held; those that somebody else holds wait."""
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.applications
             WHERE (status = 'draft' AND updated_at < now() - $1 * interval '1 day'
                    OR status IN ('needs_more_info', 'to_be_verified', 'to_be_signed')
                       AND GREATEST(status_since, updated_at) < now() - $2 * interval '1 day')
             ORDER BY status_since LIMIT $3 FOR UPDATE SKIP LOCKED""",  # noqa: S608 - fixed list
        draft_days,
        waiting_days,
        limit,
    )
    return [ApplicationRow(**row) for row in rows]


async def others_of_company(conn: PoolConnectionProxy, *, application_id: str, credit_code: str) -> list[str]:
    """Applications that went out under the same credit code, newest first; a hint for the reviewer."""
    rows = await conn.fetch(
        """SELECT id FROM merchants.applications
            WHERE credit_code = $2 AND id <> $1 AND status NOT IN ('draft', 'withdrawn', 'expired')
            ORDER BY id DESC LIMIT 20""",
        application_id,
        credit_code,
    )
    return [row["id"] for row in rows]


async def next_partner_number(conn: PoolConnectionProxy) -> int:
    number: int = await conn.fetchval("SELECT nextval('merchants.partner_number')")
    return number


async def next_merchant_number(conn: PoolConnectionProxy) -> int:
    number: int = await conn.fetchval("SELECT nextval('merchants.merchant_number')")
    return number


_INSERT_MERCHANT = """INSERT INTO merchants.merchants
               (partner_id, id, application_id, kind, status, merchant_number, credit_code, licence_name,
                short_name, city, mcc, currency, fee_basis_points, payment_limit_minor, settlement_account,
                settlement_last_four)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"""


async def insert_merchant(conn: PoolConnectionProxy, new: NewMerchant) -> None:
    await conn.execute(_INSERT_MERCHANT, *astuple(new))


async def insert_merchants(conn: PoolConnectionProxy, new: Sequence[NewMerchant]) -> None:
    """Many at once, in one round trip."""
    await conn.executemany(_INSERT_MERCHANT, [astuple(one) for one in new])
