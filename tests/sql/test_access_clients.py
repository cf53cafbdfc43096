import asyncio
from typing import Any

import asyncpg
import pytest

from merchants.access import clients, jwk, sql
from merchants.access.errors import (
    ClientAlreadyRevoked,
    ClientKeyNotFound,
    ClientNotFound,
    PublicKeyUsedBefore,
    ScopesNotYours,
    TooManyLiveKeys,
)
from merchants.access.principal import SCOPES, Registered
from merchants.ids import new_id
from tests.hired import a_wallet_backend
from tests.places import open_place
from tests.signing_in import OwnKey


async def new_wallet(pool: asyncpg.Pool, key: OwnKey) -> Registered:
    async with pool.acquire() as conn, conn.transaction():
        return await a_wallet_backend(conn, "bank", key.public_jwk)


async def add_key(pool: asyncpg.Pool, client_id: str, key: OwnKey) -> str:
    async with pool.acquire() as conn, conn.transaction():
        added = await clients.add_key(conn, client_id, public_jwk=key.public_jwk, actor="test")
        return added.key_id


async def revoke_key(pool: asyncpg.Pool, client_id: str, key_id: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await clients.revoke_key(conn, client_id, key_id=key_id, actor="test")


async def test_two_keys_are_live_and_never_a_third_whoever_uploads_at_once(pool: asyncpg.Pool) -> None:
    wallet = await new_wallet(pool, OwnKey())
    uploads = [add_key(pool, wallet.client_id, OwnKey()) for _ in range(5)]
    outcomes = await asyncio.gather(*uploads, return_exceptions=True)
    assert sum(isinstance(one, str) for one in outcomes) == 1
    assert sum(isinstance(one, TooManyLiveKeys) for one in outcomes) == 4


async def test_a_revoked_key_makes_room_and_never_comes_back(pool: asyncpg.Pool) -> None:
    first = OwnKey()
    wallet = await new_wallet(pool, first)
    await add_key(pool, wallet.client_id, OwnKey())
    await revoke_key(pool, wallet.client_id, wallet.key_id)
    with pytest.raises(ClientKeyNotFound):
        await revoke_key(pool, wallet.client_id, wallet.key_id)
    with pytest.raises(PublicKeyUsedBefore):
        await add_key(pool, wallet.client_id, first)
    assert await add_key(pool, wallet.client_id, OwnKey())


async def test_a_key_is_not_revoked_through_another_client(pool: asyncpg.Pool) -> None:
    wallet, other = await new_wallet(pool, OwnKey()), await new_wallet(pool, OwnKey())
    with pytest.raises(ClientKeyNotFound):
        await revoke_key(pool, other.client_id, wallet.key_id)


async def test_a_revoked_client_takes_no_keys_and_stays_revoked(pool: asyncpg.Pool) -> None:
    wallet = await new_wallet(pool, OwnKey())
    async with pool.acquire() as conn, conn.transaction():
        await clients.revoke(conn, wallet.client_id, actor="test", reason="left")
        await clients.revoke(conn, wallet.client_id, actor="test", reason="left")
    with pytest.raises(ClientAlreadyRevoked):
        await add_key(pool, wallet.client_id, OwnKey())
    deeds = await pool.fetch("SELECT deed FROM merchants.audit WHERE object_id = $1", wallet.client_id)
    assert [row["deed"] for row in deeds] == ["client.registered", "client.revoked"]


async def test_a_server_belongs_to_its_partner_and_has_no_more_than_a_partners_scopes(
    pool: asyncpg.Pool,
) -> None:
    ours, theirs = await open_place(pool, partner_no=7), await open_place(pool, partner_no=8)
    client_id = new_id("cli", 7)
    async with pool.acquire() as conn:
        server: dict[str, Any] = {
            "client_id": client_id,
            "partner_id": ours.partner_id,
            "name": "Shop",
            "within": SCOPES["partner"],
            "public_jwk": OwnKey().public_jwk,
            "actor": "test",
        }
        with pytest.raises(ScopesNotYours):
            await clients.register_server(conn, scopes=frozenset({"pay", "operate"}), **server)
        await clients.register_server(conn, scopes=frozenset({"pay"}), **server)
        assert (await clients.find(conn, partner_id=ours.partner_id, client_id=client_id)).name == "Shop"
        for owner, wanted in ((theirs.partner_id, client_id), (ours.partner_id, new_id("cli", 7))):
            with pytest.raises(ClientNotFound):
                await clients.find(conn, partner_id=owner, client_id=wanted)
        page = await sql.clients_of_partner(conn, partner_id=theirs.partner_id, before_id=None, limit=10)
        assert page == []


async def test_an_applicant_becomes_a_partner_with_the_same_key(pool: asyncpg.Pool) -> None:
    key, client_id = OwnKey(), new_id("cli", 0)
    async with pool.acquire() as conn, conn.transaction():
        place = await open_place(pool)
        application_id = await conn.fetchval("SELECT application_id FROM merchants.merchants")
        await clients.register_applicant(
            conn,
            client_id=client_id,
            application_id=application_id,
            name="星河超市",
            public_jwk=key.public_jwk,
        )
    async with pool.acquire() as conn, conn.transaction():
        promoted = await clients.promote_applicant(
            conn, application_id=application_id, partner_id=place.partner_id, actor="cli_approver"
        )
        with pytest.raises(ClientNotFound):
            await clients.promote_applicant(
                conn, application_id=application_id, partner_id=place.partner_id, actor="cli_approver"
            )
        partner = await clients.find(conn, partner_id=place.partner_id, client_id=promoted)
        [kept] = await sql.keys_of_client(conn, client_id, live_only=True)
    assert promoted == client_id
    assert (partner.merchant_id, partner.scopes) == (place.partner_id, SCOPES["partner"])
    assert kept.thumbprint == jwk.accept(key.public_jwk).thumbprint


async def test_the_bootstrap_operator_is_made_once_and_follows_its_key(pool: asyncpg.Pool) -> None:
    first, second = OwnKey(), OwnKey()

    async def start(key: OwnKey) -> str:
        async with pool.acquire() as conn, conn.transaction():
            return await clients.ensure_bootstrap_operator(conn, key.public_jwk)

    assert set(await asyncio.gather(*(start(first) for _ in range(3)))) == {clients.BOOTSTRAP_OPERATOR_ID}
    await start(second)
    async with pool.acquire() as conn:
        operator = await sql.client(conn, clients.BOOTSTRAP_OPERATOR_ID)
        [live] = await sql.keys_of_client(conn, clients.BOOTSTRAP_OPERATOR_ID, live_only=True)
    assert operator is not None
    assert operator.roles == clients.OPERATOR_ROLES
    assert live.thumbprint == jwk.accept(second.public_jwk).thumbprint


async def test_the_audit_trail_only_grows(pool: asyncpg.Pool) -> None:
    await new_wallet(pool, OwnKey())
    for change in ("UPDATE merchants.audit SET reason = 'none'", "DELETE FROM merchants.audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change)
