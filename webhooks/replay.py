"""What a partner does about deliveries: look at them, send one again, or all of a kind that it missed."""

from dataclasses import dataclass
from typing import Final

from asyncpg.pool import PoolConnectionProxy

from webhooks import endpoints, order_sql
from webhooks import log_sql as sql
from webhooks.delivery import State
from webhooks.errors import (
    DeliveryBeingSent,
    DeliveryFinished,
    DeliveryNotFound,
    DeliveryUnderway,
    EndpointDisabled,
    EventTypeUnknown,
)
from webhooks.event import is_filter
from webhooks.log import Delivery, Missed

REPLAYED_MAX: Final = 1_000  # in one call and so in one transaction; the answer says where to go on

LOOKED_AT: Final = 20_000  # events; what a call costs must not grow with a tenant's history


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many deliveries were made due, and after which event to go on; None when that was all."""

    count: int
    next_after: str | None


async def deliveries_of(
    conn: PoolConnectionProxy,
    *,
    tenant: str,
    endpoint_id: str,
    state: State | None,
    before: str | None,
    limit: int,
) -> list[Delivery]:
    """List an endpoint's deliveries with their attempts, newest event first.

    Raises:
        EndpointNotFound: this tenant has none with this id.
    """
    await endpoints.find(conn, tenant=tenant, endpoint_id=endpoint_id)
    return await sql.select_deliveries(
        conn, tenant=tenant, endpoint_id=endpoint_id, state=state, before=before, limit=limit
    )


async def find(conn: PoolConnectionProxy, *, tenant: str, delivery_id: str) -> Delivery:
    """Read one delivery with its attempts.

    Raises:
        DeliveryNotFound: this tenant has none with this id.
    """
    found = await sql.select_delivery(conn, tenant=tenant, delivery_id=delivery_id)
    if found is None:
        raise DeliveryNotFound
    return found


async def resend(conn: PoolConnectionProxy, *, tenant: str, delivery_id: str) -> Delivery:
    """Send one delivery again, now and with a fresh schedule; one that waits for a retry is merely hurried.

    Raises:
        DeliveryNotFound: this tenant has none with this id.
        DeliveryUnderway: it is due already, or being sent.
        EndpointDisabled: nothing is sent there until it is recovered.
    """
    done = await sql.resend(conn, tenant=tenant, delivery_id=delivery_id)
    delivery = await find(conn, tenant=tenant, delivery_id=delivery_id)
    endpoint = await endpoints.find(conn, tenant=tenant, endpoint_id=delivery.endpoint_id)
    if endpoint.disabled_reason is not None:
        raise EndpointDisabled
    if not done:
        raise DeliveryUnderway
    return delivery


async def skip(conn: PoolConnectionProxy, *, tenant: str, delivery_id: str) -> Delivery:
    """Give up on a delivery that waits; in strict order the next of its object starts at once.

    Raises:
        DeliveryNotFound: this tenant has none with this id.
        DeliveryBeingSent: it is under way.
        DeliveryFinished: it has ended already.
    """
    found = await find(conn, tenant=tenant, delivery_id=delivery_id)
    await order_sql.hold(conn, [(tenant, found.endpoint_id)])
    skipped = await sql.skip(conn, tenant=tenant, delivery_id=delivery_id)
    delivery = await find(conn, tenant=tenant, delivery_id=delivery_id)
    if not skipped:
        raise DeliveryBeingSent if delivery.state == "sending" else DeliveryFinished
    await order_sql.release_next(conn, [(tenant, delivery_id)])
    return delivery


async def replay(
    conn: PoolConnectionProxy, missed: Missed, *, tenant: str, endpoint_id: str, after: str | None
) -> Replayed:
    """Send again what an endpoint missed, also from before it existed or what its filters left out then.

    What waits or is being sent anyway is left alone.

    Raises:
        EndpointNotFound: this tenant has none with this id.
        EventTypeUnknown: a filter names no event.
    """
    for position, event_type in enumerate(missed.event_types):
        if not is_filter(event_type):
            raise EventTypeUnknown(event_type, f"/event_types/{position}")
    await endpoints.find(conn, tenant=tenant, endpoint_id=endpoint_id)
    count, next_after = await sql.replay(
        conn,
        missed,
        tenant=tenant,
        endpoint_id=endpoint_id,
        after=after or "",
        most=REPLAYED_MAX,
        looked_at=LOOKED_AT,
    )
    return Replayed(count, next_after)
