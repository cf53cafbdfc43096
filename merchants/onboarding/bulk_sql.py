"""The statements on bulks: some for one of them, some for a hundred lines at once."""

from collections.abc import Sequence

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_COLUMNS = """id, partner_id, kind, format, state, version, lines, read, faulty, admitted, uploaded_by, reviewer_id,
    approver_id, fee_basis_points, payment_limit_minor, reason, created_at, updated_at, after_id"""


async def insert(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    bulk_id: str,
    kind: str,
    format_: str,
    lines: int,
    uploaded_by: str,
) -> asyncpg.Record:
    row = await conn.fetchrow(
        f"""INSERT INTO merchants.bulks (partner_id, id, kind, format, state, lines, uploaded_by)
            VALUES ($1, $2, $3, $4, 'reading', $5, $6) RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        partner_id,
        bulk_id,
        kind,
        format_,
        lines,
        uploaded_by,
    )
    assert row is not None, "an insert returns its row"
    return row


async def insert_pieces(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    bulk_id: str,
    firsts: Sequence[int],
    rows: Sequence[bytes],
) -> None:
    await conn.execute(
        """INSERT INTO merchants.bulk_pieces (partner_id, bulk_id, first, rows)
           SELECT $1, $2, * FROM unnest($3::int[], $4::bytea[])""",
        partner_id,
        bulk_id,
        firsts,
        rows,
    )


async def find(
    conn: PoolConnectionProxy, *, bulk_id: str, partner_id: str | None, lock: bool = False
) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.bulks WHERE id = $1 AND ($2::text IS NULL OR partner_id = $2)
             {"FOR UPDATE" if lock else ""}""",  # noqa: S608 - fixed list
        bulk_id,
        partner_id,
    )


async def of_partner(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.bulks
             WHERE partner_id = $1 AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3""",  # noqa: S608 - fixed list
        partner_id,
        before_id,
        limit,
    )


async def in_state(
    conn: PoolConnectionProxy, *, state: str, after_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.bulks
             WHERE state = $1 AND ($2::text IS NULL OR id > $2) ORDER BY id LIMIT $3""",  # noqa: S608 - fixed list
        state,
        after_id,
        limit,
    )


async def lines_of(
    conn: PoolConnectionProxy, *, partner_id: str, bulk_id: str, faulty_only: bool, after: int, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        """SELECT line, reference, application_id, faults FROM merchants.bulk_lines
            WHERE partner_id = $1 AND bulk_id = $2 AND line > $4 AND (NOT $3 OR application_id IS NULL)
            ORDER BY line LIMIT $5""",
        partner_id,
        bulk_id,
        faulty_only,
        after,
        limit,
    )


async def claim(conn: PoolConnectionProxy, *, state: str) -> asyncpg.Record | None:
    """One in this state that nobody holds: the one that waited longest, so that a large file starves nobody."""
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.bulks WHERE state = $1
             ORDER BY updated_at LIMIT 1 FOR UPDATE SKIP LOCKED""",  # noqa: S608 - fixed list
        state,
    )


async def put_behind(conn: PoolConnectionProxy, *, bulk_id: str) -> None:
    await conn.execute("UPDATE merchants.bulks SET updated_at = clock_timestamp() WHERE id = $1", bulk_id)


async def take_piece(conn: PoolConnectionProxy, *, partner_id: str, bulk_id: str) -> bytes | None:
    """The next lines, taken out: they come back should the transaction fail."""
    rows: bytes | None = await conn.fetchval(
        """DELETE FROM merchants.bulk_pieces
            WHERE partner_id = $1 AND bulk_id = $2
              AND first = (SELECT min(first) FROM merchants.bulk_pieces WHERE partner_id = $1 AND bulk_id = $2)
        RETURNING rows""",
        partner_id,
        bulk_id,
    )
    return rows


async def insert_applications(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    bulk_id: str,
    kind: str,
    ids: Sequence[str],
    particulars: Sequence[bytes],
    credit_codes: Sequence[str],
) -> set[str]:
    """Submit them; the ids of those that were not there before."""
    rows = await conn.fetch(
        """INSERT INTO merchants.applications
               (id, applicant_id, kind, status, version, particulars, credit_code, bulk_id, submitted_at)
           SELECT new.id, $1, $2, 'submitted', 2, new.particulars, new.credit_code, $3, clock_timestamp()
             FROM unnest($4::text[], $5::bytea[], $6::text[]) AS new (id, particulars, credit_code)
           ON CONFLICT (applicant_id, credit_code) WHERE kind IN ('tenant', 'seller')
                   AND status NOT IN ('draft', 'rejected', 'withdrawn', 'expired') DO NOTHING
        RETURNING id""",
        partner_id,
        kind,
        bulk_id,
        ids,
        particulars,
        credit_codes,
    )
    return {row["id"] for row in rows}


async def insert_lines(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    bulk_id: str,
    lines: Sequence[tuple[int, str, str | None, str]],
) -> None:
    await conn.execute(
        """INSERT INTO merchants.bulk_lines (partner_id, bulk_id, line, reference, application_id, faults)
           SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::text[], $6::jsonb[])""",
        partner_id,
        bulk_id,
        [line for line, _, _, _ in lines],
        [reference for _, reference, _, _ in lines],
        [application_id for _, _, application_id, _ in lines],
        [faults for _, _, _, faults in lines],
    )


async def count_read(conn: PoolConnectionProxy, *, bulk_id: str, read: int, faulty: int) -> None:
    await conn.execute(
        """UPDATE merchants.bulks SET read = read + $2, faulty = faulty + $3, updated_at = clock_timestamp()
            WHERE id = $1""",
        bulk_id,
        read,
        faulty,
    )


async def count_admitted(conn: PoolConnectionProxy, *, bulk_id: str, admitted: int, after_id: str) -> None:
    await conn.execute(
        """UPDATE merchants.bulks SET admitted = admitted + $2, after_id = $3, updated_at = clock_timestamp()
            WHERE id = $1""",
        bulk_id,
        admitted,
        after_id,
    )


async def move(
    conn: PoolConnectionProxy,
    *,
    bulk_id: str,
    state: str,
    reviewer_id: str | None,
    approver_id: str | None,
    fee_basis_points: int | None,
    payment_limit_minor: int | None,
    reason: str,
) -> asyncpg.Record:
    """Write a held bulk's new state; who has signed stays."""
    row = await conn.fetchrow(
        f"""UPDATE merchants.bulks
               SET state = $2, version = version + 1, reviewer_id = COALESCE($3, reviewer_id),
                   approver_id = COALESCE($4, approver_id), fee_basis_points = COALESCE($5, fee_basis_points),
                   payment_limit_minor = CASE WHEN $5::int IS NULL THEN payment_limit_minor ELSE $6 END,
                   reason = $7, updated_at = clock_timestamp()
             WHERE id = $1 RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        bulk_id,
        state,
        reviewer_id,
        approver_id,
        fee_basis_points,
        payment_limit_minor,
        reason,
    )
    assert row is not None, "the caller holds the row"
    return row


async def reject_applications(conn: PoolConnectionProxy, *, bulk_id: str, reason: str) -> None:
    await conn.execute(
        """WITH over AS (
               UPDATE merchants.applications
                  SET status = 'rejected', version = version + 1, reason = $2, decided_at = clock_timestamp(),
                      updated_at = clock_timestamp()
                WHERE bulk_id = $1 AND status = 'submitted' RETURNING id, applicant_id)
           INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT 'system', 'application.rejected', id, applicant_id, $2, jsonb_build_object('bulk_id', $1::text)
             FROM over""",
        bulk_id,
        reason,
    )


async def record_many(
    conn: PoolConnectionProxy,
    *,
    actor: str,
    deed: str,
    object_ids: Sequence[str],
    partner_id: str,
    reason: str,
    bulk_id: str,
) -> None:
    """The same deed on many; each has its row on the trail."""
    await conn.execute(
        """INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT $1, $2, object_id, $4, $5, jsonb_build_object('bulk_id', $6::text)
             FROM unnest($3::text[]) AS object_id""",
        actor,
        deed,
        object_ids,
        partner_id,
        reason,
        bulk_id,
    )


async def submitted_of(
    conn: PoolConnectionProxy, *, bulk_id: str, after_id: str, limit: int
) -> list[asyncpg.Record]:
    """The next applications of a bulk that still wait for it, held.

    One that somebody took by itself is left alone, and so is one the bank asked about: its reviewer saw another text.
    """
    return await conn.fetch(
        """SELECT id, particulars FROM merchants.applications
            WHERE bulk_id = $1 AND id > $2 AND status = 'submitted' AND round = 0
            ORDER BY id LIMIT $3 FOR UPDATE""",
        bulk_id,
        after_id,
        limit,
    )


async def next_merchant_numbers(conn: PoolConnectionProxy, *, count: int) -> list[int]:
    rows = await conn.fetch(
        "SELECT nextval('merchants.merchant_number') AS number FROM generate_series(1, $1)", count
    )
    return [row["number"] for row in rows]


async def admit_applications(
    conn: PoolConnectionProxy,
    *,
    ids: Sequence[str],
    merchant_ids: Sequence[str],
    reviewer_id: str,
    approver_id: str,
    fee_basis_points: int,
    payment_limit_minor: int | None,
    reason: str,
) -> None:
    """Both signatures on each; the constraint on applications holds them to be two people's."""
    await conn.execute(
        """UPDATE merchants.applications a
              SET status = 'active', version = version + 3, reviewer_id = $3, approver_id = $4, reason = $7,
                  fee_basis_points = $5, payment_limit_minor = $6, merchant_id = new.merchant_id,
                  decided_at = clock_timestamp(), updated_at = clock_timestamp()
             FROM unnest($1::text[], $2::text[]) AS new (id, merchant_id)
            WHERE a.id = new.id""",
        ids,
        merchant_ids,
        reviewer_id,
        approver_id,
        fee_basis_points,
        payment_limit_minor,
        reason,
    )
