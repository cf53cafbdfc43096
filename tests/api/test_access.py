import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import jwt
import pytest
from aiohttp import ClientSession

from gateway.api import clients as client_operations
from gateway.api import oauth, operator_proposals, operators, terminal_enrolment
from gateway.door.bearer import Bearer
from gateway.door.dpop import Proofs
from gateway.door.endpoint import Desk
from gateway.door.idempotency import ClaimDesk
from gateway.door.listeners import Address, Door, listening
from gateway.door.operation import Listener, Operation
from gateway.door.rate_limit import Limiter, Limits
from merchants.access import clients
from merchants.access.clients import BOOTSTRAP_OPERATOR_ID
from merchants.access.live import RecentlyLive
from merchants.access.principal import SCOPES
from merchants.access.tokens import Tokens
from merchants.ids import new_id
from merchants.keyring import Keyring
from merchants.sealing import Sealing
from tests.places import Place, open_place
from tests.signing_in import OwnKey

ISSUER = "https://gateway.bank.example"
FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
OPERATIONS: list[Operation] = [
    one
    for module in (oauth, client_operations, terminal_enrolment, operator_proposals, operators)
    for one in vars(module).values()
    if isinstance(one, Operation)
]


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        code: str = self.body["code"]
        return code


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The operations of access behind both listeners, the bootstrap operator already there."""

    pool: asyncpg.Pool
    http: ClientSession
    public: str
    admin: str
    operator: OwnKey

    async def sign_in(self, client_id: str, key: OwnKey, *, base: str | None = None, **form: str) -> Said:
        form = {**FORM, "client_assertion": key.assertion(client_id, ISSUER), **form}
        async with self.http.post(f"{base or self.public}/oauth/token", data=form) as answer:
            return Said(answer.status, await answer.json(content_type=None), answer.headers)

    async def token(self, client_id: str, key: OwnKey) -> str:
        said = await self.sign_in(client_id, key)
        assert said.status == 200, said.body
        token: str = said.body["access_token"]
        return token

    async def call(self, method: str, path: str, token: str | None, body: Any = None, key: str = "") -> Said:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers["Idempotency-Key"] = key or new_id("idk", 0)
        base = self.admin if path.startswith("/admin") else self.public
        async with self.http.request(method, base + path, json=body, headers=headers) as answer:
            text = await answer.read()
            return Said(answer.status, await answer.json(content_type=None) if text else None, answer.headers)


@asynccontextmanager
async def open_gateway(pool: asyncpg.Pool) -> AsyncIterator[Gateway]:
    sealing = Sealing(bytes(32))
    keyring = await Keyring.open(pool, sealing)
    tokens = Tokens(keyring, issuer=ISSUER, environment="sandbox")
    operator = OwnKey()
    async with pool.acquire() as conn, conn.transaction():
        await clients.ensure_bootstrap_operator(conn, operator.public_jwk)
    desk = Desk(
        parts=cast("Any", SimpleNamespace(pool=pool, sealing=sealing, keyring=keyring, tokens=tokens)),
        bearer=Bearer(tokens, RecentlyLive(pool, max_age_s=0), Proofs(pool, sealing), Limiter(Limits())),
        claims=ClaimDesk(pool=pool, sealing=sealing),
    )
    free = {one: Address("127.0.0.1", 0) for one in (Listener.PUBLIC, Listener.OPERATORS)}
    async with (
        listening(Door(OPERATIONS, desk), free, stop_within_s=5.0) as bound,
        ClientSession() as http,
    ):
        yield Gateway(
            pool=pool,
            http=http,
            public=f"http://127.0.0.1:{bound[Listener.PUBLIC].port}",
            admin=f"http://127.0.0.1:{bound[Listener.OPERATORS].port}",
            operator=operator,
        )


@pytest.fixture
async def gateway(pool: asyncpg.Pool) -> AsyncIterator[Gateway]:
    async with open_gateway(pool) as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    place: Place
    client_id: str
    key: OwnKey
    token: str


async def a_partner(gateway: Gateway, partner_no: int = 7) -> Partner:
    place, key = await open_place(gateway.pool, partner_no=partner_no), OwnKey()
    async with gateway.pool.acquire() as conn, conn.transaction():
        made = await clients.register_server(
            conn,
            client_id=new_id("cli", partner_no),
            partner_id=place.partner_id,
            name="Head office",
            scopes=SCOPES["partner"],
            within=SCOPES["partner"],
            public_jwk=key.public_jwk,
            actor="test",
        )
    token = await gateway.token(made.client_id, key)
    return Partner(place=place, client_id=made.client_id, key=key, token=token)


async def test_whoever_reads_our_metadata_can_sign_in_and_verify_the_token(gateway: Gateway) -> None:
    metadata = (await gateway.call("GET", "/.well-known/oauth-authorization-server", None)).body
    assert metadata["issuer"] == ISSUER
    assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    keys = jwt.PyJWKSet.from_dict((await gateway.call("GET", "/.well-known/jwks.json", None)).body)
    said = await gateway.sign_in(BOOTSTRAP_OPERATOR_ID, gateway.operator, base=gateway.admin)
    assert (said.status, said.body["token_type"], said.body["scope"]) == (200, "Bearer", "operate")
    assert said.headers["Cache-Control"] == "no-store"
    token = said.body["access_token"]
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, keys[kid], algorithms=["EdDSA"], audience=ISSUER, issuer=ISSUER)
    assert claims["sub"] == BOOTSTRAP_OPERATOR_ID


async def test_a_refused_sign_in_speaks_oauth_and_our_own_code(gateway: Gateway) -> None:
    stranger = await gateway.sign_in(new_id("cli", 1), OwnKey())
    assert (stranger.status, stranger.body["error"], stranger.code) == (
        400,
        "invalid_client",
        "assertion_not_verified",
    )
    assert stranger.body["error_description"]
    scope = await gateway.sign_in(BOOTSTRAP_OPERATOR_ID, gateway.operator, scope="pay")
    assert (scope.status, scope.body["error"]) == (400, "invalid_scope")
    grant = await gateway.sign_in(BOOTSTRAP_OPERATOR_ID, gateway.operator, grant_type="implicit")
    assert grant.body["error"] == "unsupported_grant_type"
    assertion = gateway.operator.assertion(BOOTSTRAP_OPERATOR_ID, ISSUER)
    assert (await gateway.sign_in("", gateway.operator, client_assertion=assertion)).status == 200
    again = await gateway.sign_in("", gateway.operator, client_assertion=assertion)
    assert (again.status, again.code) == (400, "assertion_replayed")
    async with gateway.http.post(f"{gateway.public}/oauth/token", json=FORM) as answer:
        assert answer.status == 415


async def test_a_partner_rotates_a_key_without_a_failed_call(gateway: Gateway) -> None:
    partner, new = await a_partner(gateway), OwnKey()
    path = f"/v1/clients/{partner.client_id}/keys"
    upload = new.upload(partner.client_id, ISSUER)
    added = await gateway.call("POST", path, partner.token, upload, key="add")
    assert added.status == 201
    repeated = await gateway.call("POST", path, partner.token, upload, key="add")
    assert (repeated.status, repeated.body) == (201, added.body)
    fresh = await gateway.token(partner.client_id, new)
    [old, _] = (await gateway.call("GET", path, fresh)).body["items"]
    assert old["last_used_at"] is not None
    assert (await gateway.call("DELETE", f"{path}/{old['id']}", fresh)).status == 204
    gone = await gateway.call("DELETE", f"{path}/{old['id']}", fresh)
    assert (gone.status, gone.code) == (404, "client_key_not_found")
    refused = await gateway.call("GET", "/v1/clients", partner.token)
    assert (refused.status, refused.code) == (401, "client_revoked")
    assert (await gateway.call("GET", "/v1/clients", fresh)).status == 200
    back = await gateway.call("POST", path, fresh, partner.key.upload(partner.client_id, ISSUER))
    assert (back.status, back.code) == (409, "public_key_used_before")


async def test_a_partner_makes_a_server_that_may_less_and_cannot_reach_more(gateway: Gateway) -> None:
    partner, admin_key, full_key = await a_partner(gateway), OwnKey(), OwnKey()
    body = {"name": "Keys only", "scopes": ["merchants"], "jwk": admin_key.public_jwk}
    made = await gateway.call("POST", "/v1/clients", partner.token, body, key="one")
    assert made.status == 201
    assert (await gateway.call("POST", "/v1/clients", partner.token, body, key="one")).body == made.body
    lesser = await gateway.token(made.body["client"]["id"], admin_key)
    more = {"name": "More", "scopes": ["merchants", "refund"], "jwk": full_key.public_jwk}
    for path, wanted in (
        ("/v1/clients", more),
        (f"/v1/clients/{partner.client_id}/keys", full_key.upload(partner.client_id, ISSUER)),
    ):
        refused = await gateway.call("POST", path, lesser, wanted)
        assert (refused.status, refused.code) == (403, "scopes_not_yours")
        assert "refund" in refused.body["scopes"]
    page = (await gateway.call("GET", "/v1/clients?limit=1", partner.token)).body
    rest = (await gateway.call("GET", f"/v1/clients?limit=1&cursor={page['next']}", partner.token)).body
    assert [one["id"] for one in page["items"] + rest["items"]] == [
        made.body["client"]["id"],
        partner.client_id,
    ]
    assert rest["next"] is None


async def test_a_private_key_never_comes_in(gateway: Gateway) -> None:
    partner = await a_partner(gateway)
    leaked = {**OwnKey().public_jwk, "d": "c2VjcmV0"}
    refused = await gateway.call(
        "POST", f"/v1/clients/{partner.client_id}/keys", partner.token, {"jwk": leaked, "proof": "e30.e30."}
    )
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/jwk/d")
    assert "c2VjcmV0" not in str(refused.body)


async def test_other_partners_clients_and_terminals_are_not_found(gateway: Gateway) -> None:
    ours, theirs = await a_partner(gateway, 7), await a_partner(gateway, 8)
    key = OwnKey().upload(ours.client_id, ISSUER)
    revocation = {"reason": "mine now"}
    client, terminal = f"/v1/clients/{ours.client_id}", f"/v1/terminals/{ours.place.terminal_id}"
    for method, path, body in (
        ("GET", client, None),
        ("GET", f"{client}/keys", None),
        ("POST", f"{client}/keys", key),
        ("DELETE", f"{client}/keys/{new_id('key', 7)}", None),
        ("POST", f"{client}/revoke", revocation),
        ("POST", f"{terminal}/activation-codes", None),
        ("POST", f"{terminal}/revoke", revocation),
        ("GET", f"/v1/clients/{new_id('cli', 8)}", None),
    ):
        assert (await gateway.call(method, path, theirs.token, body)).status == 404, path
    assert (await gateway.call("GET", client, ours.token)).status == 200


async def test_a_till_enrols_pays_in_and_is_thrown_out(gateway: Gateway) -> None:
    partner, key = await a_partner(gateway), OwnKey()
    path = f"/v1/terminals/{partner.place.terminal_id}"
    issued = await gateway.call("POST", f"{path}/activation-codes", partner.token, key="code")
    assert issued.status == 201
    repeated = await gateway.call("POST", f"{path}/activation-codes", partner.token, key="code")
    assert repeated.body == issued.body
    enrolment = {"activation_code": issued.body["activation_code"], "jwk": key.public_jwk}
    enrolled = await gateway.call("POST", "/v1/terminals/enrol", None, enrolment)
    assert (enrolled.status, enrolled.body["store_id"]) == (201, partner.place.store_id)
    assert (await gateway.call("POST", "/v1/terminals/enrol", None, enrolment)).body == enrolled.body
    other = {**enrolment, "jwk": OwnKey().public_jwk}
    refused = await gateway.call("POST", "/v1/terminals/enrol", None, other)
    assert (refused.status, refused.code) == (422, "activation_code_refused")
    till = await gateway.sign_in(enrolled.body["client_id"], key)
    assert till.body["scope"] == "cancel pay query refund"
    beyond = await gateway.call("GET", "/v1/clients", till.body["access_token"])
    assert (beyond.status, beyond.code) == (403, "insufficient_scope")
    out = await gateway.call("POST", f"{path}/revoke", partner.token, {"reason": "stolen"}, key="out")
    assert out.status == 204
    assert (
        await gateway.call("POST", f"{path}/revoke", partner.token, {"reason": "stolen"}, key="out")
    ).status == 204
    assert (await gateway.sign_in(enrolled.body["client_id"], key)).status == 400


async def test_operators_come_in_by_their_own_listener_with_their_own_roles(gateway: Gateway) -> None:
    approver = await gateway.token(BOOTSTRAP_OPERATOR_ID, gateway.operator)
    key = OwnKey()
    body = {"name": "Lin Wei", "roles": ["reviewer"], "jwk": key.public_jwk}
    made = await gateway.call("POST", "/admin/v1/operator-proposals", approver, body)
    assert (made.status, made.body["roles"], made.body["decided_by"]) == (201, ["reviewer"], "system")
    reviewer = await gateway.token(made.body["client_id"], key)
    refused = await gateway.call("POST", "/admin/v1/operator-proposals", reviewer, body)
    assert (refused.status, refused.code) == (403, "insufficient_role")
    async with gateway.http.post(f"{gateway.public}/admin/v1/operator-proposals", json=body) as answer:
        assert answer.status == 404


async def test_nobody_lets_an_operator_in_alone_once_there_are_two_approvers(gateway: Gateway) -> None:
    """The first operator is alone in its sandbox, and no more when it has made a second approver."""
    first = await gateway.token(BOOTSTRAP_OPERATOR_ID, gateway.operator)

    async def proposed(by: str, *roles: str) -> tuple[Any, OwnKey]:
        key = OwnKey()
        body = {"name": "Lin Wei", "roles": list(roles), "jwk": key.public_jwk}
        return (await gateway.call("POST", "/admin/v1/operator-proposals", by, body)).body, key

    async def decide(by: str, proposal: Any, how: str, body: Any = None) -> Any:
        return await gateway.call("POST", f"/admin/v1/operator-proposals/{proposal['id']}/{how}", by, body)

    made, key = await proposed(first, "approver")
    assert made["status"] == "confirmed"
    second = await gateway.token(made["client_id"], key)
    waiting, third_key = await proposed(first, "approver", "risk")
    assert waiting["status"] == "proposed"
    assert (await gateway.sign_in(waiting["client_id"], third_key)).status == 400
    assert (await decide(first, waiting, "confirm")).code == "own_operator_proposal"
    assert (await decide(first, waiting, "reject", {"reason": "no"})).code == "own_operator_proposal"
    listed = await gateway.call("GET", "/admin/v1/operator-proposals", second)
    assert [one["id"] for one in listed.body["items"]] == [waiting["id"]]
    at_once = await asyncio.gather(*(decide(second, waiting, "confirm") for _ in range(3)))
    assert sorted(one.status for one in at_once) == [200, 409, 409]
    third = await gateway.token(waiting["client_id"], third_key)
    unwanted, unwanted_key = await proposed(third, "auditor")
    assert (await decide(second, unwanted, "reject", {"reason": "left"})).body["status"] == "rejected"
    assert (await gateway.sign_in(unwanted["client_id"], unwanted_key)).status == 400
    assert (await decide(first, unwanted, "confirm")).code == "operator_proposal_decided"
    for other in (made, waiting):
        path = f"/admin/v1/clients/{other['client_id']}/revoke"
        assert (await gateway.call("POST", path, first, {"reason": "in my way"})).status == 200
    alone, _ = await proposed(first, "approver")
    assert alone["status"] == "proposed", "whoever revokes the others is not alone again by that"
    deeds = await gateway.pool.fetch("SELECT deed FROM merchants.audit WHERE deed LIKE 'operator.%'")
    assert Counter(row["deed"] for row in deeds) == {
        "operator.proposed": 4,
        "operator.confirmed": 2,
        "operator.rejected": 1,
    }


async def test_the_database_lets_no_operator_in_whom_only_one_has_seen(gateway: Gateway) -> None:
    insert = """INSERT INTO merchants.clients (client_id, kind, name, scopes, roles, created_by)
                VALUES ('cli_x', 'operator', 'x', '{operate}', '{approver}', 'x')"""
    with pytest.raises(asyncpg.CheckViolationError, match="confirmed by another"):
        await gateway.pool.execute(insert)
    propose = """INSERT INTO merchants.operator_proposals (id, name, roles, jwk, proposed_by, decided_by, client_id)
                 VALUES ('opr_x', 'x', '{auditor}', '{}', $1, $2, 'cli_x')"""
    for proposed_by, decided_by in (("cli_a", "cli_a"), ("cli_a", "system")):
        with pytest.raises(asyncpg.CheckViolationError):
            await gateway.pool.execute(propose, proposed_by, decided_by)
    await gateway.pool.execute(propose, "cli_a", "cli_b")
    with pytest.raises(asyncpg.CheckViolationError, match="confirmed by another"):
        await gateway.pool.execute(insert)  # with a role that nobody confirmed


async def test_a_client_that_revokes_itself_twice_at_once_is_revoked_once(gateway: Gateway) -> None:
    partner = await a_partner(gateway)
    path = f"/v1/clients/{partner.client_id}/revoke"
    answers = await asyncio.gather(
        *(gateway.call("POST", path, partner.token, {"reason": "closing"}) for _ in range(2))
    )
    assert 200 in {one.status for one in answers}
    assert {one.status for one in answers} <= {200, 401, 503}
    revocations = await gateway.pool.fetchval(
        "SELECT count(*) FROM merchants.audit WHERE deed = 'client.revoked'"
    )
    assert revocations == 1
