"""Who did what to whose record, when and why: rows only ever added, in the deed's own transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants import audit_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One row of the trail."""

    id: str
    at: datetime
    actor: str
    deed: str
    object_id: str
    partner_id: str | None
    reason: str
    facts: Mapping[str, str | int | bool | None]


async def record(
    conn: PoolConnectionProxy,
    *,
    actor: str,
    deed: str,
    object_id: str,
    partner_id: str | None,
    reason: str = "",
    facts: Mapping[str, str | int | bool | None] | None = None,
) -> None:
    """Add the deed to the trail; commits or vanishes with what it tells of.

    Args:
        conn: in the transaction that does the deed.
        actor: the client who did it, or `system`.
        deed: noun and past participle, `client_key.revoked`.
        object_id: what it was done to.
        partner_id: whose record it is; None for the bank's own.
        reason: the actor's words, where words are asked for.
        facts: never secrets or personal data in clear; the trail is kept longer than they may be.
    """
    await audit_sql.insert(
        conn,
        actor=actor,
        deed=deed,
        object_id=object_id,
        partner_id=partner_id,
        reason=reason,
        facts=json.dumps(dict(facts or {})),
    )


async def search(
    conn: PoolConnectionProxy,
    *,
    object_id: str | None = None,
    actor: str | None = None,
    deed: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int,
) -> list[Deed]:
    """A page of the trail, newest first, from before that row: all of it, or what was asked for."""
    rows = await audit_sql.search(
        conn,
        object_id=object_id,
        actor=actor,
        deed=deed,
        since=since,
        until=until,
        before_id=before_id,
        limit=limit,
    )
    return [Deed(**{**row, "id": str(row["id"]), "facts": json.loads(row["facts"])}) for row in rows]
