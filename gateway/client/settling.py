"""Waiting for a payment's end, which a gateway answers for half a minute at a time."""

import time
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

from gateway.wire.payments import MAX_WAIT_S, Payment, WalletPayment

PaymentT = TypeVar("PaymentT", Payment, WalletPayment)

FINAL: Final = frozenset({"succeeded", "declined", "expired", "canceled", "reversed"})
"""States in which a payment stays; anything else may still become either."""


async def settled(
    read: Callable[[int], Awaitable[PaymentT]], *, enough: Collection[str], within_s: float
) -> PaymentT:
    """The payment once its state is `enough`, or as it is when the time is over; `read` takes the seconds to wait."""
    deadline = time.monotonic() + within_s
    while True:
        left_s = max(deadline - time.monotonic(), 0.0)
        payment = await read(min(MAX_WAIT_S, int(left_s)))
        if payment.state in enough or left_s < 1:
            return payment
