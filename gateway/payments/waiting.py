"""Waiting for a payment or refund to settle, on any replica, without holding a database connection."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.payments import refund as refunds
from gateway.payments import sql
from gateway.payments.accepted import Accepted
from gateway.payments.needs import Needs
from gateway.payments.pay import submit_and_conclude
from gateway.payments.payment import Payment, Refund, State
from gateway.payments.refund import AcceptedRefund
from gateway.storage.hub import DELIVERIES

RowT = TypeVar("RowT")

# All who wait here ask so often together at most, lest thousands of patient tills were a load of their own.
_POLLS_A_SECOND = 200


async def carry_out(needs: Needs, accepted: Accepted, *, wait_s: float) -> Payment:
    """Submit what was accepted and wait for the end; a caller that hangs up stops nothing."""
    if accepted.instruction is None:
        needs.hub.tell(accepted.payment.id, DELIVERIES)
        if accepted.payment.state is State.REQUIRES_CONFIRMATION:
            return await settled_within(needs, accepted.payment, wait_s=wait_s)
        return accepted.payment
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    submitting = needs.running.start(submit_and_conclude(needs, accepted.instruction, memory=accepted.memory))
    await asyncio.wait({submitting}, timeout=wait_s)
    if submitting.done() and not submitting.exception():
        concluded = submitting.result()
        if concluded is not None and concluded.settled:
            return concluded
    return await settled_within(needs, accepted.payment, wait_s=max(0.0, until - loop.time()))


async def carry_out_refund(needs: Needs, accepted: AcceptedRefund, *, wait_s: float) -> Refund:
    """Likewise for a refund."""
    if accepted.instruction is not None:
        needs.running.start(refunds.submit_and_conclude(needs, accepted.instruction))
    refund = accepted.refund

    async def read() -> Refund:
        found = await sql.find_refund(needs.pool, partner_id=refund.partner_id, refund_id=refund.id)
        assert found is not None, "refunds are never deleted"
        return found

    return await until(needs, refund.id, read, lambda one: one.state != "processing", wait_s=wait_s)


async def settled_within(needs: Needs, payment: Payment, *, wait_s: float) -> Payment:
    """The payment as soon as it is settled, or as it is when the wait is over."""

    async def read() -> Payment:
        found = await sql.find(needs.pool, partner_id=payment.partner_id, payment_id=payment.id)
        assert found is not None, "payments are never deleted"
        return found

    return await until(needs, payment.id, read, lambda one: one.settled, wait_s=wait_s)


async def until(
    needs: Needs,
    topic: str,
    read: Callable[[], Awaitable[RowT]],
    done: Callable[[RowT], bool],
    *,
    wait_s: float,
) -> RowT:
    """Read again at each notice; a lost one costs a poll interval and nothing more."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    async with needs.hub.waiting_for(topic) as told:
        while True:
            told.clear()
            found = await read()
            left_s = until - loop.time()
            if done(found) or left_s <= 0:
                return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, _rest_s(needs))):
                    await told.wait()


def _rest_s(needs: Needs) -> float:
    """Until the next look without a notice: longer in a crowd, and not everybody at once."""
    return max(needs.poll_every_s, needs.hub.waiting / _POLLS_A_SECOND) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
