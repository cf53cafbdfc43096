"""Statements on operators' sessions."""

from asyncpg.pool import PoolConnectionProxy


async def upsert_operator(
    conn: PoolConnectionProxy, *, client_id: str, external_subject: str, name: str, roles: list[str]
) -> tuple[str, bool, list[str] | None] | None:
    """The person's client: its id, whether it is new, and the roles before; None for one that was revoked."""
    row = await conn.fetchrow(
        """WITH known AS (
               SELECT client_id, roles FROM merchants.clients WHERE external_subject = $2 FOR UPDATE),
           kept AS (
               INSERT INTO merchants.clients (client_id, kind, name, scopes, roles, created_by, external_subject)
               VALUES ($1, 'operator', $3, '{operate}', $4, 'identity provider', $2)
                   ON CONFLICT (external_subject) DO UPDATE SET name = excluded.name, roles = excluded.roles
                WHERE clients.revoked_at IS NULL
               RETURNING client_id)
           SELECT kept.client_id, known.roles FROM kept LEFT JOIN known USING (client_id)""",
        client_id,
        external_subject,
        name,
        roles,
    )
    return None if row is None else (row["client_id"], row["client_id"] == client_id, row["roles"])


async def insert_session(
    conn: PoolConnectionProxy,
    *,
    session_id: str,
    client_id: str,
    sign_in: bytes,
    roles: list[str],
    life_s: float,
) -> bool:
    """Whether this sign-in had not been completed before."""
    inserted = await conn.fetchval(
        """INSERT INTO merchants.operator_sessions (session_id, client_id, sign_in, roles, expires_at)
           VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
               ON CONFLICT (sign_in) DO NOTHING RETURNING true""",
        session_id,
        client_id,
        sign_in,
        roles,
        life_s,
    )
    return inserted is not None


async def end_session(conn: PoolConnectionProxy, *, client_id: str, session_id: str) -> bool:
    """Wait for the transactions that still saw it live, then end it; whether it was live."""
    await conn.execute("SELECT merchants.lock_client($1)", client_id)
    ended = await conn.fetchval(
        """UPDATE merchants.operator_sessions SET revoked_at = clock_timestamp()
            WHERE client_id = $1 AND session_id = $2 AND revoked_at IS NULL RETURNING true""",
        client_id,
        session_id,
    )
    return ended is not None


async def delete_old_sessions(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Forget sessions that ended a day ago; the audit trail keeps who was here."""
    deleted = await conn.fetch(
        """DELETE FROM merchants.operator_sessions WHERE session_id IN (
               SELECT session_id FROM merchants.operator_sessions
                WHERE expires_at < clock_timestamp() - interval '1 day'
                ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1""",
        limit,
    )
    return len(deleted)
