"""The ways to accept an order for a till: with others, alone, or after a look at a code that nobody issued."""

import contextlib
from functools import partial
from typing import Final

from gateway.door.operation import Call
from gateway.payments.accept_together import NothingStored, accept_together, may_go_together
from gateway.payments.accepted import Accepted, Ask
from gateway.payments.errors import OrderNumberFreed
from gateway.payments.orders import Order
from gateway.payments.pay import accept
from gateway.payments.together import NotBegun
from gateway.wire import payments as wire
from qr import looks
from qr.credentials import Look
from qr.looks import LookWanted

# Attempts that fail at the very moment of the next one, thrice in a row, are somebody's loop.
TRIES: Final = 3


async def accepted_of(call: Call[wire.PaymentRequest], order: Order) -> Accepted:
    """Accept: together with others where it is plain, else alone."""
    together = await _accepted_together(call, order)
    if together is not None:
        return together
    try:
        return await _accepted_alone(call, order)
    except LookWanted:
        return await _accepted_with_a_look(call, order)


async def _accepted_with_a_look(call: Call[wire.PaymentRequest], order: Order) -> Accepted:
    """By a code that nobody issued: whether a phone made it is found out, and counted, by itself."""
    assert order.code is not None, "it is the code that wants the look"
    async with call.parts.pool.acquire() as conn:
        look = await looks.take(
            conn,
            scheme=call.parts.payment_codes,
            code=order.code,
            merchant_id=order.merchant_id,
            terminal_id=order.terminal_id,
        )
    return await _accepted_alone(call, order, look)


async def _accepted_together(call: Call[wire.PaymentRequest], order: Order) -> Accepted | None:
    """None where the order has to be accepted alone; nothing of it is stored then."""
    needs, terms = call.parts.payments, call.claim.terms(order.payment_id)
    ask = Ask(
        order=order,
        key_tenant=terms.tenant,
        key_operation=terms.operation,
        key=terms.key,
        fingerprint=terms.fingerprint,
        key_id=call.caller.key_id,
        proof=call.caller.proof,
        now=call.now,
    )
    accepted = None
    if may_go_together(needs, ask):
        try:
            accepted = await needs.acceptances.write(ask, partial(accept_together, needs))
        except (NothingStored, NotBegun) as error:
            call.claim.not_done()
            raise (error.__cause__ or error) from None
    if accepted is None:
        call.claim.not_done()
    else:
        call.claim.done()
    return accepted


async def _accepted_alone(
    call: Call[wire.PaymentRequest], order: Order, look: Look | None = None
) -> Accepted:
    """In a transaction, and once more if the order's attempt failed in that very moment: its number is free again."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(OrderNumberFreed):
            async with call.claim.transaction(order.payment_id) as conn:
                return await accept(call.parts.payments, conn, order, now=call.now, look=look)
    async with call.claim.transaction(order.payment_id) as conn:
        return await accept(call.parts.payments, conn, order, now=call.now, look=look)
