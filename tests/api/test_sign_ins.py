"""Operators sign in at a real identity provider, in a process of its own."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.identity_provider import CLIENT_SECRET, an_identity_provider
from tests.signing_in import OwnKey
from tests.town import Answered, Person, Town, a_town

COMPLETE = "/admin/v1/sign-ins/complete"


@pytest.fixture
async def bank(database_url: str, core_database_url: str) -> AsyncIterator[tuple[Town, str]]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(an_identity_provider())
        environ = {"OIDC_ISSUER": url, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
        yield (
            await stack.enter_async_context(a_town(database_url, core_database_url, works=False, **environ)),
            url,
        )


async def sign_in(town: Town, *, proof: str | None = None, **wishes: str) -> Answered:
    """Begin, let the browser go there and back, complete; with a proof of possession perhaps."""
    visitor = Person(http=town.http, url=town.operators, token="")
    begun = (await visitor.post("/admin/v1/sign-ins", None)).body
    back = await browse(town, begun["authorization_url"], **wishes)
    body = {"sign_in": begun["sign_in"], **back}
    headers = {} if proof is None else {"DPoP": proof}
    async with town.http.post(town.operators + COMPLETE, json=body, headers=headers) as answer:
        return Answered(status=answer.status, body=await answer.json(), headers=answer.headers)


async def browse(town: Town, url: str, **wishes: str) -> dict[str, str]:
    async with town.http.get(url, params=wishes, allow_redirects=False) as answer:
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: query[name][0] for name in ("state", "code")}


async def signed_in(town: Town, **wishes: str) -> Person:
    answered = await sign_in(town, **wishes)
    assert answered.status == 200, answered.body
    return Person(http=town.http, url=town.operators, token=answered.body["access_token"])


async def test_an_operator_has_the_roles_of_the_groups_and_is_one_person(bank: tuple[Town, str]) -> None:
    town, _ = bank
    reviewer = await signed_in(town, groups="reviewer staff")
    assert (await reviewer.get("/admin/v1/applications")).status == 200
    refused = await reviewer.get("/admin/v1/velocity-hits")
    assert (refused.status, refused.body["code"]) == (403, "insufficient_role")
    auditor = await signed_in(town, groups="auditor")
    assert (await auditor.get("/admin/v1/velocity-hits")).status == 200
    other = await signed_in(town, login_hint="wang.fang", groups="approver")
    assert (await other.get("/admin/v1/applications")).status == 200
    rows = await town.pool.fetch(
        "SELECT client_id, roles FROM merchants.clients WHERE external_subject IS NOT NULL ORDER BY created_at"
    )
    assert [row["roles"] for row in rows] == [["auditor"], ["approver"]]
    deeds = await town.pool.fetch("SELECT deed FROM merchants.audit WHERE deed LIKE 'operator.%' ORDER BY id")
    assert [row["deed"] for row in deeds] == [
        "operator.registered",
        "operator.roles_changed",
        "operator.registered",
    ]


async def test_a_session_is_renewed_and_ended_at_once(bank: tuple[Town, str]) -> None:
    town, _ = bank
    first = await signed_in(town)
    renewed = await first.post("/admin/v1/session/renew", None)
    assert renewed.status == 200, renewed.body
    second = Person(http=town.http, url=town.operators, token=renewed.body["access_token"])
    assert (await second.post("/admin/v1/session/end", None)).status == 204
    for one in (first, second):
        refused = await one.post("/admin/v1/session/renew", None)
        assert (refused.status, refused.body["code"]) == (401, "client_revoked")


async def test_a_session_that_began_with_a_key_is_worth_nothing_without_it(
    database_url: str, core_database_url: str
) -> None:
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(an_identity_provider())
        environ = {"OIDC_ISSUER": provider, "OIDC_CLIENT_SECRET": CLIENT_SECRET, "DPOP_REQUIRED": "true"}
        town = await stack.enter_async_context(
            a_town(database_url, core_database_url, works=False, **environ)
        )
        bare = await sign_in(town)
        assert (bare.status, bare.body["code"]) == (400, "dpop_proof_required")
        key, at = OwnKey(), town.settings.operators_url
        elsewhere = await sign_in(town, proof=key.proof("POST", f"{at}/oauth/token"))
        assert (elsewhere.status, elsewhere.body["code"]) == (400, "token_proof_refused")
        answered = await sign_in(town, proof=key.proof("POST", at + COMPLETE))
        assert (answered.status, answered.body["token_type"]) == (200, "DPoP"), answered.body
        token, renew = answered.body["access_token"], "/admin/v1/session/renew"
        stolen = Person(http=town.http, url=town.operators, token=token)
        refused = await stolen.post(renew, None)
        assert (refused.status, refused.body["code"]) == (401, "dpop_proof_missing")
        ath = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        for one, status in ((OwnKey(), 401), (key, 200)):
            headers = {
                "Authorization": f"DPoP {token}",
                "DPoP": one.proof("POST", at + renew, ath=ath),
                "Idempotency-Key": "once",
            }
            async with town.http.post(town.operators + renew, headers=headers) as said:
                assert said.status == status, await said.text()
                body = await said.json()
        assert body["token_type"] == "DPoP"


async def test_what_the_provider_did_not_say_to_us_now_lets_nobody_in(bank: tuple[Town, str]) -> None:
    town, _ = bank
    wrong = {
        "nonce": "id_token_nonce_mismatch",
        "audience": "id_token_foreign",
        "two audiences": "id_token_foreign",
        "azp": "id_token_foreign",
        "issuer": "id_token_foreign",
        "expired": "id_token_expired",
        "key": "id_token_not_verified",
        "none": "id_token_not_verified",
    }
    for misbehave, code in wrong.items():
        refused = await sign_in(town, misbehave=misbehave)
        assert (refused.status, refused.body["code"]) == (401, code), misbehave
    nobody = await sign_in(town, groups="canteen")
    assert (nobody.status, nobody.body["code"]) == (403, "no_role_granted")
    assert await town.pool.fetchval("SELECT count(*) FROM merchants.operator_sessions") == 0


async def test_a_sign_in_is_completed_once_by_who_began_it(bank: tuple[Town, str]) -> None:
    town, _ = bank
    visitor = Person(http=town.http, url=town.operators, token="")
    mine, theirs = [(await visitor.post("/admin/v1/sign-ins", None)).body for _ in range(2)]
    back = await browse(town, theirs["authorization_url"])

    async def code_of(body: dict[str, Any]) -> str:
        refused = await visitor.post(COMPLETE, body)
        assert refused.status == 401
        return str(refused.body["code"])

    # Somebody else's code, an invented one, and what was never begun.
    assert await code_of({"sign_in": mine["sign_in"], **back}) == "sign_in_expired"
    assert await code_of({"sign_in": theirs["sign_in"], **back, "code": "made-up"}) == "code_refused"
    assert await code_of({"sign_in": "AAAA", **back}) == "sign_in_expired"
    assert (await visitor.post(COMPLETE, {"sign_in": theirs["sign_in"], **back})).status == 200
    assert await code_of({"sign_in": theirs["sign_in"], **back}) == "code_refused"
    async with town.http.post(f"{town.public}/admin/v1/sign-ins") as answer:
        assert answer.status == 404


async def test_a_revoked_operator_does_not_come_back_and_new_keys_of_the_provider_are_found(
    bank: tuple[Town, str],
) -> None:
    town, url = bank
    risk = await signed_in(town, login_hint="wang.fang", groups="risk")
    await signed_in(town)
    async with town.http.post(f"{url}/rotate"):
        pass
    client_id = await town.pool.fetchval(
        "SELECT client_id FROM merchants.clients WHERE external_subject LIKE '%lin.wei'"
    )
    assert (
        await risk.post(f"/admin/v1/clients/{client_id}/revoke", {"reason": "left the bank"})
    ).status == 200
    refused = await sign_in(town)
    assert (refused.status, refused.body["code"]) == (401, "sign_in_used")
    assert (await sign_in(town, login_hint="zhao.min")).status == 200
