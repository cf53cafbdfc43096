"""A partner's servers and the keys they sign in with.

Whoever gives a client a key can act as that client, so nobody reaches one with more scopes than their own.
"""

from typing import Any

import msgspec

from gateway.door.operation import Answer, Call, operation
from gateway.wire import clients as wire
from gateway.wire.page import Page
from merchants.access import clients, errors, possession
from merchants.access.principal import Client, ClientKey
from merchants.ids import BANK, new_id, partner_no_of

_KEY_REFUSALS = (errors.PublicKeyUnacceptable, errors.PublicKeyUsedBefore, errors.TooManyLiveKeys)


async def replay_registration(call: Call[Any], resource_id: str) -> Answer:
    """A repeated registration: the client as it is now."""
    async with call.parts.pool.acquire() as conn:
        return Answer(201, registered_client(*await clients.with_keys(conn, resource_id)))


async def replay_revocation(call: Call[Any], resource_id: str) -> Answer:
    """A repeated revocation: the client, revoked."""
    async with call.parts.pool.acquire() as conn:
        return Answer(200, registered_client(*await clients.with_keys(conn, resource_id)))


async def replay_key(call: Call[Any], resource_id: str) -> Answer:
    """A repeated upload: the key as it is now."""
    async with call.parts.pool.acquire() as conn:
        _, keys = await clients.with_keys(conn, call.path["client_id"])
    return Answer(201, next(client_key(one) for one in keys if one.key_id == resource_id))


@operation(
    "POST",
    "/v1/clients",
    summary="Register a server",
    scope="merchants",
    idempotent=True,
    replay=replay_registration,
    answers={201: wire.RegisteredClient},
    problems=(*_KEY_REFUSALS, errors.ScopesNotYours),
    example=wire.NewClient(name="Till server", scopes=["pay", "query"], jwk=wire.EXAMPLE_JWK),
)
async def create_client(call: Call[wire.NewClient]) -> Answer:
    """One more client of yours, with a key of its own and no more scopes than you have."""
    partner_id = _partner_of(call)
    client_id = new_id("cli", partner_no_of(partner_id) or BANK)
    async with call.claim.transaction(client_id) as conn:
        await clients.register_server(
            conn,
            client_id=client_id,
            partner_id=partner_id,
            name=call.body.name,
            scopes=frozenset(call.body.scopes),
            within=call.caller.scopes,
            public_jwk=members_of(call.body.jwk),
            actor=call.caller.client_id,
            dpop_bound_access_tokens=call.body.dpop_bound_access_tokens,
        )
        made = await clients.with_keys(conn, client_id)
    return Answer(201, registered_client(*made))


@operation(
    "GET", "/v1/clients", summary="List your servers", scope="merchants", answers={200: Page[wire.Client]}
)
async def list_clients(call: Call[None, wire.ClientQuery]) -> Answer:
    """Your clients, revoked ones too, newest first; tills are listed with their terminals."""
    limit = call.query.limit
    async with call.parts.pool.acquire() as conn:
        found = await clients.of_partner(
            conn, partner_id=_partner_of(call), before_id=call.query.cursor, limit=limit + 1
        )
    more = len(found) > limit
    page = found[:limit]
    return Answer(
        200, Page(items=[wire_client(one) for one in page], next=page[-1].client_id if more else None)
    )


@operation(
    "GET",
    "/v1/clients/{client_id}",
    summary="Read a server",
    scope="merchants",
    answers={200: wire.RegisteredClient},
    problems=(errors.ClientNotFound,),
)
async def read_client(call: Call[None]) -> Answer:
    """A client of yours with its keys and when each was last used."""
    async with call.parts.pool.acquire() as conn:
        await clients.find(conn, partner_id=_partner_of(call), client_id=call.path["client_id"])
        found = await clients.with_keys(conn, call.path["client_id"])
    return Answer(200, registered_client(*found))


@operation(
    "POST",
    "/v1/clients/{client_id}/revoke",
    summary="Revoke a server",
    scope="merchants",
    idempotent=True,
    replay=replay_revocation,
    answers={200: wire.RegisteredClient},
    problems=(errors.ClientNotFound,),
    example=wire.Revocation(reason="decommissioned"),
)
async def revoke_client(call: Call[wire.Revocation]) -> Answer:
    """End a client with its keys and tokens, for good and at once."""
    client_id = call.path["client_id"]
    async with call.claim.transaction(client_id) as conn:
        await clients.find(conn, partner_id=_partner_of(call), client_id=client_id)
        await clients.revoke(conn, client_id, actor=call.caller.client_id, reason=call.body.reason)
        revoked = await clients.with_keys(conn, client_id)
    return Answer(200, registered_client(*revoked))


@operation(
    "POST",
    "/v1/clients/{client_id}/keys",
    summary="Upload a key",
    scope="merchants",
    idempotent=True,
    replay=replay_key,
    answers={201: wire.ClientKey},
    problems=(
        *_KEY_REFUSALS,
        errors.KeyNotProven,
        errors.ClientNotFound,
        errors.ClientAlreadyRevoked,
        errors.ScopesNotYours,
    ),
    example=wire.NewKey(jwk=wire.EXAMPLE_JWK, proof="eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjbGkifQ.c2lnbmF0dXJl"),
)
async def add_client_key(call: Call[wire.NewKey]) -> Answer:
    """A second live key: sign with the new one, then delete the old one, and no call fails in between.

    `proof` shows that you hold it: nobody can put somebody else's key to their name.
    """
    client_id = call.path["client_id"]
    public_jwk = members_of(call.body.jwk)
    address = f"{call.parts.tokens.issuer}/v1/clients/{client_id}/keys"
    async with call.claim.transaction() as conn:
        client = await clients.find(conn, partner_id=_partner_of(call), client_id=client_id)
        possession.check(client_id, public_jwk, call.body.proof, uploaded_to=address, now=call.now)
        clients.refuse_scopes_beyond(client.scopes, call.caller.scopes)
        key = await clients.add_key(
            conn,
            client_id,
            public_jwk=public_jwk,
            purpose=call.body.purpose,
            actor=call.caller.client_id,
        )
        call.claim.settle(key.key_id)
    return Answer(201, client_key(key))


@operation(
    "GET",
    "/v1/clients/{client_id}/keys",
    summary="List a server's keys",
    scope="merchants",
    answers={200: wire.KeyList},
    problems=(errors.ClientNotFound,),
)
async def list_client_keys(call: Call[None]) -> Answer:
    """Every key the client ever had."""
    async with call.parts.pool.acquire() as conn:
        await clients.find(conn, partner_id=_partner_of(call), client_id=call.path["client_id"])
        _, keys = await clients.with_keys(conn, call.path["client_id"])
    return Answer(200, wire.KeyList(items=[client_key(one) for one in keys]))


@operation(
    "DELETE",
    "/v1/clients/{client_id}/keys/{key_id}",
    summary="Revoke a key",
    scope="merchants",
    answers={204: None},
    problems=(errors.ClientNotFound, errors.ClientKeyNotFound),
)
async def revoke_client_key(call: Call[None]) -> Answer:
    """End a key, and every token it signed in for, at once; it cannot be uploaded again."""
    client_id = call.path["client_id"]
    async with call.parts.pool.acquire() as conn, conn.transaction():
        await clients.find(conn, partner_id=_partner_of(call), client_id=client_id)
        await clients.revoke_key(conn, client_id, key_id=call.path["key_id"], actor=call.caller.client_id)
    return Answer(204)


def members_of(jwk: wire.PublicJwk) -> dict[str, Any]:
    """The members that were sent."""
    members: dict[str, Any] = msgspec.to_builtins(jwk)
    return members


def registered_client(client: Client, keys: list[ClientKey]) -> wire.RegisteredClient:
    return wire.RegisteredClient(client=wire_client(client), keys=[client_key(one) for one in keys])


def wire_client(client: Client) -> wire.Client:
    return msgspec.convert(
        {
            "id": client.client_id,
            "kind": client.kind,
            "name": client.name,
            "merchant_id": client.merchant_id,
            "issuer": client.issuer,
            "scopes": sorted(client.scopes),
            "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
            "roles": sorted(client.roles),
            "created_at": client.created_at,
            "revoked_at": client.revoked_at,
        },
        wire.Client,
    )


def client_key(key: ClientKey) -> wire.ClientKey:
    return wire.ClientKey(
        id=key.key_id,
        purpose=key.purpose,
        algorithm=key.algorithm,
        thumbprint=key.thumbprint,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def _partner_of(call: Call[Any, Any]) -> str:
    partner_id = call.caller.partner_id
    assert partner_id is not None, "only a partner's client carries the scope merchants"
    return partner_id
