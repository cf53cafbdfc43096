"""What a wallet's backend signs of its payers: for one gateway, one deed, one issuer, once."""

import asyncio
import json
import time
import uuid
from typing import Any

import jwt
import pytest

from tests.signing_in import OwnKey
from tests.town import Answered, Town, Wallet, cny

PAYER = {"id": "wallet-1", "person_id": "person-1", "factors": 2}
CODES = "/wallet/v1/payment-codes"


async def get_code(wallet: Wallet, statement: str, *, key: str | None = None) -> Answered:
    return await wallet.post(CODES, {"payer": statement}, key=key)


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"exp": int(time.time()) - 1}, 422, "payer_statement_expired"),
        ({"iat": int(time.time()) + 3_600, "exp": int(time.time()) + 3_630}, 422, "payer_statement_expired"),
        ({"exp": int(time.time()) + 3_600}, 422, "payer_statement_expired"),
        ({"aud": "https://another-gateway.example"}, 422, "payer_statement_misdirected"),
        ({"iss": "cli_01939e7c5b7a7c3f9d2e4a6b00000000"}, 422, "payer_statement_misdirected"),
        ({"use": "scan"}, 422, "payer_statement_misdirected"),
        ({"of": "pay_1"}, 422, "payer_statement_misdirected"),
        ({"payable": cny(100)}, 422, "payer_statement_misdirected"),
        ({"payer": {**PAYER, "issuer": "another-bank"}}, 403, "payer_of_another_issuer"),
        ({"payer": {**PAYER, "issuer": "demo-bank", "factors": 9}}, 422, "payer_statement_malformed"),
        ({"payer": {**PAYER, "issuer": "demo-bank", "balance": 1}}, 422, "payer_statement_malformed"),
        ({"payer": PAYER}, 422, "payer_statement_malformed"),
        ({"use": "anything"}, 422, "payer_statement_malformed"),
        ({"jti": ""}, 422, "payer_statement_malformed"),
        ({"header": {"typ": "JWT"}}, 422, "payer_statement_malformed"),
        ({"header": {"jwk": OwnKey().public_jwk}}, 422, "payer_statement_malformed"),
        ({"header": {"kid": "another"}}, 422, "payer_statement_not_verified"),
    ],
)
async def test_a_statement_that_is_not_for_this_very_request_is_refused_with_its_reason(
    town: Town, changed: dict[str, Any], status: int, said: str
) -> None:
    wallet = town.wallet
    claims = {"use": "payment_code", "payer": {**PAYER, "issuer": "demo-bank"}, **changed}
    refused = await get_code(wallet, wallet.own_key.statement(wallet.client_id, wallet.audience, **claims))
    assert (refused.status, refused.body["code"]) == (status, said), refused.body
    assert refused.body["errors"][0]["pointer"] == "/payer"
    assert await town.pool.fetchval("SELECT count(*) FROM qr.payment_codes") == 0


async def test_nobody_but_the_client_that_calls_signs_for_its_payers(town: Town) -> None:
    wallet = town.wallet
    other = await town.person(kind="wallet", issuer="another-bank")
    same_issuer = await town.person(kind="wallet", issuer=wallet.issuer)
    assert isinstance(other, Wallet)
    assert isinstance(same_issuer, Wallet)
    theirs = {"payer": {**PAYER, "issuer": wallet.issuer}, "use": "payment_code"}
    # With a token and without its key: the thief of a token, a stranger's key, the other issuer's own.
    for key in (OwnKey(), other.own_key, same_issuer.own_key):
        forged = await get_code(wallet, key.statement(wallet.client_id, wallet.audience, **theirs))
        assert (forged.status, forged.body["code"]) == (422, "payer_statement_not_verified")
    # The other issuer's client, in its own name, for a payer of ours.
    foreign = await get_code(other, other.own_key.statement(other.client_id, other.audience, **theirs))
    assert (foreign.status, foreign.body["code"], foreign.body["issuer"]) == (
        403, "payer_of_another_issuer", "another-bank",
    )  # fmt: skip
    unsigned = jwt.encode({"iss": wallet.client_id}, key="", algorithm="none", headers={"typ": "payer+jwt"})
    for text in (unsigned, unsigned + "x", "a.b.c"):
        refused = await get_code(wallet, text)
        assert refused.status in {400, 422}, refused.body


async def test_a_statement_makes_one_code_though_it_be_sent_ten_times_at_once(town: Town) -> None:
    wallet = town.wallet
    statement = wallet.statement(PAYER, "payment_code")
    made = await asyncio.gather(*(get_code(wallet, statement) for _ in range(10)))
    assert sorted(one.status for one in made) == [201] + [409] * 9
    assert {one.body["code"] for one in made if one.status == 409} == {"payer_statement_replayed"}
    assert await town.pool.fetchval("SELECT count(*) FROM qr.payment_codes") == 1
    statement, key = wallet.statement(PAYER, "payment_code"), uuid.uuid4().hex
    first, again = [await get_code(wallet, statement, key=key) for _ in range(2)]
    assert (again.status, again.body) == (201, first.body), "a request that is repeated is no second use"


async def test_an_assertion_is_no_statement_and_a_statement_does_not_sign_in(town: Town) -> None:
    wallet = town.wallet
    assertion = wallet.own_key.assertion(wallet.client_id, wallet.audience)
    refused = await get_code(wallet, assertion)
    assert (refused.status, refused.body["code"]) == (422, "payer_statement_malformed")
    statement = wallet.own_key.statement(
        wallet.client_id, wallet.audience, sub=wallet.client_id, use="payment_code"
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": statement,
    }
    async with town.http.post(f"{town.public}/oauth/token", data=form) as answer:
        assert (await answer.json())["code"] == "assertion_type_refused"


async def test_consent_is_signed_for_one_payment_amount_and_payer_and_kept_with_the_payment(
    town: Town,
) -> None:
    shop, payer, wallet = await town.supermarket(), await town.payer(10_000), town.wallet
    shown = (await shop.ask(3_000)).body
    who = {"id": payer.id, "person_id": payer.person_id}
    scan_body = {"code": shown["next_action"]["qr_payload"]}
    scan_body["payer"] = wallet.statement(who, "scan", of=scan_body["code"])
    seen, again = [await wallet.post("/wallet/v1/scans", scan_body) for _ in range(2)]
    assert (seen.status, again.status) == (200, 200), "a scan changes nothing, so its answer may be lost"
    path = f"/wallet/v1/payments/{shown['id']}/confirm"

    async def confirm(facts: dict[str, Any], *, of: str, payable: Any) -> Answered:
        statement = wallet.statement(facts, "confirm", of=of, payable=payable)
        body = {"scan_id": seen.body["id"], "payable": seen.body["payable"], "payer": statement}
        return await wallet.post(path, body)

    due, proven = seen.body["payable"], {**who, "factors": 2, "certificate": True}
    for facts, of, payable, said in (
        (proven, "pay_01939e7c5b7a7c3f9d2e4a6b00000001", due, "payer_statement_misdirected"),
        (proven, shown["id"], cny(2_999), "payer_statement_misdirected"),
        ({**proven, "id": "somebody-else"}, shown["id"], due, "scan_not_found"),
    ):
        refused = await confirm(facts, of=of, payable=payable)
        assert refused.body["code"] == said, refused.body
    paid = await confirm(proven, of=shown["id"], payable=due)
    assert (paid.status, paid.body["state"]) == (200, "succeeded"), paid.body
    [row] = await town.pool.fetch("SELECT terms FROM gateway.payments WHERE id = $1", shown["id"])
    kept = jwt.decode(
        json.loads(row["terms"])["consent"],
        wallet.own_key.private.public_key(),
        algorithms=["EdDSA"],
        audience=wallet.audience,
    )
    assert kept["payer"] == {**proven, "issuer": wallet.issuer}
    assert (kept["of"], kept["payable"]) == (shown["id"], due)
