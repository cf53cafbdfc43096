"""The statements on account verifications; PostgreSQL's clock bounds the answers."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Row = asyncpg.Record

_COLUMNS = """id, application_id, state, account_hash, sealed, tries, reason, created_at, sent_at, expires_at,
    COALESCE(expires_at <= clock_timestamp(), false) AS is_over"""


async def lock_account(conn: PoolConnectionProxy, *, account_hash: bytes) -> None:
    """One at a time of those who try this account, until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('account:' || encode($1, 'hex'), 0))", account_hash
    )


async def tries_used(conn: PoolConnectionProxy, *, hashes: list[bytes], days: int) -> int:
    """Wrong answers, and credits that nobody answered or that could not be sent: those cost one as well."""
    used: int = await conn.fetchval(
        """SELECT COALESCE(sum(CASE WHEN state IN ('expired', 'refused', 'dropped') THEN GREATEST(tries, 1)
                                    ELSE tries END), 0)
             FROM merchants.verifications
            WHERE account_hash = ANY($1) AND created_at > now() - $2 * interval '1 day'""",
        hashes,
        days,
    )
    return used


async def insert(
    conn: PoolConnectionProxy,
    *,
    verification_id: str,
    application_id: str,
    account_hash: bytes,
    sealed: bytes,
) -> Row:
    return await _one(
        conn,
        f"""INSERT INTO merchants.verifications (id, application_id, state, account_hash, sealed)
            VALUES ($1, $2, 'sending', $3, $4) RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        verification_id,
        application_id,
        account_hash,
        sealed,
    )


async def find(conn: PoolConnectionProxy, *, verification_id: str) -> Row:
    return await _one(
        conn,
        f"SELECT {_COLUMNS} FROM merchants.verifications WHERE id = $1",  # noqa: S608 - fixed list
        verification_id,
    )


async def open_of(conn: PoolConnectionProxy, *, application_id: str) -> Row | None:
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.verifications
             WHERE application_id = $1 AND state IN ('sending', 'sent') FOR UPDATE""",  # noqa: S608 - fixed list
        application_id,
    )


async def latest(conn: PoolConnectionProxy, *, application_id: str) -> Row | None:
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.verifications
             WHERE application_id = $1 ORDER BY id DESC LIMIT 1""",  # noqa: S608 - fixed list
        application_id,
    )


async def count_try(conn: PoolConnectionProxy, *, verification_id: str) -> Row:
    return await _one(
        conn,
        f"UPDATE merchants.verifications SET tries = tries + 1 WHERE id = $1 RETURNING {_COLUMNS}",  # noqa: S608 - fixed list
        verification_id,
    )


async def sent(conn: PoolConnectionProxy, *, verification_id: str, days: int) -> Row:
    return await _one(
        conn,
        f"""UPDATE merchants.verifications
               SET state = 'sent', sent_at = clock_timestamp(),
                   expires_at = clock_timestamp() + $2 * interval '1 day'
             WHERE id = $1 AND state = 'sending' RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        verification_id,
        days,
    )


async def close(
    conn: PoolConnectionProxy, *, verification_id: str, state: str, reason: str, tries: int | None = None
) -> Row:
    return await _one(
        conn,
        f"""UPDATE merchants.verifications
               SET state = $2, reason = $3, tries = COALESCE($4, tries), closed_at = clock_timestamp()
             WHERE id = $1 RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        verification_id,
        state,
        reason,
        tries,
    )


async def change_hash(conn: PoolConnectionProxy, *, verification_id: str, account_hash: bytes) -> None:
    await conn.execute(
        "UPDATE merchants.verifications SET account_hash = $2 WHERE id = $1", verification_id, account_hash
    )


async def drop(conn: PoolConnectionProxy, *, application_id: str) -> None:
    await conn.execute(
        """UPDATE merchants.verifications SET state = 'dropped', closed_at = clock_timestamp()
            WHERE application_id = $1 AND state IN ('sending', 'sent')""",
        application_id,
    )


async def expire(conn: PoolConnectionProxy, *, limit: int) -> int:
    rows = await conn.fetch(
        """UPDATE merchants.verifications SET state = 'expired', closed_at = clock_timestamp()
            WHERE id IN (SELECT id FROM merchants.verifications
                          WHERE state = 'sent' AND expires_at <= now() ORDER BY expires_at LIMIT $1
                            FOR UPDATE SKIP LOCKED)
        RETURNING id""",
        limit,
    )
    return len(rows)


async def _one(conn: PoolConnectionProxy, statement: str, *arguments: object) -> Row:
    row = await conn.fetchrow(statement, *arguments)
    assert row is not None, "the caller knows that the row is there"
    return row
