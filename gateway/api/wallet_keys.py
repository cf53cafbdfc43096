"""A wallet backend's own keys, replaced without a failed call."""

from typing import Any

from gateway.api.clients import client_key, members_of
from gateway.door.operation import Answer, Call, operation
from gateway.wire import clients as wire
from merchants.access import clients, errors, possession

_PATH = "/wallet/v1/keys"


async def replay_wallet_key(call: Call[Any], key_id: str) -> Answer:
    """A repeated upload: the key as it is now."""
    async with call.parts.pool.acquire() as conn:
        _, keys = await clients.with_keys(conn, call.caller.client_id)
    return Answer(201, next(client_key(one) for one in keys if one.key_id == key_id))


@operation(
    "POST",
    _PATH,
    summary="Upload a key of the wallet's",
    scope="wallet",
    idempotent=True,
    replay=replay_wallet_key,
    answers={201: wire.ClientKey},
    problems=(
        errors.PublicKeyUnacceptable,
        errors.PublicKeyUsedBefore,
        errors.TooManyLiveKeys,
        errors.KeyNotProven,
    ),
    example=wire.NewWalletKey(
        jwk=wire.EXAMPLE_JWK, proof="eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjbGkifQ.c2lnbmF0dXJl"
    ),
)
async def add_wallet_key(call: Call[wire.NewWalletKey]) -> Answer:
    """A second live key of your own: sign with the new one, then delete the old one, and no call fails in between.

    It signs you in and vouches for payers from now on. `proof` shows that you hold it.
    """
    client_id, public_jwk = call.caller.client_id, members_of(call.body.jwk)
    async with call.claim.transaction() as conn:
        possession.check(
            client_id,
            public_jwk,
            call.body.proof,
            uploaded_to=call.parts.tokens.issuer + _PATH,
            now=call.now,
        )
        key = await clients.add_key(conn, client_id, public_jwk=public_jwk, actor=client_id)
        call.claim.settle(key.key_id)
    return Answer(201, client_key(key))


@operation(
    "GET",
    _PATH,
    summary="List the wallet's keys",
    scope="wallet",
    answers={200: wire.KeyList},
)
async def list_wallet_keys(call: Call[None]) -> Answer:
    """Every key you ever had, and when each was last used."""
    async with call.parts.pool.acquire() as conn:
        _, keys = await clients.with_keys(conn, call.caller.client_id)
    return Answer(200, wire.KeyList(items=[client_key(one) for one in keys]))


@operation(
    "DELETE",
    f"{_PATH}/{{wallet_key_id}}",
    summary="Revoke a key of the wallet's",
    scope="wallet",
    answers={204: None},
    problems=(errors.ClientKeyNotFound,),
)
async def revoke_wallet_key(call: Call[None]) -> Answer:
    """End a key of yours, and every token it signed in for, at once; it cannot be uploaded again."""
    client_id = call.caller.client_id
    async with call.parts.pool.acquire() as conn, conn.transaction():
        await clients.revoke_key(conn, client_id, key_id=call.path["wallet_key_id"], actor=client_id)
    return Answer(204)
