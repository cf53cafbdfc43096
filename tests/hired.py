"""The bank's people and wallets' backends, let in by two others who are never seen."""

from collections.abc import Mapping
from typing import Any

from asyncpg.pool import PoolConnectionProxy

from merchants.access import clients, operators, wallets
from merchants.access.principal import Registered
from merchants.ids import BANK, new_id


async def an_operator(
    conn: PoolConnectionProxy, roles: frozenset[str], public_jwk: Mapping[str, Any]
) -> Registered:
    proposed = await operators.propose(
        conn,
        proposal_id=new_id("opr", BANK),
        name="operator",
        roles=roles,
        public_jwk=public_jwk,
        actor="one who hires",
    )
    await operators.confirm(conn, proposal_id=proposed.id, actor="another who hires")
    _, [key] = await clients.with_keys(conn, proposed.client_id)
    return Registered(client_id=proposed.client_id, key_id=key.key_id)


async def a_wallet_backend(
    conn: PoolConnectionProxy, issuer: str, public_jwk: Mapping[str, Any]
) -> Registered:
    proposed = await wallets.propose(
        conn,
        proposal_id=new_id("wlp", BANK),
        issuer=issuer,
        name="wallet",
        public_jwk=public_jwk,
        actor="one who hires",
    )
    await wallets.confirm(conn, proposal_id=proposed.id, actor="another who hires")
    _, [key] = await clients.with_keys(conn, proposed.client_id)
    return Registered(client_id=proposed.client_id, key_id=key.key_id)
