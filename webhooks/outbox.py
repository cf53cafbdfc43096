"""Publishing: an event and its deliveries commit with the change they report, or not at all."""

from collections.abc import Sequence
from typing import Any, Final

from asyncpg.pool import PoolConnectionProxy

from webhooks import sql
from webhooks.event import NewEvent, body

EVENTS_MAX: Final = 100  # one change tells at most a handful of tenants; more at once is a loop gone wrong


async def publish(conn: PoolConnectionProxy, events: Sequence[NewEvent]) -> None:
    """Store events and one delivery per subscribed endpoint, in one round trip of the caller's transaction.

    The caller wakes the deliverers after its commit; a NOTIFY in here would serialise commits.

    Raises:
        EventTooLarge: a body exceeds what a webhook may be.
    """
    assert len(events) <= EVENTS_MAX
    if events:
        await sql.insert_events(conn, [(event, body(event).decode()) for event in events])


def arguments(events: Sequence[NewEvent]) -> list[list[Any]]:
    """What the database's function `webhooks.publish` takes, for a statement that calls it itself.

    Raises:
        EventTooLarge: a body exceeds what a webhook may be.
    """
    return sql.columns([(event, body(event).decode()) for event in events])


async def publish_to(conn: PoolConnectionProxy, event: NewEvent, *, endpoint_id: str) -> str | None:
    """Store an event for one endpoint alone, whatever it subscribed to; None where the tenant has no such one.

    Returns:
        The delivery's id.
    """
    return await sql.insert_event_for(conn, event, body(event).decode(), endpoint_id=endpoint_id)
