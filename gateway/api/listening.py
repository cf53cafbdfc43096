"""Events of a sandbox for a developer's own machine, which no webhook can reach: `gateway listen` takes them here."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Final

from gateway.door.operation import Answer, Call, operation
from gateway.parts import Parts
from gateway.storage.hub import DELIVERIES
from gateway.wire import webhooks as wire
from merchants.keyring import Purpose
from webhooks import feed, signing
from webhooks.errors import CursorTooOld, EventTypeUnknown, ListeningClosed
from webhooks.log import Event

_AT_ONCE: Final = 20
# An event that is committed may still be hidden behind an older transaction, whose end nobody announces.
_LOOK_EVERY_S: Final = 0.5
# A busy sandbox tells of events all the time.
_LOOK_AT_MOST_EVERY_S: Final = 0.05


@operation(
    "GET",
    "/v1/events/signed",
    summary="Read the feed as webhooks",
    scope="webhooks",
    answers={200: wire.SignedEventPage},
    problems=(CursorTooOld, EventTypeUnknown, ListeningClosed),
)
async def list_signed_events(call: Call[None, wire.SignedFeedQuery]) -> Answer:
    """In the sandbox alone: your events, each signed as a webhook of this moment, for `gateway listen` to forward.

    Answers as soon as there is an event, or with none when the wait is over; a reader that keeps `next` loses none.
    """
    parts, tenant = call.parts, call.caller.tenant
    if parts.environment != "sandbox":
        raise ListeningClosed
    page = await _next_page(parts, call.query, tenant, wait_s=parts.may_wait_s(call.query.wait_s))
    # Of the partner and no endpoint: nothing is stored, and a restart of either side changes nothing.
    secret = parts.sealing.index(tenant, purpose="webhook-listen")
    items = [_signed(parts, event, secret) for event in page.events]
    shown = wire.SignedEventPage(items=items, next=str(page.next), secret=signing.secret_text(secret))
    return Answer(200, shown, headers={"Cache-Control": "no-store"})


async def _next_page(parts: Parts, query: wire.SignedFeedQuery, tenant: str, *, wait_s: float) -> feed.Page:
    """Events behind the cursor, once there are some; holds no connection while it waits."""
    loop = asyncio.get_running_loop()
    until, place = loop.time() + wait_s, feed.Cursor.parse(query.cursor) if query.cursor else None
    async with parts.hub.waiting_for(DELIVERIES) as told:
        while True:
            told.clear()
            async with parts.pool.acquire() as conn:
                place = place or await feed.end(conn)
                page = await feed.read(conn, tenant=tenant, after=place, filters=query.type, limit=_AT_ONCE)
            left_s, place = until - loop.time(), page.next
            if page.events or left_s <= 0:
                return page
            if page.more:
                continue  # among many of other types
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(_LOOK_EVERY_S, left_s)):
                    await told.wait()
            await asyncio.sleep(_LOOK_AT_MOST_EVERY_S)


def _signed(parts: Parts, event: Event, secret: bytes) -> wire.SignedEvent:
    headers = signing.headers(
        event.id,
        int(datetime.now(UTC).timestamp()),
        event.body.encode(),
        secrets=[secret],
        keys=[parts.keyring.signer(Purpose.WEBHOOK).sign],
    )
    return wire.SignedEvent(
        type=event.type, headers={"content-type": "application/json", **headers}, body=event.body
    )
