"""Queries on clients, their keys, used assertions and activation codes."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.access.jwk import PublicKey
from merchants.access.principal import Client, ClientKey, KeyPurpose

_CLIENT = """client_id, kind, name, partner_id, merchant_id, store_id, terminal_id, application_id, issuer,
    scopes, roles, dpop_bound_access_tokens, created_at, revoked_at"""
_KEY = """key_id, client_id, purpose, algorithm, jwk, thumbprint, created_at, last_used_at, revoked_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedAssertion:
    """Whether client and key were live, and whether this was the first use."""

    live: bool
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationRow:
    """A code that may still be tried; `client_id` once it was used."""

    partner_id: str
    merchant_id: str
    store_id: str
    terminal_id: str
    label: str
    code_hash: bytes
    scopes: list[str]
    client_id: str | None


async def caller_status(conn: PoolConnectionProxy, *, client_id: str, key_id: str) -> str:
    status: str = await conn.fetchval("SELECT merchants.caller_status($1, $2)", client_id, key_id)
    return status


async def peek_caller_status(conn: PoolConnectionProxy, *, client_id: str, key_id: str) -> str:
    status: str = await conn.fetchval("SELECT merchants.peek_caller_status($1, $2)", client_id, key_id)
    return status


async def lock_client(conn: PoolConnectionProxy, client_id: str) -> None:
    """Wait for everybody who changes this client, and hold them off until the transaction ends."""
    await conn.execute("SELECT merchants.lock_client($1)", client_id)


async def client(conn: PoolConnectionProxy, client_id: str, *, lock: bool = False) -> Client | None:
    """Any client; `lock` keeps others from adding keys meanwhile, and does not stop those who pay."""
    row = await conn.fetchrow(
        f"SELECT {_CLIENT} FROM merchants.clients WHERE client_id = $1 {'FOR UPDATE' if lock else ''}",  # noqa: S608 (fixed words)
        client_id,
    )
    return _client(row) if row else None


async def clients_of_partner(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None, limit: int
) -> list[Client]:
    """Servers, newest first; tills are shown with their terminals."""
    rows = await conn.fetch(
        f"""SELECT {_CLIENT} FROM merchants.clients
             WHERE partner_id = $1 AND kind = 'partner' AND ($2::text IS NULL OR client_id < $2)
             ORDER BY client_id DESC LIMIT $3""",  # noqa: S608 (fixed words)
        partner_id,
        before_id,
        limit,
    )
    return [_client(row) for row in rows]


async def insert_client(conn: PoolConnectionProxy, new: Client, *, created_by: str) -> None:
    await conn.execute(
        """INSERT INTO merchants.clients (client_id, kind, name, partner_id, merchant_id, store_id, terminal_id,
                                          application_id, issuer, scopes, roles, dpop_bound_access_tokens, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        new.client_id,
        new.kind,
        new.name,
        new.partner_id,
        new.merchant_id,
        new.store_id,
        new.terminal_id,
        new.application_id,
        new.issuer,
        sorted(new.scopes),
        sorted(new.roles),
        new.dpop_bound_access_tokens,
        created_by,
    )


async def promote_applicant(
    conn: PoolConnectionProxy, *, application_id: str, partner_id: str, scopes: frozenset[str]
) -> str | None:
    """The client's id, or None if the application has no applicant that could become a partner."""
    client_id: str | None = await conn.fetchval(
        """UPDATE merchants.clients
              SET kind = 'partner', partner_id = $2, merchant_id = $2, scopes = $3
            WHERE application_id = $1 AND kind = 'applicant' AND revoked_at IS NULL
            RETURNING client_id""",
        application_id,
        partner_id,
        sorted(scopes),
    )
    return client_id


async def live_client_of_terminal(
    conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str
) -> str | None:
    client_id: str | None = await conn.fetchval(
        """SELECT client_id FROM merchants.clients
            WHERE partner_id = $1 AND terminal_id = $2 AND revoked_at IS NULL""",
        partner_id,
        terminal_id,
    )
    return client_id


async def revoke_client(conn: PoolConnectionProxy, client_id: str) -> bool:
    """Wait for the transactions that still saw it live, then end it; whether it was live."""
    await conn.execute("SELECT merchants.lock_client($1)", client_id)
    revoked = await conn.fetchval(
        """UPDATE merchants.clients SET revoked_at = clock_timestamp()
            WHERE client_id = $1 AND revoked_at IS NULL RETURNING true""",
        client_id,
    )
    return revoked is not None


async def keys_of_client(
    conn: PoolConnectionProxy, client_id: str, *, live_only: bool = False
) -> list[ClientKey]:
    """Its keys in the order of their making; few, for only revoked ones pile up."""
    rows = await conn.fetch(
        f"""SELECT {_KEY} FROM merchants.client_keys
             WHERE client_id = $1 AND (NOT $2 OR revoked_at IS NULL) ORDER BY key_id""",  # noqa: S608 (fixed words)
        client_id,
        live_only,
    )
    return [_key(row) for row in rows]


async def insert_key(
    conn: PoolConnectionProxy,
    key: PublicKey,
    *,
    key_id: str,
    client_id: str,
    purpose: KeyPurpose,
    created_by: str,
) -> ClientKey | None:
    """Put the key into the client's free slot of this purpose; None if both are taken."""
    row = await conn.fetchrow(
        f"""INSERT INTO merchants.client_keys (key_id, client_id, purpose, slot, algorithm, jwk, thumbprint, created_by)
            SELECT $1, $2, $3, min(free.slot), $4, $5::jsonb, $6, $7
              FROM (VALUES (1), (2)) AS free (slot)
             WHERE NOT EXISTS (SELECT FROM merchants.client_keys taken
                                WHERE taken.client_id = $2 AND taken.purpose = $3 AND taken.slot = free.slot
                                  AND taken.revoked_at IS NULL)
            HAVING min(free.slot) IS NOT NULL
            RETURNING {_KEY}""",  # noqa: S608 (fixed words)
        key_id,
        client_id,
        purpose,
        key.algorithm,
        msgspec.json.encode(key.jwk).decode(),
        key.thumbprint,
        created_by,
    )
    return _key(row) if row else None


async def revoke_key(conn: PoolConnectionProxy, *, client_id: str, key_id: str) -> bool:
    """Wait for the transactions that still saw it live, then end it; whether it was live."""
    await conn.execute("SELECT merchants.lock_client($1)", client_id)
    revoked = await conn.fetchval(
        """UPDATE merchants.client_keys SET revoked_at = clock_timestamp()
            WHERE client_id = $1 AND key_id = $2 AND revoked_at IS NULL RETURNING true""",
        client_id,
        key_id,
    )
    return revoked is not None


async def use_assertion(
    conn: PoolConnectionProxy,
    *,
    client_id: str,
    key_id: str,
    jti: str,
    expires_at: datetime,
    kept_after_expiry_s: float,
) -> UsedAssertion:
    """Insert the `jti`; of two at the same moment the second waits for the first and is not fresh."""
    row = await conn.fetchrow(
        """WITH asked AS (SELECT merchants.peek_caller_status($1, $2) = 'live' AS live),
                used AS (
                    INSERT INTO merchants.assertion_jtis (client_id, jti, expires_at)
                    SELECT $1, $3, $4::timestamptz + make_interval(secs => $5) FROM asked WHERE live
                    ON CONFLICT DO NOTHING RETURNING jti),
                seen AS (
                    UPDATE merchants.client_keys SET last_used_at = now()
                     WHERE key_id = $2 AND EXISTS (SELECT FROM used))
           SELECT live, EXISTS (SELECT FROM used) AS fresh FROM asked""",
        client_id,
        key_id,
        jti,
        expires_at,
        kept_after_expiry_s,
    )
    assert row is not None, "one row is always selected"
    return UsedAssertion(**row)


async def use_proof(conn: PoolConnectionProxy, *, issued_at_s: int, digest: bytes) -> bool:
    """Whether this is the proof's first use."""
    fresh: bool = await conn.fetchval("SELECT merchants.use_proof($1, $2)", issued_at_s, digest)
    return fresh


async def forget_proofs(conn: PoolConnectionProxy) -> bool:
    """Empty the partition of proofs that are too old; whether there were any."""
    emptied: bool = await conn.fetchval("SELECT merchants.forget_proofs()")
    return emptied


async def delete_expired_assertions(conn: PoolConnectionProxy, *, limit: int) -> int:
    deleted = await conn.fetch(
        """DELETE FROM merchants.assertion_jtis
            WHERE (client_id, jti) IN (SELECT client_id, jti FROM merchants.assertion_jtis
                                        WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT $1
                                          FOR UPDATE SKIP LOCKED)
            RETURNING 1""",
        limit,
    )
    return len(deleted)


async def put_activation_code(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    terminal_id: str,
    selector_hash: bytes,
    code_hash: bytes,
    tries: int,
    scopes: frozenset[str],
    life_s: float,
    created_by: str,
) -> datetime | None:
    """Replace the terminal's code; when the new one ends, or None if the partner has no such active terminal."""
    expires_at: datetime | None = await conn.fetchval(
        """INSERT INTO merchants.activation_codes AS a
                  (partner_id, terminal_id, merchant_id, store_id, selector_hash, code_hash, tries_left,
                   expires_at, created_by, scopes)
           SELECT partner_id, id, merchant_id, store_id, $3, $4, $5,
                  clock_timestamp() + make_interval(secs => $6), $7, $8
             FROM merchants.terminals WHERE partner_id = $1 AND id = $2 AND status = 'active'
           ON CONFLICT (partner_id, terminal_id) DO UPDATE
              SET selector_hash = excluded.selector_hash, code_hash = excluded.code_hash,
                  tries_left = excluded.tries_left, expires_at = excluded.expires_at,
                  created_by = excluded.created_by, scopes = excluded.scopes, client_id = NULL
           RETURNING expires_at""",
        partner_id,
        terminal_id,
        selector_hash,
        code_hash,
        tries,
        life_s,
        created_by,
        sorted(scopes),
    )
    return expires_at


async def activation_codes(conn: PoolConnectionProxy, selector_hashes: list[bytes]) -> list[ActivationRow]:
    """Codes of this first half that may be tried, locked in a fixed order until the try is settled."""
    rows = await conn.fetch(
        """SELECT a.partner_id, a.merchant_id, a.store_id, a.terminal_id, t.label, a.code_hash, a.scopes,
                  a.client_id
             FROM merchants.activation_codes a
             JOIN merchants.terminals t ON t.partner_id = a.partner_id AND t.id = a.terminal_id
            WHERE a.selector_hash = ANY ($1) AND a.tries_left > 0 AND a.expires_at > clock_timestamp()
              AND t.status = 'active'
            ORDER BY a.terminal_id FOR UPDATE OF a""",
        selector_hashes,
    )
    return [ActivationRow(**row) for row in rows]


async def count_wrong_try(conn: PoolConnectionProxy, aimed_at: list[ActivationRow]) -> None:
    """The rows are locked since they were read, so none of them falls below zero."""
    await conn.execute(
        """UPDATE merchants.activation_codes SET tries_left = tries_left - 1
            WHERE (partner_id, terminal_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [row.partner_id for row in aimed_at],
        [row.terminal_id for row in aimed_at],
    )


async def use_activation_code(
    conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str, client_id: str
) -> None:
    await conn.execute(
        "UPDATE merchants.activation_codes SET client_id = $3 WHERE partner_id = $1 AND terminal_id = $2",
        partner_id,
        terminal_id,
        client_id,
    )


async def delete_activation_code(conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str) -> None:
    await conn.execute(
        "DELETE FROM merchants.activation_codes WHERE partner_id = $1 AND terminal_id = $2",
        partner_id,
        terminal_id,
    )


async def delete_activation_codes_of(conn: PoolConnectionProxy, *, created_by: str) -> None:
    await conn.execute("DELETE FROM merchants.activation_codes WHERE created_by = $1", created_by)


async def delete_expired_activation_codes(conn: PoolConnectionProxy, *, limit: int) -> int:
    deleted = await conn.fetch(
        """DELETE FROM merchants.activation_codes
            WHERE (partner_id, terminal_id) IN (
                      SELECT partner_id, terminal_id FROM merchants.activation_codes
                       WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING 1""",
        limit,
    )
    return len(deleted)


def _client(row: asyncpg.Record) -> Client:
    lists = {"scopes": frozenset(row["scopes"]), "roles": frozenset(row["roles"])}
    return Client(**{**row, **lists})


def _key(row: asyncpg.Record) -> ClientKey:
    return ClientKey(**{**row, "jwk": msgspec.json.decode(row["jwk"], type=dict[str, str])})
