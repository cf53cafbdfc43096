"""Where partners and wallets want their events."""

import dataclasses
from typing import Any

import msgspec

from gateway.api.deliveries import delivery_shown
from gateway.door.operation import Answer, Call, operation
from gateway.parts import Parts
from gateway.storage.hub import DELIVERIES
from gateway.wire import webhooks as wire
from gateway.wire.page import Page
from merchants.ids import BANK, new_id, partner_no_of
from merchants.keyring import Purpose
from webhooks import endpoints, replay, signing
from webhooks.endpoint import Endpoint, Wishes
from webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    EventTypeUnknown,
    TooManyEndpoints,
    TooManyRotations,
    UrlRefused,
)

_ROTATE = "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret"


async def replay_created(call: Call[wire.NewWebhookEndpoint], endpoint_id: str) -> Answer:
    """The endpoint as it is now, with its first secret while that may be shown."""
    secret = call.claim.secret().decode()
    return Answer(201, shown(call.parts, await _read(call, endpoint_id), secret=secret))


@operation(
    "POST",
    "/v1/webhook-endpoints",
    summary="Register a webhook endpoint",
    scope="webhooks",
    idempotent=True,
    replay=replay_created,
    rotate=_ROTATE,
    answers={201: wire.WebhookEndpoint},
    problems=(EndpointNotFound, UrlRefused, EventTypeUnknown, TooManyEndpoints),
    example=wire.NewWebhookEndpoint(
        url="https://shop.example.com/webhooks", event_types=["payment.*", "discount.*"]
    ),
)
async def create_webhook_endpoint(call: Call[wire.NewWebhookEndpoint]) -> Answer:
    """From now on it receives every event its filters take. The answer shows its secret, once."""
    endpoint_id = new_id("end", _partner_no(call))
    async with call.claim.transaction(endpoint_id) as conn:
        made = await endpoints.create(
            conn,
            Wishes(**msgspec.structs.asdict(call.body)),
            tenant=call.caller.tenant,
            endpoint_id=endpoint_id,
            policy=call.parts.address_policy,
            seal=call.parts.sealing.seal,
        )
        call.claim.settle(endpoint_id, secret=made.secret.encode())
    return Answer(201, shown(call.parts, made.endpoint, secret=made.secret))


@operation(
    "GET",
    "/v1/webhook-endpoints",
    summary="List webhook endpoints",
    scope="webhooks",
    answers={200: Page[wire.WebhookEndpoint]},
)
async def list_webhook_endpoints(call: Call[None]) -> Answer:
    """All of yours with their health, oldest first; there are never more than sixteen."""
    async with call.parts.pool.acquire() as conn:
        found = await endpoints.all_of(conn, tenant=call.caller.tenant)
    return Answer(200, Page(items=[shown(call.parts, each) for each in found], next=None))


@operation(
    "GET",
    "/v1/webhook-endpoints/{endpoint_id}",
    summary="Read a webhook endpoint",
    scope="webhooks",
    answers={200: wire.WebhookEndpoint},
    problems=(EndpointNotFound,),
)
async def read_webhook_endpoint(call: Call[None]) -> Answer:
    """One endpoint and how it is doing."""
    return Answer(200, shown(call.parts, await _read(call, call.path["endpoint_id"])))


@operation(
    "PATCH",
    "/v1/webhook-endpoints/{endpoint_id}",
    summary="Change a webhook endpoint",
    scope="webhooks",
    answers={200: wire.WebhookEndpoint},
    problems=(EndpointNotFound, UrlRefused, EventTypeUnknown),
    example=wire.WebhookEndpointChange(event_types=["payment.*"], rate_per_s=50),
)
async def change_webhook_endpoint(call: Call[wire.WebhookEndpointChange]) -> Answer:
    """What waits is sent by the new terms; filters hold for events from now on."""
    given = {
        name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not msgspec.UNSET
    }
    disabled = given.pop("disabled", None)
    whose = _whose(call)
    async with call.parts.pool.acquire() as conn, conn.transaction():
        endpoint = await endpoints.hold(conn, **whose)
        wishes = dataclasses.replace(endpoint.wishes, **given)
        endpoint = await endpoints.update(conn, wishes, **whose, policy=call.parts.address_policy)
        if disabled is not None:
            endpoint = await (endpoints.disable if disabled else endpoints.recover)(conn, **whose)
    call.parts.hub.tell(DELIVERIES)
    return Answer(200, shown(call.parts, endpoint))


@operation(
    "DELETE",
    "/v1/webhook-endpoints/{endpoint_id}",
    summary="Delete a webhook endpoint",
    scope="webhooks",
    answers={204: None},
    problems=(EndpointNotFound,),
)
async def delete_webhook_endpoint(call: Call[None]) -> Answer:
    """Nothing is sent there any more, and its secrets are forgotten; the feed still has its events."""
    async with call.parts.pool.acquire() as conn:
        await endpoints.delete(conn, **_whose(call))
    return Answer(204)


async def replay_rotated(call: Call[None], _endpoint_id: str) -> Answer:
    """The same secret again, while it may be shown."""
    return Answer(200, wire.RotatedSecret(secret=call.claim.secret().decode()))


@operation(
    "POST",
    "/v1/webhook-endpoints/{endpoint_id}/rotate-secret",
    summary="Make a new signing secret",
    scope="webhooks",
    idempotent=True,
    replay=replay_rotated,
    rotate=_ROTATE,
    answers={200: wire.RotatedSecret},
    problems=(EndpointNotFound, TooManyRotations),
)
async def rotate_webhook_secret(call: Call[None]) -> Answer:
    """For 24 hours every request carries a signature by the old secret and one by the new."""
    async with call.claim.transaction(call.path["endpoint_id"]) as conn:
        secret = await endpoints.rotate_secret(conn, **_whose(call), seal=call.parts.sealing.seal)
        call.claim.settle(call.path["endpoint_id"], secret=secret.encode())
    return Answer(200, wire.RotatedSecret(secret=secret))


async def replay_tested(call: Call[None], delivery_id: str) -> Answer:
    """The test's delivery as it is now."""
    async with call.parts.pool.acquire() as conn:
        found = await replay.find(conn, tenant=call.caller.tenant, delivery_id=delivery_id)
    return Answer(202, delivery_shown(found))


@operation(
    "POST",
    "/v1/webhook-endpoints/{endpoint_id}/test",
    summary="Send a test event",
    scope="webhooks",
    idempotent=True,
    replay=replay_tested,
    answers={202: wire.Delivery},
    problems=(EndpointNotFound, EndpointDisabled),
)
async def test_webhook_endpoint(call: Call[None]) -> Answer:
    """A `ping`, whatever the endpoint subscribed to; read its delivery to see what came back."""
    async with call.claim.transaction() as conn:
        delivery_id = await endpoints.ping(
            conn, **_whose(call), event_id=new_id("evt", _partner_no(call)), now=call.now
        )
        call.claim.settle(delivery_id)
        delivery = await replay.find(conn, tenant=call.caller.tenant, delivery_id=delivery_id)
    call.parts.hub.tell(DELIVERIES)
    return Answer(202, delivery_shown(delivery))


async def replay_recovered(call: Call[None], endpoint_id: str) -> Answer:
    """The endpoint as it is now."""
    return Answer(200, shown(call.parts, await _read(call, endpoint_id)))


@operation(
    "POST",
    "/v1/webhook-endpoints/{endpoint_id}/recover",
    summary="Enable an endpoint again",
    scope="webhooks",
    idempotent=True,
    replay=replay_recovered,
    answers={200: wire.WebhookEndpoint},
    problems=(EndpointNotFound,),
)
async def recover_webhook_endpoint(call: Call[None]) -> Answer:
    """With a clean record; whatever was held for it is sent. What was exhausted before is for `replay`."""
    async with call.claim.transaction(call.path["endpoint_id"]) as conn:
        endpoint = await endpoints.recover(conn, **_whose(call))
    call.parts.hub.tell(DELIVERIES)
    return Answer(200, shown(call.parts, endpoint))


def shown(parts: Parts, endpoint: Endpoint, *, secret: str | None = None) -> wire.WebhookEndpoint:
    wishes = endpoint.wishes
    key = parts.keyring.signer(Purpose.WEBHOOK).public_key
    return wire.WebhookEndpoint(
        id=endpoint.id,
        url=wishes.url,
        description=wishes.description,
        event_types=list(wishes.event_types),
        store_ids=list(wishes.store_ids),
        signatures=list(wishes.signatures),
        strict_order=wishes.strict_order,
        concurrency=wishes.concurrency,
        rate_per_s=wishes.rate_per_s,
        retry_waits_s=None if wishes.retry_waits_s is None else [int(each) for each in wishes.retry_waits_s],
        status="enabled" if endpoint.disabled_reason is None else "disabled",
        disabled_reason=endpoint.disabled_reason,
        disabled_at=endpoint.disabled_at,
        created_at=endpoint.created_at,
        health=wire.EndpointHealth(**dataclasses.asdict(endpoint.health)),
        public_keys=[signing.public_key_text(key)] if "v1a" in wishes.signatures else [],
        secret=secret,
    )


async def _read(call: Call[Any], endpoint_id: str) -> Endpoint:
    async with call.parts.pool.acquire() as conn:
        return await endpoints.find(conn, tenant=call.caller.tenant, endpoint_id=endpoint_id)


def _whose(call: Call[Any]) -> dict[str, str]:
    return {"tenant": call.caller.tenant, "endpoint_id": call.path["endpoint_id"]}


def _partner_no(call: Call[Any]) -> int:
    return partner_no_of(call.caller.tenant) or BANK
