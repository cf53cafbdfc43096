"""What is no assertion and no token, sent to a real gateway: nothing is accepted, and each is told what it is."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from merchants.ids import new_id
from merchants.keyring import Purpose
from tests.api.test_dpop import a_server, quiet_town, sign_in
from tests.signing_in import OwnKey
from tests.town import Answered, Person, Town, a_town

__all__ = ["quiet_town"]

_FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
_EVIL = "https://evil.example/keys.json"


async def exchange(town: Town, assertion: str) -> Answered:
    form = {**_FORM, "client_assertion": assertion}
    async with town.http.post(f"{town.public}/oauth/token", data=form) as answer:
        return Answered(
            status=answer.status, body=await answer.json(content_type=None), headers=answer.headers
        )


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (header, claims)
    )
    return ".".join((*parts, signature))


def hashed(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """HMAC with what everybody may know, as a verifier that lets the message choose would check it."""
    text = unsigned({**header, "alg": "HS256"}, claims).removesuffix(".")
    mac = hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def claims_of(token: str) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return said


async def test_no_attack_on_an_assertion_gets_a_token(quiet_town: Town) -> None:
    town, us = quiet_town, quiet_town.settings.public_url
    client_id, key = await a_server(town, await town.supermarket())
    thief, now = OwnKey(), int(time.time())
    good = claims_of(key.assertion(client_id, us))
    public = key.private.public_key().public_bytes_raw()
    attacks = {
        "assertion_algorithm_refused": [
            unsigned({"alg": "none", "typ": "JWT"}, good),
            unsigned({"alg": "None"}, good),
            hashed({"typ": "JWT"}, good, public),
            hashed({"typ": "JWT"}, good, json.dumps(key.public_jwk).encode()),
        ],
        "assertion_header_refused": [
            thief.assertion(client_id, us, header={"jwk": thief.public_jwk}),
            thief.assertion(client_id, us, header={"jku": _EVIL}),
            thief.assertion(client_id, us, header={"x5u": _EVIL}),
            thief.assertion(client_id, us, header={"x5c": ["MIIB"]}),
        ],
        "assertion_not_verified": [
            thief.assertion(client_id, us),
            thief.assertion(client_id, us, header={"kid": "../../dev/null"}),
            thief.assertion(client_id, us, header={"kid": "x' UNION SELECT 'k"}),
            key.assertion(client_id, us, header={"kid": thief.assertion("x", "x")[:20]}),
            thief.assertion(new_id("cli", 9), us),
        ],
        "assertion_type_refused": [key.assertion(client_id, us, header={"typ": "at+jwt"})],
        "assertion_audience_refused": [
            key.assertion(client_id, us, aud=[us]),
            key.assertion(client_id, us, aud=[us, "https://other.example"]),
            key.assertion(client_id, f"{us}/oauth/token"),
            # What proves an uploaded key signs nobody in.
            key.upload(client_id, us)["proof"],
        ],
        "assertion_expired": [key.assertion(client_id, us, iat=now - 90, exp=now - 30)],
        "assertion_not_yet_valid": [
            key.assertion(client_id, us, iat=now + 30, exp=now + 60),
            key.assertion(client_id, us, nbf=now + 30),
        ],
        "assertion_too_long_lived": [key.assertion(client_id, us, exp=now + 3_600)],
        "assertion_malformed": [
            key.assertion(client_id, us, sub="somebody else"),
            key.assertion(client_id, us, jti=""),
            key.assertion(client_id, us, header={"crit": ["exp"]}),
            key.assertion(client_id, us, exp="soon"),
        ],
    }
    for code, assertions in attacks.items():
        for one in assertions:
            refused = await exchange(town, one)
            assert (refused.status, refused.body.get("code")) == (400, code), (
                code,
                claims_of(one),
                refused.body,
            )
            assert refused.body["error"] == "invalid_client"
    assert (await sign_in(town, client_id, key, None)).status == 200


async def test_an_assertion_works_once_on_whichever_replica(
    quiet_town: Town, database_url: str, core_database_url: str
) -> None:
    client_id, key = await a_server(quiet_town, await quiet_town.supermarket())
    async with a_town(database_url, core_database_url, works=False) as other:
        assertion = key.assertion(client_id, quiet_town.settings.public_url)
        answers = await asyncio.gather(*(exchange(one, assertion) for one in (quiet_town, other) * 3))
    assert sorted(one.status for one in answers) == [200, *([400] * 5)]
    assert {one.body["code"] for one in answers if one.status == 400} == {"assertion_replayed"}


async def test_no_forged_token_opens_the_door(quiet_town: Town) -> None:
    town, parts = quiet_town, quiet_town.replica.parts
    shop = await town.supermarket()
    real = shop.office.token
    header, claims = jwt.get_unverified_header(real), claims_of(real)
    token_key, qr_key = parts.keyring.signer(Purpose.TOKEN), parts.keyring.signer(Purpose.QR)
    thief = Ed25519PrivateKey.generate()

    def signed(key: Any, *, head: dict[str, Any] | None = None, **changes: Any) -> str:
        return jwt.encode({**claims, **changes}, key, algorithm="EdDSA", headers={**header, **(head or {})})

    attacks = {
        "token_not_verified": [
            unsigned({**header, "alg": "none"}, claims),
            hashed(header, claims, token_key.public_key.public_bytes_raw()),
            signed(thief),
            signed(thief, head={"jwk": OwnKey(thief).public_jwk}),
            signed(thief, head={"jku": _EVIL}),
            signed(thief, head={"kid": "token-ZZ"}),
            signed(qr_key.private_key, head={"kid": qr_key.kid}),
            signed(qr_key.private_key),
            signed(token_key.private_key, head={"typ": "JWT"}),
            real[:-4] + ("AAAA" if real[-4:] != "AAAA" else "BBBB"),
        ],
        "token_foreign": [
            signed(token_key.private_key, aud="https://other.example"),
            signed(token_key.private_key, iss="https://other.example"),
            signed(token_key.private_key, env="production"),
            signed(token_key.private_key, iat=int(time.time()) + 60),
        ],
        "token_expired": [signed(token_key.private_key, exp=int(time.time()) - 1)],
        "token_malformed": ["no token", "a" * 5_000],
    }
    # An audience of several is not ours alone.
    attacks["token_not_verified"].append(
        signed(token_key.private_key, aud=[claims["aud"], "https://other.example"])
    )
    for code, tokens in attacks.items():
        for one in tokens:
            refused = await Person(http=town.http, url=town.public, token=one).get("/v1/payments")
            assert (refused.status, refused.body["code"]) == (401, code), (code, one, refused.body)
    assert (await shop.office.get("/v1/payments")).status == 200


@pytest.mark.parametrize("ended", ["till", "place"])
async def test_no_payment_is_accepted_once_the_revocation_has_answered(quiet_town: Town, ended: str) -> None:
    town = quiet_town
    shop, payer = await town.supermarket(), await town.payer(10**7)
    paid, revoked = asyncio.Event(), asyncio.Event()
    late: list[Answered] = []

    async def pay() -> None:
        number = 0
        while len(late) < 20:
            after, number = revoked.is_set(), number + 1
            answered = await shop.ask(1, **({"code": await town.code(payer)} if number % 2 else {}))
            if after:
                late.append(answered)
            elif answered.status == 201:
                paid.set()

    async def revoke() -> Any:
        await paid.wait()
        path = f"/v1/terminals/{shop.place.terminal.id}/{'revoke' if ended == 'till' else 'retire'}"
        body = {"reason": "stolen"} if ended == "till" else None
        answered = await shop.office.post(path, body)
        revoked.set()
        assert answered.status in {200, 204}, answered.body
        return await town.pool.fetchval("SELECT clock_timestamp()")

    at, *_ = await asyncio.gather(revoke(), *(pay() for _ in range(4)))
    assert {(one.status, one.body["code"]) for one in late} == {(401, "client_revoked")}
    stored = await town.pool.fetch("SELECT created_at FROM gateway.payments")
    assert stored
    assert max(row["created_at"] for row in stored) < at
