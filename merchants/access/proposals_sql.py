"""The statements on what one operator proposes about a client and another decides."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

_COLUMNS = """id, kind, client_id, partner_id, content, reason, proposed_by, proposed_at, decided_by, decided_at,
    accepted, decision_reason"""


async def insert(
    conn: PoolConnectionProxy,
    *,
    proposal_id: str,
    kind: str,
    client_id: str,
    partner_id: str | None,
    content: Mapping[str, Any],
    reason: str,
    proposed_by: str,
) -> asyncpg.Record | None:
    """None where another about this client waits."""
    return await conn.fetchrow(
        f"""INSERT INTO merchants.proposals (id, kind, client_id, partner_id, content, reason, proposed_by)
            VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)
            ON CONFLICT (client_id) WHERE decided_by IS NULL DO NOTHING RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        proposal_id,
        kind,
        client_id,
        partner_id,
        msgspec.json.encode(dict(content)).decode(),
        reason,
        proposed_by,
    )


async def find(
    conn: PoolConnectionProxy, *, kind: str, proposal_id: str, lock: bool = False
) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.proposals WHERE id = $1 AND kind = $2
            {"FOR UPDATE" if lock else ""}""",  # noqa: S608 - fixed list
        proposal_id,
        kind,
    )


async def undecided(
    conn: PoolConnectionProxy, *, kind: str, after_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.proposals
             WHERE kind = $1 AND decided_by IS NULL AND ($2::text IS NULL OR id > $2)
             ORDER BY id LIMIT $3""",  # noqa: S608 - fixed list
        kind,
        after_id,
        limit,
    )


async def decide(
    conn: PoolConnectionProxy, *, proposal_id: str, decided_by: str, accepted: bool, reason: str
) -> asyncpg.Record:
    row = await conn.fetchrow(
        f"""UPDATE merchants.proposals
               SET decided_by = $2, decided_at = clock_timestamp(), accepted = $3, decision_reason = $4
             WHERE id = $1 RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        proposal_id,
        decided_by,
        accepted,
        reason,
    )
    assert row is not None, "the caller holds the row"
    return row


async def reject_all_of(conn: PoolConnectionProxy, *, proposed_by: str, decided_by: str, reason: str) -> None:
    """Turn down what somebody proposed and nobody has decided, of every kind, and leave it on the trail."""
    await conn.execute(
        """WITH others AS (
               UPDATE merchants.proposals
                  SET decided_by = $2, decided_at = clock_timestamp(), accepted = false, decision_reason = $3
                WHERE proposed_by = $1 AND decided_by IS NULL RETURNING kind, id, partner_id),
           operators AS (
               UPDATE merchants.operator_proposals
                  SET decided_by = $2, decided_at = clock_timestamp(), reason = $3
                WHERE proposed_by = $1 AND decided_by IS NULL RETURNING 'operator', id, NULL::text)
           INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT $2, turned_down.kind || '.rejected', turned_down.id, turned_down.partner_id, $3, '{}'
             FROM (SELECT * FROM others UNION ALL SELECT * FROM operators) AS turned_down (kind, id, partner_id)""",
        proposed_by,
        decided_by,
        reason,
    )
