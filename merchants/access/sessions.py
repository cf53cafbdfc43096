"""Sessions of the bank's people, who sign in at the bank's identity provider and bring no key of their own.

A session stands where a key stands for other clients: tokens name it, and ending it ends them. The person's client is
made at the first sign-in; roles are the provider's word at the latest one.
"""

from collections.abc import Collection
from dataclasses import dataclass

from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.access import sessions_sql as sql
from merchants.access import sql as clients_sql
from merchants.access.principal import Client
from merchants.ids import BANK, new_id

# A working day; who leaves the bank in between is revoked here, as any client.
LIFE_S = 8 * 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An operator who has just signed in."""

    session_id: str
    client: Client


async def begin(
    conn: PoolConnectionProxy, *, external_subject: str, name: str, roles: Collection[str], sign_in: bytes
) -> Session | None:
    """Let the person in, in the caller's transaction; None for one who was revoked or a sign-in used before."""
    session_id, granted = new_id("ses", BANK), sorted(roles)
    kept = await sql.upsert_operator(
        conn, client_id=new_id("cli", BANK), external_subject=external_subject, name=name, roles=granted
    )
    if kept is None:
        return None
    client_id, new, before = kept
    if not await sql.insert_session(
        conn, session_id=session_id, client_id=client_id, sign_in=sign_in, roles=granted, life_s=LIFE_S
    ):
        return None
    if new or sorted(before or ()) != granted:
        await audit.record(
            conn,
            actor=client_id,
            deed="operator.registered" if new else "operator.roles_changed",
            object_id=client_id,
            partner_id=None,
            facts={"roles": " ".join(granted), "before": " ".join(before or ()), "subject": external_subject},
        )
    client = await clients_sql.client(conn, client_id)
    assert client is not None, "its row was written in this transaction"
    return Session(session_id=session_id, client=client)


async def end(conn: PoolConnectionProxy, *, client_id: str, session_id: str) -> None:
    """Sign out, from the moment this commits; doing it again changes nothing."""
    if await sql.end_session(conn, client_id=client_id, session_id=session_id):
        await audit.record(conn, actor=client_id, deed="session.ended", object_id=session_id, partner_id=None)


async def forget_old(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Delete sessions nobody can use any more; how many."""
    return await sql.delete_old_sessions(conn, limit=limit)
