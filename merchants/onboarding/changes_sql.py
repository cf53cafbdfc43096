"""The statements on change requests."""

from collections.abc import Sequence

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_COLUMNS = """id, partner_id, merchant_id, status, sections, changes, record_version, requested_by, reviewer_id,
    approver_id, reason, place_id, created_at, updated_at"""


async def insert(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    change_id: str,
    merchant_id: str,
    status: str,
    sections: Sequence[str],
    changes: bytes,
    record_version: int,
    requested_by: str,
    reviewer_id: str | None,
    place_id: str | None,
) -> asyncpg.Record:
    row = await conn.fetchrow(
        f"""INSERT INTO merchants.change_requests
                (partner_id, id, merchant_id, status, sections, changes, record_version, requested_by, reviewer_id,
                 place_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        partner_id,
        change_id,
        merchant_id,
        status,
        sections,
        changes,
        record_version,
        requested_by,
        reviewer_id,
        place_id,
    )
    assert row is not None, "an insert returns its row"
    return row


async def find(
    conn: PoolConnectionProxy, *, change_id: str, partner_id: str | None, lock: bool = False
) -> asyncpg.Record | None:
    """A partner's own wishes; the bank's, for terms, are seen by the bank alone."""
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.change_requests
             WHERE id = $1 AND ($2::text IS NULL OR partner_id = $2 AND 'terms' <> ALL (sections))
             {"FOR UPDATE" if lock else ""}""",  # noqa: S608 - fixed list
        change_id,
        partner_id,
    )


async def of_partner(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    """A partner's own wishes, newest first."""
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.change_requests
             WHERE partner_id = $1 AND ($2::text IS NULL OR id < $2) AND 'terms' <> ALL (sections)
             ORDER BY id DESC LIMIT $3""",  # noqa: S608 - fixed list
        partner_id,
        before_id,
        limit,
    )


async def in_status(
    conn: PoolConnectionProxy, *, status: str, after_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.change_requests
             WHERE status = $1 AND ($2::text IS NULL OR id > $2) ORDER BY id LIMIT $3""",  # noqa: S608 - fixed list
        status,
        after_id,
        limit,
    )


async def move(
    conn: PoolConnectionProxy,
    *,
    change_id: str,
    status: str,
    reviewer_id: str | None,
    approver_id: str | None,
    reason: str,
    is_over: bool,
) -> asyncpg.Record:
    row = await conn.fetchrow(
        f"""UPDATE merchants.change_requests
               SET status = $2, version = version + 1, reviewer_id = COALESCE($3, reviewer_id),
                   approver_id = COALESCE($4, approver_id), reason = $5, updated_at = clock_timestamp(),
                   decided_at = CASE WHEN $6 THEN clock_timestamp() END
             WHERE id = $1 RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        change_id,
        status,
        reviewer_id,
        approver_id,
        reason,
        is_over,
    )
    assert row is not None, "the caller holds the row"
    return row
