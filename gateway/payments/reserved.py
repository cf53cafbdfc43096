"""What a payment holds of others' bounds while under way: discounts of offers' budgets, a part of its payer's day."""

from collections.abc import Sequence

from gateway.payments import discounts, limits
from gateway.payments.payment import Payment, State
from gateway.transfers.transfer import Connection
from webhooks.event import NewEvent


async def settle(conn: Connection, payment: Payment, *, told_before: bool = False) -> list[NewEvent]:
    """After a transition: redeem when the money moved, give back when it never will, or was undone.

    Returns what merchant and funders are told of discounts, to be published with the payment's own events.
    """
    told = await discounts.settle(conn, payment, told_before=told_before)
    if payment.state is State.SUCCEEDED:
        await discounts.meet(conn, [payment])
    await limits.settle(conn, payment)
    return told


async def redeem_all(conn: Connection, succeeded: Sequence[Payment]) -> list[NewEvent]:
    """The same after several payments succeeded; of their payers' days nothing comes back."""
    told = await discounts.redeem_all(conn, succeeded)
    await discounts.meet(conn, succeeded)
    return told
