"""Tokens bound to a key (RFC 9449): what a proof must be, and that nothing else opens the door."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client import Credentials, Gateway, Partner, SigningKey
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import PaymentRequest
from merchants.access.proof import token_hash
from merchants.ids import new_id
from tests.signing_in import OwnKey
from tests.town import Answered, Supermarket, Town, a_town, cny

FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A server of a partner with a token that is bound to its key; `url` is where it speaks, `issuer` who we are."""

    http: aiohttp.ClientSession
    url: str
    issuer: str
    client_id: str
    key: OwnKey
    token: str

    def proof(self, method: str, path: str, **changes: Any) -> str:
        claims = {"ath": token_hash(self.token), **changes}
        return self.key.proof(method, self.issuer + path, **claims)

    async def send(
        self,
        method: str,
        path: str,
        *,
        proof: str | None,
        body: Any = None,
        key: str = "",
        scheme: str = "DPoP",
    ) -> Answered:
        headers = {"Authorization": f"{scheme} {self.token}", "Idempotency-Key": key or new_id("idk", 0)}
        if proof is not None:
            headers["DPoP"] = proof
        async with self.http.request(method, self.url + path, json=body, headers=headers) as answer:
            said = await answer.json(content_type=None)
            return Answered(status=answer.status, body=said, headers=answer.headers)

    async def pay(self, proof: str | None, *, key: str = "", number: str = "") -> Answered:
        body = {"amount": cny(100), "merchant_order_no": number or new_id("T", 0)}
        return await self.send("POST", "/v1/payments", proof=proof, body=body, key=key)


async def a_server(town: Town, shop: Supermarket, **wish: Any) -> tuple[str, OwnKey]:
    key = OwnKey()
    body = {"name": "shop", "scopes": ["pay", "query"], "jwk": key.public_jwk, **wish}
    made = await shop.office.post("/v1/clients", body)
    assert made.status == 201, made.body
    return made.body["client"]["id"], key


async def sign_in(town: Town, client_id: str, key: OwnKey, proof: str | None) -> Answered:
    form = {**FORM, "client_assertion": key.assertion(client_id, town.settings.public_url)}
    headers = {} if proof is None else {"DPoP": proof}
    async with town.http.post(f"{town.public}/oauth/token", data=form, headers=headers) as answer:
        return Answered(
            status=answer.status, body=await answer.json(content_type=None), headers=answer.headers
        )


async def bound(town: Town) -> Bound:
    issuer = town.settings.public_url
    client_id, key = await a_server(town, await town.supermarket())
    said = await sign_in(town, client_id, key, key.proof("POST", f"{issuer}/oauth/token"))
    assert (said.status, said.body["token_type"]) == (200, "DPoP"), said.body
    token = said.body["access_token"]
    return Bound(http=town.http, url=town.public, issuer=issuer, client_id=client_id, key=key, token=token)


@pytest.fixture
async def quiet_town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url, core_database_url, works=False) as opened:
        yield opened


async def test_a_bound_token_pays_with_a_proof_and_reads_with_the_nonce_it_was_told(quiet_town: Town) -> None:
    shop = await bound(quiet_town)
    paid = await shop.pay(shop.proof("POST", "/v1/payments"))
    assert paid.status == 201, paid.body
    path = f"/v1/payments/{paid.body['id']}"
    first = await shop.send("GET", path, proof=shop.proof("GET", path))
    assert (first.status, first.body["code"]) == (401, "dpop_nonce_needed")
    assert 'error="use_dpop_nonce"' in first.headers["WWW-Authenticate"]
    nonce = first.headers["DPoP-Nonce"]
    assert nonce == paid.headers["DPoP-Nonce"]
    read = await shop.send("GET", path, proof=shop.proof("GET", f"{path}?x=1#y", nonce=nonce))
    assert (read.status, "DPoP-Nonce" in read.headers) == (200, False)


async def test_a_proof_that_is_not_for_this_request_opens_nothing(quiet_town: Town) -> None:
    shop, thief = await bound(quiet_town), OwnKey()
    at, other = shop.issuer + "/v1/payments", "https://evil.example/v1/payments"
    ath = token_hash(shop.token)
    old = jwt.decode(shop.proof("POST", "/v1/payments"), options={"verify_signature": False})["iat"]
    p256 = ec.generate_private_key(ec.SECP256R1())
    attempts = {
        "dpop_method_mismatch": [shop.proof("GET", "/v1/payments"), shop.proof("post", "/v1/payments")],
        "dpop_target_mismatch": [
            shop.proof("POST", "/v1/payments", htu=other),
            shop.proof("POST", "/v1/refunds"),
            shop.proof("POST", "/v1/payments", htu="http://[broken"),
        ],
        "dpop_token_mismatch": [
            shop.proof("POST", "/v1/payments", ath=token_hash("another")),
            shop.proof("POST", "/v1/payments", ath=None),
        ],
        "dpop_key_mismatch": [thief.proof("POST", at, ath=ath)],
        "dpop_proof_expired": [shop.proof("POST", "/v1/payments", iat=old - 120)],
        "dpop_proof_not_yet_valid": [shop.proof("POST", "/v1/payments", iat=old + 60)],
        "dpop_proof_not_verified": [
            # The right key shown, another one's signature.
            thief.proof("POST", at, ath=ath, header={"jwk": shop.key.public_jwk}),
            shop.key.proof("POST", at, ath=ath, algorithm="ES256", key=p256),
            shop.key.proof("POST", at, ath=ath, algorithm="HS256", key="k" * 32),
        ],
        "dpop_proof_malformed": [
            shop.proof("POST", "/v1/payments", header={"typ": "JWT"}),
            shop.proof("POST", "/v1/payments", header={"kid": "key_1"}),
            shop.proof("POST", "/v1/payments", header={"jku": "https://evil.example/keys"}),
            shop.proof("POST", "/v1/payments", header={"jwk": {**thief.public_jwk, "d": "c2VjcmV0"}}),
            shop.proof("POST", "/v1/payments", header={"jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
            jwt.encode({"htm": "POST"}, "", algorithm="none", headers={"typ": "dpop+jwt"}),
            shop.proof("POST", "/v1/payments", jti=None),
            "no.jwt",
        ],
        "dpop_nonce_needed": [shop.proof("POST", "/v1/payments", nonce="made-up")],
    }
    for code, proofs in attempts.items():
        for proof in proofs:
            refused = await shop.pay(proof)
            assert (refused.status, refused.body["code"]) == (401, code), (code, refused.body)
    assert await quiet_town.pool.fetchval("SELECT count(*) FROM gateway.payments") == 0


async def test_a_bound_token_is_worth_nothing_without_its_proof_and_a_proof_nothing_to_a_bearer(
    quiet_town: Town,
) -> None:
    shop = await bound(quiet_town)
    at = "/v1/payments"
    downgraded = await shop.send("POST", at, proof=shop.proof("POST", at), body={}, scheme="Bearer")
    assert (downgraded.status, downgraded.body["code"]) == (401, "dpop_proof_missing")
    bare = await shop.pay(None)
    assert (bare.status, bare.body["code"]) == (401, "dpop_proof_missing")
    plain = await sign_in(quiet_town, shop.client_id, shop.key, None)
    assert plain.body["token_type"] == "Bearer"
    dressed_up = Bound(
        http=shop.http,
        url=shop.url,
        issuer=shop.issuer,
        client_id=shop.client_id,
        key=shop.key,
        token=plain.body["access_token"],
    )
    refused = await dressed_up.pay(dressed_up.proof("POST", at))
    assert (refused.status, refused.body["code"]) == (401, "dpop_token_unbound")


async def test_a_proof_works_once_on_whichever_replica_and_whatever_became_of_its_deed(
    quiet_town: Town, database_url: str, core_database_url: str
) -> None:
    shop = await bound(quiet_town)
    proof = shop.proof("POST", "/v1/payments")
    assert (await shop.pay(proof, key="one", number="T-1")).status == 201
    refused = [await shop.pay(proof), await shop.pay(proof, key="one", number="T-1")]
    async with a_town(database_url, core_database_url, works=False) as replica:
        there = Bound(
            http=replica.http,
            url=replica.public,
            issuer=shop.issuer,
            client_id=shop.client_id,
            key=shop.key,
            token=shop.token,
        )
        refused.append(await there.pay(proof))
        # A replay of the deed, and a deed that was refused, spend their proofs as well.
        for key, status in (("one", 201), ("two", 409)):
            fresh = shop.proof("POST", "/v1/payments")
            assert (await shop.pay(fresh, key=key, number="T-1")).status == status
            refused.append(await there.pay(fresh))
    assert {(one.status, one.body["code"]) for one in refused} == {(401, "dpop_proof_replayed")}
    assert await quiet_town.pool.fetchval("SELECT count(*) FROM gateway.payments") == 1


async def test_a_proof_pays_once_where_payments_are_accepted_together(quiet_town: Town) -> None:
    shop = await bound(quiet_town)
    proof = shop.proof("POST", "/v1/payments")

    async def scan() -> Answered:
        code = await quiet_town.code(await quiet_town.payer())
        body = {"amount": cny(100), "merchant_order_no": new_id("T", 0), "code": code}
        return await shop.send("POST", "/v1/payments", proof=proof, body=body)

    answers = await asyncio.gather(*(scan() for _ in range(6)))
    assert sorted(one.status for one in answers) == [201, *([401] * 5)]
    assert {one.body["code"] for one in answers if one.status == 401} == {"dpop_proof_replayed"}
    assert (await scan()).body["code"] == "dpop_proof_replayed"


async def test_who_is_obliged_gets_no_bearer_token(
    quiet_town: Town, database_url: str, core_database_url: str
) -> None:
    shop, issuer = await quiet_town.supermarket(), quiet_town.settings.public_url
    client_id, key = await a_server(quiet_town, shop, dpop_bound_access_tokens=True)
    refused = await sign_in(quiet_town, client_id, key, None)
    assert (refused.status, refused.body["error"], refused.body["code"]) == (
        400,
        "invalid_dpop_proof",
        "dpop_proof_required",
    )
    wrong = await sign_in(quiet_town, client_id, key, key.proof("POST", f"{issuer}/v1/payments"))
    assert (wrong.status, wrong.body["code"]) == (400, "token_proof_refused")
    assert "`htu`" in wrong.body["proof"]
    assert (
        await sign_in(quiet_town, client_id, key, key.proof("POST", f"{issuer}/oauth/token"))
    ).status == 200
    async with a_town(database_url, core_database_url, works=False, DPOP_REQUIRED="true") as strict:
        free_id, free = await a_server(quiet_town, shop)
        assert (await sign_in(strict, free_id, free, None)).body["code"] == "dpop_proof_required"
        read_only, own = await a_server(quiet_town, shop, scopes=["query"])
        assert (await sign_in(strict, read_only, own, None)).status == 200


async def test_our_client_proves_itself_and_learns_the_nonce(quiet_town: Town) -> None:
    shop, key = await quiet_town.supermarket(), SigningKey.generate()
    client_id, _ = await a_server(
        quiet_town, shop, jwk=key.public_jwk, dpop_bound_access_tokens=True, scopes=["pay", "query"]
    )
    async with Gateway(quiet_town.public, issuer=quiet_town.settings.public_url) as gateway:
        partner = Partner(gateway, Credentials(client_id=client_id, key=key))
        wish = PaymentRequest(
            amount=PositiveAmount(amount_minor=100, currency="CNY"), merchant_order_no="T-1"
        )
        asked = await partner.pay(wish)
        read = [await partner.payment(asked.id) for _ in range(2)]
    assert read == [asked, asked]
