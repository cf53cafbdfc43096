"""Suspending a merchant, letting it trade again, closing it; what is in flight stays with `gateway/partners`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants import audit, sql
from merchants.errors import MerchantCannotMove
from merchants.ids import new_id
from merchants.lifecycle import Status, leading_to
from merchants.merchant import Merchant, find_for_operator
from webhooks import outbox
from webhooks.event import NewEvent

_EVENT_TYPES = {
    Status.ACTIVE: "merchant.activated",
    Status.SUSPENDED: "merchant.suspended",
    Status.CLOSED: "merchant.closed",
}


async def suspend(conn: PoolConnectionProxy, *, merchant_id: str, actor: str, reason: str) -> Merchant:
    """Stop a merchant's payments at once; a partner's suspension stops its sub-merchants too.

    Raises:
        MerchantNotFound, MerchantCannotMove
    """
    return await _move(conn, merchant_id=merchant_id, target=Status.SUSPENDED, actor=actor, reason=reason)


async def resume(conn: PoolConnectionProxy, *, merchant_id: str, actor: str, reason: str) -> Merchant:
    """Let a suspended merchant be paid again.

    Raises:
        MerchantNotFound, MerchantCannotMove
    """
    return await _move(conn, merchant_id=merchant_id, target=Status.ACTIVE, actor=actor, reason=reason)


def event_of(merchant: Merchant, *, occurred_at: datetime) -> NewEvent:
    """What its partner is told about the merchant's standing; the sequence counts from its activation."""
    return NewEvent(
        id=new_id("evt", merchant.partner_no),
        type=_EVENT_TYPES[merchant.status],
        tenant=merchant.partner_id,
        audience="merchant",
        object_id=merchant.id,
        sequence=merchant.version,
        occurred_at=occurred_at,
        merchant_id=merchant.id,
        data={
            "merchant_id": merchant.id,
            "merchant_number": merchant.merchant_number,
            "parent_id": merchant.parent_id,
            "kind": merchant.kind,
            "status": merchant.status,
            "short_name": merchant.short_name,
            "reason": merchant.reason,
        },
    )


def changed_event(merchant: Merchant, *, occurred_at: datetime, sections: Sequence[str]) -> NewEvent:
    """What its partner is told when a change of its record is live."""
    event = event_of(replace(merchant, status=Status.ACTIVE), occurred_at=occurred_at)
    data = {**event.data, "status": merchant.status, "reason": f"changed: {', '.join(sections)}"}
    return replace(event, type="merchant.changed", data=data)


async def close(conn: PoolConnectionProxy, *, merchant_id: str, actor: str, reason: str) -> Merchant:
    """End a merchant for good; a partner's end is its sub-merchants' too, who are not paid from then on.

    Raises:
        MerchantNotFound, MerchantCannotMove
    """
    return await _move(conn, merchant_id=merchant_id, target=Status.CLOSED, actor=actor, reason=reason)


async def _move(
    conn: PoolConnectionProxy, *, merchant_id: str, target: Status, actor: str, reason: str
) -> Merchant:
    moved_at = await sql.move(
        conn, merchant_id=merchant_id, target=target, sources=leading_to(target), reason=reason
    )
    merchant = await find_for_operator(conn, merchant_id=merchant_id)
    if moved_at is None:
        raise MerchantCannotMove(merchant.status)
    await audit.record(
        conn,
        actor=actor,
        deed=f"merchant.{target}",
        object_id=merchant.id,
        partner_id=merchant.partner_id,
        reason=reason,
    )
    if target is not Status.ACTIVE:
        await sql.begin_wind_down(conn, partner_id=merchant.partner_id, merchant_id=merchant.id)
    await outbox.publish(conn, [event_of(merchant, occurred_at=moved_at)])
    return merchant
