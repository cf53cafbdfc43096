"""Clients come and go here; each deed leaves a row in the audit trail, in the caller's transaction.

`conn` is always in a transaction, an idempotency claim's as a rule. A client of another owner is not found.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.access import jwk, proposals_sql, sql
from merchants.access.errors import (
    ClientAlreadyRevoked,
    ClientKeyNotFound,
    ClientNotFound,
    PublicKeyUsedBefore,
    ScopesNotYours,
    TooManyLiveKeys,
)
from merchants.access.jwk import PublicKey
from merchants.access.principal import SCOPES, Client, ClientKey, KeyPurpose, Kind, Registered
from merchants.ids import BANK, new_id, partner_no_of

SYSTEM = "system"
# Version 7 at time zero: known before it exists, for the one operator whom nobody could have told it.
BOOTSTRAP_OPERATOR_ID = "cli_00000000000070008000000000000000"
OPERATOR_ROLES = frozenset({"reviewer", "approver", "risk", "auditor"})


async def register_applicant(
    conn: PoolConnectionProxy,
    *,
    client_id: str,
    application_id: str,
    name: str,
    public_jwk: Mapping[str, Any],
) -> Registered:
    """A stranger who applies: may see and change that application, nothing else.

    The application may be inserted after it, in the same transaction.

    Raises:
        PublicKeyUnacceptable
    """
    return await register(
        conn,
        client_of(client_id, "applicant", name, application_id=application_id),
        jwk.accept(public_jwk),
        actor=client_id,
    )


async def promote_applicant(
    conn: PoolConnectionProxy, *, application_id: str, partner_id: str, actor: str
) -> str:
    """The applicant became a partner: the same client and key, a partner's scopes from its next token on.

    Raises:
        ClientNotFound: the application has no live applicant.
    """
    client_id = await sql.promote_applicant(
        conn, application_id=application_id, partner_id=partner_id, scopes=SCOPES["partner"]
    )
    if client_id is None:
        raise ClientNotFound
    await audit.record(conn, actor=actor, deed="client.promoted", object_id=client_id, partner_id=partner_id)
    return client_id


async def register_server(
    conn: PoolConnectionProxy,
    *,
    client_id: str,
    partner_id: str,
    name: str,
    scopes: frozenset[str],
    within: frozenset[str],
    public_jwk: Mapping[str, Any],
    actor: str,
    dpop_bound_access_tokens: bool = False,
) -> Registered:
    """One more server of a partner, with no scope beyond those of who makes it.

    Raises:
        PublicKeyUnacceptable, ScopesNotYours
    """
    refuse_scopes_beyond(scopes, within & SCOPES["partner"])
    new = client_of(
        client_id,
        "partner",
        name,
        partner_id=partner_id,
        merchant_id=partner_id,
        scopes=scopes,
        dpop_bound_access_tokens=dpop_bound_access_tokens,
    )
    return await register(conn, new, jwk.accept(public_jwk), actor=actor)


async def ensure_bootstrap_operator(conn: PoolConnectionProxy, public_jwk: Mapping[str, Any]) -> str:
    """The sandbox's first operator, who proposes the others; whoever starts with another key ends the one before.

    Raises:
        PublicKeyUnacceptable, PublicKeyUsedBefore
    """
    key = jwk.accept(public_jwk)
    await sql.lock_client(conn, BOOTSTRAP_OPERATOR_ID)
    if await sql.client(conn, BOOTSTRAP_OPERATOR_ID) is None:
        new = client_of(BOOTSTRAP_OPERATOR_ID, "operator", "Bootstrap operator", roles=OPERATOR_ROLES)
        await register(conn, new, key, actor=SYSTEM)
        return BOOTSTRAP_OPERATOR_ID
    live = await sql.keys_of_client(conn, BOOTSTRAP_OPERATOR_ID, live_only=True)
    if key.thumbprint in {one.thumbprint for one in live}:
        return BOOTSTRAP_OPERATOR_ID
    for one in live:
        await revoke_key(conn, BOOTSTRAP_OPERATOR_ID, key_id=one.key_id, actor=SYSTEM)
    await _insert_key(conn, BOOTSTRAP_OPERATOR_ID, key, partner_id=None, purpose="assertion", actor=SYSTEM)
    return BOOTSTRAP_OPERATOR_ID


async def find(conn: PoolConnectionProxy, *, partner_id: str, client_id: str) -> Client:
    """A server of this partner.

    Raises:
        ClientNotFound: not there, another partner's, or a till's.
    """
    found = await sql.client(conn, client_id)
    if found is None or found.partner_id != partner_id or found.kind != "partner":
        raise ClientNotFound
    return found


async def get(conn: PoolConnectionProxy, client_id: str) -> Client:
    """Any client; whoever asks has seen to it that it is theirs.

    Raises:
        ClientNotFound
    """
    found = await sql.client(conn, client_id)
    if found is None:
        raise ClientNotFound
    return found


async def with_keys(conn: PoolConnectionProxy, client_id: str) -> tuple[Client, list[ClientKey]]:
    """The same, and every key it ever had.

    Raises:
        ClientNotFound
    """
    return await get(conn, client_id), await sql.keys_of_client(conn, client_id)


async def of_partner(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None, limit: int
) -> list[Client]:
    """A page of a partner's servers, newest first."""
    return await sql.clients_of_partner(conn, partner_id=partner_id, before_id=before_id, limit=limit)


def refuse_scopes_beyond(scopes: frozenset[str], within: frozenset[str]) -> None:
    """Raise ScopesNotYours, so that nobody gains by a client they make or give a key."""
    if not scopes <= within:
        raise ScopesNotYours(tuple(sorted(scopes - within)))


async def add_key(
    conn: PoolConnectionProxy,
    client_id: str,
    *,
    public_jwk: Mapping[str, Any],
    purpose: KeyPurpose = "assertion",
    actor: str,
) -> ClientKey:
    """A second live key, so that the first can be retired without a failed call.

    Raises:
        PublicKeyUnacceptable, PublicKeyUsedBefore, TooManyLiveKeys, ClientNotFound, ClientAlreadyRevoked
    """
    key = jwk.accept(public_jwk)
    owner = await sql.client(conn, client_id, lock=True)
    if owner is None:
        raise ClientNotFound
    if owner.revoked_at is not None:
        raise ClientAlreadyRevoked
    return await _insert_key(conn, client_id, key, partner_id=owner.partner_id, purpose=purpose, actor=actor)


async def revoke_key(conn: PoolConnectionProxy, client_id: str, *, key_id: str, actor: str) -> None:
    """End a key and every token it signed in for, from the moment this commits.

    Raises:
        ClientNotFound, ClientKeyNotFound
    """
    owner = await get(conn, client_id)
    if not await sql.revoke_key(conn, client_id=client_id, key_id=key_id):
        raise ClientKeyNotFound
    await audit.record(
        conn, actor=actor, deed="client_key.revoked", object_id=key_id, partner_id=owner.partner_id
    )


async def revoke(conn: PoolConnectionProxy, client_id: str, *, actor: str, reason: str) -> None:
    """End a client for good, with the activation codes it made and what it proposed; again changes nothing.

    Raises:
        ClientNotFound
    """
    owner = await get(conn, client_id)
    if await sql.revoke_client(conn, client_id):
        await sql.delete_activation_codes_of(conn, created_by=client_id)
        if owner.kind == "operator" and actor != client_id:
            # Who was put out has no say any more: one colleague's word would do for what they left behind.
            await proposals_sql.reject_all_of(
                conn, proposed_by=client_id, decided_by=actor, reason="who proposed it was revoked"
            )
        await audit.record(
            conn,
            actor=actor,
            deed="client.revoked",
            object_id=client_id,
            partner_id=owner.partner_id,
            reason=reason,
        )


async def register(conn: PoolConnectionProxy, new: Client, key: PublicKey, *, actor: str) -> Registered:
    """Insert a client with its first key; `terminals` enrols tills through it, `operators` lets operators in."""
    await sql.insert_client(conn, new, created_by=actor)
    first = await _insert_key(
        conn, new.client_id, key, partner_id=new.partner_id, purpose="assertion", actor=actor
    )
    await audit.record(
        conn,
        actor=actor,
        deed="client.registered",
        object_id=new.client_id,
        partner_id=new.partner_id,
        facts={"kind": new.kind, "key_id": first.key_id, "thumbprint": key.thumbprint},
    )
    return Registered(client_id=new.client_id, key_id=first.key_id)


async def _insert_key(
    conn: PoolConnectionProxy,
    client_id: str,
    key: PublicKey,
    *,
    partner_id: str | None,
    purpose: KeyPurpose,
    actor: str,
) -> ClientKey:
    key_id = new_id("key", partner_no_of(client_id) or BANK)
    try:
        made = await sql.insert_key(
            conn, key, key_id=key_id, client_id=client_id, purpose=purpose, created_by=actor
        )
    except asyncpg.UniqueViolationError:
        raise PublicKeyUsedBefore from None
    if made is None:
        raise TooManyLiveKeys
    await audit.record(
        conn,
        actor=actor,
        deed="client_key.added",
        object_id=key_id,
        partner_id=partner_id,
        facts={"client_id": client_id, "purpose": purpose, "thumbprint": key.thumbprint},
    )
    return made


def client_of(client_id: str, kind: Kind, name: str, **owner: Any) -> Client:
    """What `register` inserts."""
    scopes = owner.pop("scopes", SCOPES[kind])
    return Client(
        client_id=client_id, kind=kind, name=name, scopes=scopes, created_at=datetime.now(UTC), **owner
    )
