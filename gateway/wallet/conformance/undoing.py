"""Promises about undoing: a reversal wins over what is late, happens once, and is refused where money moved on."""

import asyncio

from gateway.wallet.conformance.subject import AMOUNT_MINOR, COPIES, Broken, Subject, expect, name_of
from gateway.wallet.core import Approved, Declined, Reversed, Tombstoned


async def reversals_give_back_once(subject: Subject) -> None:
    """A reversal happens once and is final."""
    debit = await subject.debited()
    for which in ("the reversal", "its repeat"):
        expect(Reversed, await subject.core.reverse(debit.id), which)
    expect(Reversed, await subject.core.query(debit.id), "a query after")
    expect(Reversed, await subject.send(debit), "the transfer sent again after its reversal")


async def tombstones_hold(subject: Subject) -> None:
    """Reversing what has not arrived forbids it for ever."""
    debit = subject.transfer("debit", subject.pays())
    expect(Tombstoned, await subject.core.reverse(debit.id), "the reversal of an unseen id")
    expect(Tombstoned, await subject.send(debit), "the transfer arriving late")
    expect(Tombstoned, await subject.core.query(debit.id), "a query after")
    expect(Tombstoned, await subject.core.reverse(debit.id), "the reversal's repeat")


async def races_end_uncharged(subject: Subject) -> None:
    """A transfer and its reversal at the same time end without the money moved."""
    for _ in range(COPIES):
        debit = subject.transfer("debit", subject.pays())
        await asyncio.gather(subject.send(debit), subject.core.reverse(debit.id))
        after = await subject.core.query(debit.id)
        if not isinstance(after, Reversed | Tombstoned):
            raise Broken(f"the query after it answered {name_of(after)}")


async def refunded_is_not_reversed(subject: Subject) -> None:
    """A transfer with a refund is not reversed, and a reversed one is not refunded."""
    debit = await subject.debited()
    refund = subject.transfer("refund", subject.gets_back(AMOUNT_MINOR), parent=debit)
    expect(Approved, await subject.send(refund), "the refund")
    expect(Approved, await subject.core.reverse(debit.id), "the reversal, which is refused by `succeeded`,")
    other = await subject.debited()
    await subject.undo(other)
    late = subject.transfer("refund", subject.gets_back(AMOUNT_MINOR), parent=other)
    expect(Declined, await subject.send(late), "a refund after the reversal")
