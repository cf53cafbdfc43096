"""The feed of everything that happened, and replays from it: the answer to "what did I miss?"."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.door.operation import Answer, Call, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import webhooks as wire
from webhooks import feed, replay
from webhooks.errors import CursorTooOld, EndpointNotFound, EventTypeUnknown
from webhooks.log import Event, Missed


class _Body(Struct):
    """A webhook's body, read back."""

    timestamp: datetime
    data: dict[str, Any]


_decode_body = msgspec.json.Decoder(_Body).decode


@operation(
    "GET",
    "/v1/events",
    summary="Read the feed of events",
    scope="webhooks",
    answers={200: wire.EventPage},
    problems=(CursorTooOld, EventTypeUnknown),
)
async def list_events(call: Call[None, wire.FeedQuery]) -> Answer:
    """All your events in order, whether or not a webhook delivered them; a reader that keeps `next` loses none.

    An event appears once every transaction that began before it has ended, usually within milliseconds.
    """
    async with call.parts.pool.acquire() as conn:
        page = await feed.read(
            conn,
            tenant=call.caller.tenant,
            after=feed.Cursor.parse(call.query.cursor),
            filters=call.query.type,
            limit=call.query.limit,
        )
    items = [_event(each) for each in page.events]
    return Answer(200, wire.EventPage(items=items, next=str(page.next), more=page.more))


async def replay_replayed(_call: Call[wire.ReplayRequest], done: str) -> Answer:
    """What the first request did; it makes no resource, so its figures were kept in the name of one."""
    count, _, next_after = done.partition(":")
    return Answer(202, wire.Replay(count=int(count), next_after=next_after or None))


@operation(
    "POST",
    "/v1/webhook-endpoints/{endpoint_id}/replay",
    summary="Send missed events again",
    scope="webhooks",
    idempotent=True,
    replay=replay_replayed,
    answers={202: wire.Replay},
    problems=(EndpointNotFound, EventTypeUnknown),
    example=wire.ReplayRequest(event_types=["discount.*"]),
)
async def replay_events(call: Call[wire.ReplayRequest]) -> Answer:
    """By window, type or id, also from before the endpoint existed; at most 1,000 a call, marked `replay: true`."""
    asked = call.body
    missed = Missed(
        since=asked.since, until=asked.until, event_types=asked.event_types, event_ids=asked.event_ids
    )
    endpoint_id = call.path["endpoint_id"]
    async with call.claim.transaction() as conn:
        done = await replay.replay(
            conn, missed, tenant=call.caller.tenant, endpoint_id=endpoint_id, after=asked.after
        )
        call.claim.settle(f"{done.count}:{done.next_after or ''}")
    call.parts.hub.tell(DELIVERIES)
    return Answer(202, wire.Replay(count=done.count, next_after=done.next_after))


def _event(event: Event) -> wire.Event:
    body = _decode_body(event.body)
    return wire.Event(
        id=event.id,
        type=event.type,
        timestamp=body.timestamp,
        object_id=event.object_id,
        sequence=event.sequence,
        data=body.data,
    )
