"""The statements on proposals of operators."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

_COLUMNS = "id, name, roles, jwk, proposed_by, proposed_at, decided_by, decided_at, client_id, reason"


async def insert(
    conn: PoolConnectionProxy,
    *,
    proposal_id: str,
    name: str,
    roles: list[str],
    jwk: Mapping[str, Any],
    proposed_by: str,
) -> None:
    await conn.execute(
        """INSERT INTO merchants.operator_proposals (id, name, roles, jwk, proposed_by)
           VALUES ($1, $2, $3, $4::jsonb, $5)""",
        proposal_id,
        name,
        roles,
        msgspec.json.encode(dict(jwk)).decode(),
        proposed_by,
    )


async def find(conn: PoolConnectionProxy, *, proposal_id: str, lock: bool = False) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM merchants.operator_proposals WHERE id = $1 {'FOR UPDATE' if lock else ''}",  # noqa: S608 - fixed list
        proposal_id,
    )


async def undecided(conn: PoolConnectionProxy, *, after_id: str | None, limit: int) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.operator_proposals
             WHERE decided_by IS NULL AND ($1::text IS NULL OR id > $1) ORDER BY id LIMIT $2""",  # noqa: S608 - fixed list
        after_id,
        limit,
    )


async def decide(
    conn: PoolConnectionProxy, *, proposal_id: str, decided_by: str, client_id: str | None, reason: str
) -> asyncpg.Record:
    row = await conn.fetchrow(
        f"""UPDATE merchants.operator_proposals
               SET decided_by = $2, decided_at = clock_timestamp(), client_id = $3, reason = $4
             WHERE id = $1 RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        proposal_id,
        decided_by,
        client_id,
        reason,
    )
    assert row is not None, "the caller holds the row"
    return row


async def other_approvers_known(conn: PoolConnectionProxy, *, but: str) -> bool:
    """Whether there ever was an approver besides this one: who revokes the other is not alone again by that."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM merchants.clients
                           WHERE kind = 'operator' AND 'approver' = ANY (roles) AND client_id <> $1)""",
        but,
    )
    return found


async def names_of(conn: PoolConnectionProxy, *, client_ids: Sequence[str]) -> list[asyncpg.Record]:
    return await conn.fetch(
        "SELECT client_id, name FROM merchants.clients WHERE client_id = ANY($1) AND kind = 'operator'",
        list(client_ids),
    )
