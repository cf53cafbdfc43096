"""Webhook endpoints, deliveries and the feed through the door, with a worker and a receiver behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from aiohttp import ClientSession, web

from gateway.api import deliveries, events, webhook_endpoints
from gateway.door.bearer import Bearer
from gateway.door.dpop import Proofs
from gateway.door.endpoint import Desk
from gateway.door.idempotency import ClaimDesk
from gateway.door.listeners import Address, Door, listening
from gateway.door.operation import Listener, Operation
from gateway.door.rate_limit import Limiter, Limits
from merchants.access import clients
from merchants.access import sql as access_sql
from merchants.access.live import RecentlyLive
from merchants.access.tokens import Tokens
from merchants.ids import new_id
from merchants.keyring import Keyring
from tests.doors import ISSUER
from tests.places import open_place
from tests.receivers import DESK, SEALING, an_event, delivering, receiving, until_readable
from tests.signing_in import OwnKey
from webhooks import outbox

OPERATIONS: list[Operation] = [
    one
    for module in (webhook_endpoints, deliveries, events)
    for one in vars(module).values()
    if isinstance(one, Operation)
]


@dataclass(frozen=True, kw_only=True)
class Said:
    status: int
    body: Any
    headers: Any


@dataclass(frozen=True, slots=True)
class Told:
    """Stands where the hub does and keeps what was told."""

    ids: list[str] = field(default_factory=list)

    def tell(self, *ids: str) -> None:
        self.ids.extend(ids)


@dataclass(frozen=True, kw_only=True)
class Partner:
    """A partner's system that manages its webhooks."""

    partner_id: str
    token: str
    http: ClientSession
    base: str

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Said:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or new_id("idk", 0)}
        async with self.http.request(method, self.base + path, json=body, headers=headers) as answer:
            said = await answer.json(content_type=None) if await answer.read() else None
            return Said(status=answer.status, body=said, headers=answer.headers)

    async def endpoint(self, **wishes: Any) -> dict[str, Any]:
        made = await self.call("POST", "/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/", **wishes})
        assert made.status == 201, made.body
        return cast("dict[str, Any]", made.body)


@asynccontextmanager
async def partners(pool: asyncpg.Pool, count: int = 1) -> AsyncIterator[list[Partner]]:
    keyring = await Keyring.open(pool, SEALING)
    tokens = Tokens(keyring, issuer=ISSUER, environment="sandbox")
    parts = SimpleNamespace(pool=pool, sealing=SEALING, keyring=keyring, address_policy=DESK, hub=Told())
    desk = Desk(
        parts=cast("Any", parts),
        bearer=Bearer(tokens, RecentlyLive(pool), Proofs(pool, SEALING), Limiter(Limits())),
        claims=ClaimDesk(pool=pool, sealing=SEALING),
    )
    free = {one: Address("127.0.0.1", 0) for one in (Listener.PUBLIC, Listener.OPERATORS)}
    async with listening(Door(OPERATIONS, desk), free, stop_within_s=5.0) as bound, ClientSession() as http:
        base = f"http://127.0.0.1:{bound[Listener.PUBLIC].port}"
        yield [await _partner(pool, tokens, http, base, number) for number in range(7, 7 + count)]


async def _partner(
    pool: asyncpg.Pool, tokens: Tokens, http: ClientSession, base: str, number: int
) -> Partner:
    place = await open_place(pool, partner_no=number)
    async with pool.acquire() as conn, conn.transaction():
        made = await clients.register_server(
            conn,
            client_id=new_id("cli", number),
            partner_id=place.partner_id,
            name="ledger",
            scopes=frozenset({"webhooks"}),
            within=frozenset({"webhooks"}),
            public_jwk=OwnKey().public_jwk,
            actor="test",
        )
        client = await access_sql.client(conn, made.client_id)
    assert client is not None
    token = tokens.issue(client, key_id=made.key_id, scopes=client.scopes, now=datetime.now(UTC))
    return Partner(partner_id=place.partner_id, token=token, http=http, base=base)


async def test_an_endpoint_shows_its_secret_once_and_to_repeats_of_the_same_request(
    pool: asyncpg.Pool,
) -> None:
    async with partners(pool) as [partner]:
        body = {"url": "http://127.0.0.1:9/hook", "event_types": ["discount.*"], "signatures": ["v1", "v1a"]}
        made = await partner.call("POST", "/v1/webhook-endpoints", body, key="one")
        again = await partner.call("POST", "/v1/webhook-endpoints", body, key="one")
        read = await partner.call("GET", f"/v1/webhook-endpoints/{made.body['id']}")
        listed = await partner.call("GET", "/v1/webhook-endpoints")
    assert made.status == 201
    assert made.body["secret"].startswith("whsec_")
    assert made.body["public_keys"][0].startswith("whpk_")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (made.body, "true")
    assert read.body == {**made.body, "secret": None}
    assert listed.body == {"items": [read.body], "next": None}


async def test_a_rotated_secret_is_another_and_both_sign(pool: asyncpg.Pool) -> None:
    async with partners(pool) as [partner], receiving() as receiver, delivering(pool) as worker:
        endpoint = await partner.endpoint(url=receiver.url)
        rotated = await partner.call("POST", f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret")
        assert rotated.status == 200
        await partner.call("POST", f"/v1/webhook-endpoints/{endpoint['id']}/test")
        await worker.until_recorded(1)
    assert rotated.body["secret"] != endpoint["secret"]
    for secret in (endpoint["secret"], rotated.body["secret"]):
        assert receiver.arrived[0].verified(secret)["type"] == "ping"


async def test_a_test_events_delivery_shows_what_was_sent_and_what_came_back(pool: asyncpg.Pool) -> None:
    async with partners(pool) as [partner], delivering(pool) as worker:
        async with receiving(lambda _: web.Response(text="谢谢")) as receiver:
            endpoint = await partner.endpoint(url=receiver.url, event_types=["refund.failed"])
            tested = await partner.call("POST", f"/v1/webhook-endpoints/{endpoint['id']}/test")
            assert (tested.status, tested.body["state"]) == (202, "pending")
            await worker.until_recorded(1)
        read = await partner.call("GET", f"/v1/deliveries/{tested.body['id']}")
        listed = await partner.call(
            "GET", f"/v1/webhook-endpoints/{endpoint['id']}/deliveries?state=delivered"
        )
    [attempt] = read.body["attempts"]
    assert (attempt["status"], attempt["response"], attempt["url"]) == (200, "谢谢", receiver.url)
    assert attempt["request_headers"]["webhook-id"] == read.body["event_id"]
    assert read.body["body"].encode() == receiver.arrived[0].body
    assert listed.body["items"] == [{**read.body, "body": None}]


async def test_a_failed_delivery_is_resent_through_the_api(pool: asyncpg.Pool) -> None:
    async with partners(pool) as [partner], receiving() as receiver, delivering(pool) as worker:
        endpoint = await partner.endpoint(url=receiver.url)
        await partner.call("POST", f"/v1/webhook-endpoints/{endpoint['id']}/test")
        await worker.until_recorded(1)
        listed = await partner.call("GET", f"/v1/webhook-endpoints/{endpoint['id']}/deliveries")
        path = f"/v1/deliveries/{listed.body['items'][0]['id']}/resend"
        resent = await partner.call("POST", path, key="again")
        repeated = await partner.call("POST", path, key="again")
        under_way = await partner.call("POST", path)
        await worker.until_recorded(1)
    assert (resent.status, resent.body["replay"], resent.body["state"]) == (202, True, "pending")
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert (under_way.status, under_way.body["code"]) == (409, "delivery_underway")
    assert receiver.arrived[1].json["replay"]


async def test_a_change_keeps_what_it_leaves_out(pool: asyncpg.Pool) -> None:
    async with partners(pool) as [partner]:
        endpoint = await partner.endpoint(description="ledger", rate_per_s=5, retry_waits_s=[1, 60])
        path = f"/v1/webhook-endpoints/{endpoint['id']}"
        changed = await partner.call("PATCH", path, {"event_types": ["payment.*"], "rate_per_s": None})
        assert changed.body == {**endpoint, "secret": None, "event_types": ["payment.*"], "rate_per_s": None}
        paused = await partner.call("PATCH", path, {"disabled": True})
        assert (paused.body["status"], paused.body["disabled_reason"]) == ("disabled", "by_partner")
        refused = await partner.call("POST", f"{path}/test")
        assert (refused.status, refused.body["code"]) == (409, "endpoint_disabled")
        recovered = await partner.call("POST", f"{path}/recover")
        assert (recovered.status, recovered.body["status"]) == (200, "enabled")
        assert (await partner.call("DELETE", path)).status == 204
        assert (await partner.call("GET", path)).body["code"] == "endpoint_not_found"


async def test_the_feed_has_what_no_webhook_delivered_and_replay_sends_it(pool: asyncpg.Pool) -> None:
    async with partners(pool) as [partner], receiving() as receiver, delivering(pool) as worker:
        happened = [
            an_event(kind, tenant=partner.partner_id) for kind in ("payment.succeeded", "refund.failed")
        ]
        for event in happened:
            async with pool.acquire() as conn:
                await outbox.publish(conn, [event])
        await until_readable(pool)
        first = await partner.call("GET", "/v1/events?limit=1")
        rest = await partner.call("GET", f"/v1/events?cursor={first.body['next']}")
        refunds = await partner.call("GET", "/v1/events?type=refund.*")
        assert [first.body["more"], rest.body["more"]] == [True, False]
        assert [each["id"] for each in first.body["items"] + rest.body["items"]] == [
            one.id for one in happened
        ]
        assert refunds.body["items"] == rest.body["items"]

        endpoint = await partner.endpoint(url=receiver.url)
        path = f"/v1/webhook-endpoints/{endpoint['id']}/replay"
        replayed = await partner.call("POST", path, {"event_types": ["refund.*"]}, key="once")
        repeated = await partner.call("POST", path, {"event_types": ["refund.*"]}, key="once")
        assert (replayed.status, replayed.body) == (202, {"count": 1, "next_after": None})
        assert repeated.body == replayed.body
        await worker.until_recorded(1)
    assert receiver.arrived[0].event_id == happened[1].id
    assert receiver.arrived[0].json["data"] == rest.body["items"][0]["data"]


async def test_another_partners_ids_are_not_found(pool: asyncpg.Pool) -> None:
    async with partners(pool, 2) as [mine, theirs], delivering(pool):
        endpoint = await mine.endpoint()
        path = f"/v1/webhook-endpoints/{endpoint['id']}"
        tested = await mine.call("POST", f"{path}/test")
        for method, foreign, body in (
            ("GET", path, None),
            ("PATCH", path, {"description": "mine now"}),
            ("DELETE", path, None),
            ("POST", f"{path}/rotate-secret", None),
            ("POST", f"{path}/test", None),
            ("POST", f"{path}/recover", None),
            ("POST", f"{path}/replay", {}),
            ("GET", f"{path}/deliveries", None),
            ("GET", f"/v1/deliveries/{tested.body['id']}", None),
            ("POST", f"/v1/deliveries/{tested.body['id']}/resend", None),
        ):
            assert (await theirs.call(method, foreign, body)).status == 404, (method, foreign)
        assert (await theirs.call("GET", "/v1/webhook-endpoints")).body["items"] == []
        assert (await theirs.call("GET", "/v1/events")).body["items"] == []
        assert (await mine.call("GET", path)).body["description"] == ""


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"url": "http://10.0.0.1/"}, 422, "url_refused", "/url"),
        ({"url": "https://user@example.com/"}, 422, "url_refused", "/url"),
        (
            {"url": "https://example.com/", "event_types": ["ping", "payments.*"]},
            422, "event_type_unknown", "/event_types/1",
        ),
        ({"url": "https://example.com/", "signatures": []}, 400, "request_invalid", "/signatures"),
        ({"url": "https://example.com/", "concurrency": 0}, 400, "request_invalid", "/concurrency"),
        ({"url": "https://example.com/", "retry_waits_s": [0]}, 400, "request_invalid", "/retry_waits_s/0"),
    ],
)  # fmt: skip
async def test_bad_wishes_are_refused_with_their_place(
    pool: asyncpg.Pool, body: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    async with partners(pool) as [partner]:
        said = await partner.call("POST", "/v1/webhook-endpoints", body)
    assert (said.status, said.body["code"]) == (status, code)
    assert [each["pointer"] for each in said.body["errors"]] == [pointer]


async def test_a_foreign_cursor_is_refused(pool: asyncpg.Pool) -> None:
    async with partners(pool) as [partner]:
        said = await partner.call("GET", "/v1/events?cursor=evt_1")
    [fault] = said.body["errors"]
    assert (said.status, said.body["code"], fault["pointer"]) == (400, "request_invalid", "#query/cursor")
