"""What became of an endpoint's events, and sending them again."""

from typing import Any

import msgspec

from gateway.door.operation import Answer, Call, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import webhooks as wire
from gateway.wire.page import Page
from webhooks import replay
from webhooks.errors import (
    DeliveryBeingSent,
    DeliveryFinished,
    DeliveryNotFound,
    DeliveryUnderway,
    EndpointDisabled,
    EndpointNotFound,
)
from webhooks.log import Delivery, LoggedAttempt

_decode_headers = msgspec.json.Decoder(dict[str, str]).decode


@operation(
    "GET",
    "/v1/webhook-endpoints/{endpoint_id}/deliveries",
    summary="List an endpoint's deliveries",
    scope="webhooks",
    answers={200: Page[wire.Delivery]},
    problems=(EndpointNotFound,),
)
async def list_deliveries(call: Call[None, wire.DeliveryFilter]) -> Answer:
    """Newest event first, each with its last attempt."""
    limit = call.query.limit
    async with call.parts.pool.acquire() as conn:
        found = await replay.deliveries_of(
            conn,
            tenant=call.caller.tenant,
            endpoint_id=call.path["endpoint_id"],
            state=call.query.state,
            before=call.query.cursor,
            limit=limit + 1,
        )
    items = [delivery_shown(each) for each in found[:limit]]
    return Answer(200, Page(items=items, next=items[-1].event_id if len(found) > limit else None))


@operation(
    "GET",
    "/v1/deliveries/{delivery_id}",
    summary="Read a delivery",
    scope="webhooks",
    answers={200: wire.Delivery},
    problems=(DeliveryNotFound,),
)
async def read_delivery(call: Call[None]) -> Answer:
    """With what was sent and every attempt."""
    return Answer(200, await _read(call, call.path["delivery_id"]))


async def replay_resent(call: Call[None], delivery_id: str) -> Answer:
    """The delivery as it is now."""
    return Answer(202, await _read(call, delivery_id))


@operation(
    "POST",
    "/v1/deliveries/{delivery_id}/resend",
    summary="Send a delivery again",
    scope="webhooks",
    idempotent=True,
    replay=replay_resent,
    answers={202: wire.Delivery},
    problems=(DeliveryNotFound, DeliveryUnderway, EndpointDisabled),
)
async def resend_delivery(call: Call[None]) -> Answer:
    """Now, with a fresh schedule and marked `replay: true`; one that waits for a retry is merely hurried."""
    delivery_id = call.path["delivery_id"]
    async with call.claim.transaction(delivery_id) as conn:
        delivery = await replay.resend(conn, tenant=call.caller.tenant, delivery_id=delivery_id)
    call.parts.hub.tell(DELIVERIES)
    return Answer(202, delivery_shown(delivery))


@operation(
    "POST",
    "/v1/deliveries/{delivery_id}/skip",
    summary="Give up on a delivery",
    scope="webhooks",
    idempotent=True,
    replay=replay_resent,
    answers={202: wire.Delivery},
    problems=(DeliveryNotFound, DeliveryBeingSent, DeliveryFinished),
)
async def skip_delivery(call: Call[None]) -> Answer:
    """It is not sent any more; in strict order the next of its object starts now. `resend` still works."""
    delivery_id = call.path["delivery_id"]
    async with call.claim.transaction(delivery_id) as conn:
        delivery = await replay.skip(conn, tenant=call.caller.tenant, delivery_id=delivery_id)
    call.parts.hub.tell(DELIVERIES)
    return Answer(202, delivery_shown(delivery))


def delivery_shown(delivery: Delivery) -> wire.Delivery:
    return wire.Delivery(
        id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        state=delivery.state,
        reason=delivery.reason,
        failures=delivery.failures,
        replay=delivery.replay,
        created_at=delivery.created_at,
        finished_at=delivery.finished_at,
        next_attempt_at=delivery.next_attempt_at,
        body=delivery.body,
        attempts=[_attempt(each) for each in delivery.attempts],
    )


def _attempt(logged: LoggedAttempt) -> wire.Attempt:
    return wire.Attempt(
        started_at=logged.started_at,
        duration_ms=logged.duration_ms,
        url=logged.url,
        request_headers=_decode_headers(logged.request_headers),
        status=logged.status,
        reason=logged.reason,
        response=logged.response.decode(errors="replace"),
    )


async def _read(call: Call[Any], delivery_id: str) -> wire.Delivery:
    async with call.parts.pool.acquire() as conn:
        return delivery_shown(await replay.find(conn, tenant=call.caller.tenant, delivery_id=delivery_id))
