"""The statements on codes by which clients that lost their keys upload new ones."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy


async def revoke_keys(conn: PoolConnectionProxy, *, client_id: str) -> list[str]:
    """End every live key of a client, of either purpose; the caller holds the client's lock. Their ids."""
    rows = await conn.fetch(
        """UPDATE merchants.client_keys SET revoked_at = clock_timestamp()
            WHERE client_id = $1 AND revoked_at IS NULL RETURNING key_id""",
        client_id,
    )
    return [row["key_id"] for row in rows]


async def put_enrolment(
    conn: PoolConnectionProxy,
    *,
    reset_id: str,
    client_id: str,
    code_hashes: Sequence[bytes],
    tries: int,
    life_s: float,
) -> datetime:
    """A code, the only one of this client that works from now on; when it ends."""
    await conn.execute(
        """UPDATE merchants.key_enrolments SET expires_at = clock_timestamp()
            WHERE client_id = $1 AND expires_at > clock_timestamp()""",
        client_id,
    )
    expires_at: datetime = await conn.fetchval(
        """INSERT INTO merchants.key_enrolments (reset_id, client_id, code_hashes, tries_left, expires_at)
           VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5)) RETURNING expires_at""",
        reset_id,
        client_id,
        code_hashes,
        tries,
        life_s,
    )
    return expires_at


async def enrolments(conn: PoolConnectionProxy, reset_ids: Sequence[str]) -> dict[str, asyncpg.Record]:
    """What came of confirmed resets, by their ids."""
    rows = await conn.fetch(
        "SELECT reset_id, expires_at, key_id FROM merchants.key_enrolments WHERE reset_id = ANY ($1)",
        reset_ids,
    )
    return {row["reset_id"]: row for row in rows}


async def open_enrolment(conn: PoolConnectionProxy, *, client_id: str) -> asyncpg.Record | None:
    """The client's code that may still be tried, locked until the try is settled."""
    return await conn.fetchrow(
        """SELECT reset_id, code_hashes, key_id FROM merchants.key_enrolments
            WHERE client_id = $1 AND tries_left > 0 AND expires_at > clock_timestamp()
            ORDER BY reset_id DESC LIMIT 1 FOR UPDATE""",
        client_id,
    )


async def count_wrong_try(conn: PoolConnectionProxy, *, reset_id: str) -> None:
    await conn.execute(
        "UPDATE merchants.key_enrolments SET tries_left = tries_left - 1 WHERE reset_id = $1", reset_id
    )


async def delete_expired(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Codes nobody can use any more; that one was used, and for which key, is on the trail."""
    deleted = await conn.fetch(
        """DELETE FROM merchants.key_enrolments WHERE reset_id IN (
               SELECT reset_id FROM merchants.key_enrolments
                WHERE expires_at < clock_timestamp() - interval '30 days'
                ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1""",
        limit,
    )
    return len(deleted)


async def use_enrolment(conn: PoolConnectionProxy, *, reset_id: str, key_id: str) -> None:
    await conn.execute(
        "UPDATE merchants.key_enrolments SET key_id = $2 WHERE reset_id = $1", reset_id, key_id
    )
