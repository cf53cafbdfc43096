"""A wallet's backend speaks for people's money: two operators let it in, for an issuer that has a core here."""

import asyncio
from typing import Any

import asyncpg
import pytest

from gateway.client import Credentials, Gateway, SigningKey, WalletBackend
from gateway.wire.payments import PayerFacts
from merchants.access import clients
from merchants.access.clients import BOOTSTRAP_OPERATOR_ID
from tests.hired import a_wallet_backend
from tests.signing_in import OwnKey
from tests.town import ISSUER, Answered, Person, Town

_PATH = "/admin/v1/wallet-proposals"


async def an_approver(town: Town) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset({"approver"}))


def a_backend(**changes: Any) -> dict[str, Any]:
    return {"issuer": ISSUER, "name": "Wallet app", "jwk": OwnKey().public_jwk, **changes}


async def signed_in(town: Town, client_id: str, key: OwnKey, *, base: str | None = None) -> Answered:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": key.assertion(client_id, town.settings.public_url),
    }
    async with town.http.post(f"{base or town.public}/oauth/token", data=form) as answer:
        return Answered(status=answer.status, body=await answer.json(), headers=answer.headers)


async def test_a_backend_comes_in_by_two_people_and_goes_at_once(town: Town) -> None:
    one, other, key = await an_approver(town), await an_approver(town), OwnKey()
    asked = await one.post(_PATH, a_backend(jwk=key.public_jwk))
    assert (asked.status, asked.body["status"]) == (201, "proposed"), asked.body
    case, client_id = f"{_PATH}/{asked.body['id']}", asked.body["client_id"]
    assert (await signed_in(town, client_id, key)).status == 400
    listed = (await other.get(_PATH)).body["items"]
    assert [one["id"] for one in listed] == [asked.body["id"]]
    own = await one.post(f"{case}/confirm", None)
    assert (own.status, own.body["code"]) == (403, "own_proposal")
    confirmed = await other.post(f"{case}/confirm", None)
    assert (confirmed.status, confirmed.body["status"]) == (200, "confirmed"), confirmed.body
    token = (await signed_in(town, client_id, key)).body["access_token"]
    wallet = Person(http=town.http, url=town.public, token=token)
    assert (await wallet.get("/v1/webhook-endpoints")).status == 200
    again = await other.post(f"{case}/reject", {"reason": "on second thoughts"})
    assert (again.status, again.body["code"]) == (409, "proposal_decided")
    revoked = await other.post(f"/admin/v1/clients/{client_id}/revoke", {"reason": "leaked"})
    assert revoked.body["client"]["revoked_at"] is not None
    assert (await signed_in(town, client_id, key)).status == 400


async def test_a_backend_that_is_turned_down_or_has_no_core_never_comes_in(town: Town) -> None:
    one, other, key = await an_approver(town), await an_approver(town), OwnKey()
    foreign = await one.post(_PATH, a_backend(issuer="unknown-bank"))
    assert (foreign.status, foreign.body["code"]) == (422, "issuer_not_served")
    asked = (await one.post(_PATH, a_backend(jwk=key.public_jwk))).body
    rejected = await other.post(f"{_PATH}/{asked['id']}/reject", {"reason": "not its owner's key"})
    assert (rejected.body["status"], rejected.body["reason"]) == ("rejected", "not its owner's key")
    assert (await signed_in(town, asked["client_id"], key)).status == 400
    assert (await one.get(_PATH)).body["items"] == []


async def test_a_backend_replaces_its_key_while_it_goes_on_vouching_for_payers(town: Town) -> None:
    """The statements on payers are signed with whichever key signs in, so both have to hold in between."""
    old, new = SigningKey.generate(), SigningKey.generate()
    async with town.pool.acquire() as conn, conn.transaction():
        made = await a_wallet_backend(conn, ISSUER, old.public_jwk)
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        credentials = Credentials(client_id=made.client_id, key=old)
        wallet = WalletBackend(gateway, credentials, issuer=ISSUER)
        payer = PayerFacts(id="lan", person_id="p-lan")
        codes = 0
        rotating = asyncio.create_task(wallet.rotate_key(new, overlap_s=0.5))
        while not rotating.done():
            await wallet.payment_code(payer)
            codes += 1
        await rotating
        await wallet.payment_code(payer)
        assert codes > 0
        assert [one.revoked_at is None for one in await wallet.keys()] == [False, True]
        other = await town.wallet.get("/wallet/v1/keys")
        [mine] = [one.id for one in await wallet.keys() if one.revoked_at is None]
        assert mine not in str(other.body)
        foreign = await town.wallet.call("DELETE", f"/wallet/v1/keys/{mine}")
        assert (foreign.status, foreign.body["code"]) == (404, "client_key_not_found")
        stranger = await town.wallet.post("/wallet/v1/keys", {"jwk": OwnKey().public_jwk, "proof": "x"})
        assert (stranger.status, stranger.body["code"]) == (422, "key_not_proven")


async def test_a_sandboxs_first_operator_is_alone_until_there_is_a_second(town: Town) -> None:
    key = OwnKey()
    await town.pool.execute("DELETE FROM merchants.client_keys WHERE client_id = $1", BOOTSTRAP_OPERATOR_ID)
    async with town.pool.acquire() as conn, conn.transaction():
        await clients.ensure_bootstrap_operator(conn, key.public_jwk)
    token = (await signed_in(town, BOOTSTRAP_OPERATOR_ID, key, base=town.operators)).body["access_token"]
    first = Person(http=town.http, url=town.operators, token=token)
    alone = await first.post(_PATH, a_backend())
    assert (alone.body["status"], alone.body["decided_by"]) == ("confirmed", "system")
    await an_approver(town)
    asked = await first.post(_PATH, a_backend())
    assert (asked.body["status"], asked.body["decided_by"]) == ("proposed", None)


async def test_the_database_lets_no_backend_in_whom_only_one_has_seen(town: Town) -> None:
    asked = (await (await an_approver(town)).post(_PATH, a_backend())).body
    insert = """INSERT INTO merchants.clients (client_id, kind, name, issuer, scopes, created_by)
                VALUES ($1, 'wallet', 'x', $2, '{wallet}', 'x')"""
    with pytest.raises(asyncpg.CheckViolationError, match="confirmed by another"):
        await town.pool.execute(insert, asked["client_id"], ISSUER)
    decide = "UPDATE merchants.proposals SET decided_by = $1, decided_at = now(), accepted = true"
    for decided_by in (asked["proposed_by"], "system"):
        with pytest.raises(asyncpg.CheckViolationError):
            await town.pool.execute(decide, decided_by)
    await town.pool.execute(decide, "cli_another")
    with pytest.raises(asyncpg.CheckViolationError, match="confirmed by another"):
        await town.pool.execute(insert, asked["client_id"], "another-issuer")
    await town.pool.execute(insert, asked["client_id"], ISSUER)
