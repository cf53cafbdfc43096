"""What a suspended or closed merchant leaves open, ended by the worker.

From the commit of its suspension on, accept refuses every new payment, by whatever code, till, order page or offer it
comes; so nothing but payments under way has to be ended. What nobody has paid yet is canceled; what is with a core ends
as the core says; what is held is let go when the merchant is closed, and may be captured while it is only suspended.
Refunds, reading and webhooks go on, for payers and books have a right to them. Closing takes stickers back and ends a
partner's offers, also those of others that it would pay a share of: nobody could charge it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from gateway.payments import cancel, open_sql
from gateway.payments.errors import PaymentsError
from gateway.payments.needs import Needs
from gateway.payments.pay import submit_and_conclude
from gateway.storage.hub import DELIVERIES
from merchants import sql as merchants_sql
from merchants.offers import running
from qr import store_codes

_AT_ONCE: Final = 50
_CLOSED: Final = "The merchant was closed"
# A payment accepted in the moment of the suspension shows up within its time-outs.
_LOOK_AGAIN_S: Final = 30.0
_UNPAID: Final = ("requires_payer", "requires_confirmation")

log = structlog.get_logger()


async def run_once(needs: Needs) -> int:
    """End some of what one merchant left open; returns how much. One that fails lets the others have their turn."""
    due = None
    try:
        async with needs.pool.acquire() as conn, conn.transaction():
            due = await merchants_sql.claim_wind_down(conn)
            if due is None:
                return 0
            left, ended = await _wind_down(conn, due)
    except Exception:
        if due is not None:
            async with needs.pool.acquire() as conn:
                await merchants_sql.wind_down_later(
                    conn, **_key(due), after_s=_LOOK_AGAIN_S, after_id=due["after_id"]
                )
        raise
    return ended + sum([await _end(needs, due["partner_id"], payment_id) for payment_id in left])


async def _wind_down(conn: PoolConnectionProxy, due: asyncpg.Record) -> tuple[Sequence[str], int]:
    """The payments to be ended now, each by itself, and how much else was ended with the claim."""
    if due["status_now"] == "active":
        await merchants_sql.wind_down_done(conn, **_key(due))
        return (), 0
    states = (*_UNPAID, "authorized") if due["status_now"] == "closed" else _UNPAID
    left = await open_sql.of_merchant(
        conn,
        partner_id=due["partner_id"],
        merchant_id=due["only_merchant"],
        states=states,
        after_id=due["after_id"],
        limit=_AT_ONCE,
    )
    ended = await _end_for_good(conn, due) if due["status_now"] == "closed" else 0
    await _go_on(conn, due, left=left, ended=ended)
    return left, ended


def _key(due: asyncpg.Record) -> dict[str, Any]:
    return {name: due[name] for name in ("partner_id", "merchant_id", "version")}


async def _go_on(conn: PoolConnectionProxy, due: asyncpg.Record, *, left: Sequence[str], ended: int) -> None:
    """Behind those that were just looked at, whatever comes of them; done is a round in which nothing was found."""
    key = _key(due)
    if left:
        await merchants_sql.wind_down_later(conn, **key, after_s=0.0, after_id=left[-1])
    elif ended:
        await merchants_sql.wind_down_later(conn, **key, after_s=0.0, after_id=due["after_id"])
    elif due["after_id"] or due["is_young"]:
        await merchants_sql.wind_down_later(conn, **key, after_s=_LOOK_AGAIN_S, after_id="")
    else:
        await merchants_sql.wind_down_done(conn, **key)


async def _end_for_good(conn: PoolConnectionProxy, closed: asyncpg.Record) -> int:
    """Some of a closed merchant's stickers, and of a closed partner's offers, with the claim of its wind-down."""
    revoked = await store_codes.revoke_some(
        conn, partner_id=closed["partner_id"], merchant_id=closed["only_merchant"], limit=_AT_ONCE
    )
    if closed["only_merchant"] is not None:
        return revoked
    ended = await running.end_some(
        conn, partner_id=closed["partner_id"], now=datetime.now(UTC), reason=_CLOSED, limit=_AT_ONCE
    )
    return revoked + len(ended)


async def _end(needs: Needs, partner_id: str, payment_id: str) -> int:
    """One payment in a transaction of its own; one that moved meanwhile is looked at again."""
    try:
        async with needs.pool.acquire() as conn, conn.transaction():
            accepted = await cancel.cancel(needs, conn, partner_id=partner_id, payment_id=payment_id)
    except (PaymentsError, asyncpg.PostgresError) as error:
        # One that somebody holds must not keep the others waiting; it is looked at again in the next round.
        log.warning("payment_not_ended", payment_id=payment_id, error=type(error).__name__)
        return 0
    if accepted.instruction is not None:
        needs.running.start(submit_and_conclude(needs, accepted.instruction))
    needs.hub.tell(payment_id, DELIVERIES)
    return 1
