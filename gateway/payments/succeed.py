"""What nearly all payments come to, a debit sent and approved: written for many in one transaction."""

from collections.abc import Sequence

from msgspec.structs import replace

from gateway.payments import events, followed, reserved, succeed_sql
from gateway.payments.accepted import Remembered
from gateway.payments.in_the_way import TRIES, InTheWay
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment
from gateway.storage.hub import DELIVERIES
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Settled
from gateway.wallet.core import Approved
from merchants.offers.events import of_discounts
from merchants.offers.reservation import State as Reserved
from webhooks import outbox
from webhooks.event import NewEvent


def is_plain_success(settled: Settled) -> bool:
    """Nothing is being undone, nothing held, nobody asked."""
    instruction = settled.instruction
    return (
        instruction.purpose == "payment"
        and instruction.phase == "open"
        and instruction.transfer.kind == "debit"
        and isinstance(settled.answer, Approved)
    )


async def succeed_unread(needs: Needs, several: Sequence[Remembered]) -> list[Payment | None]:
    """Conclude plain successes in one statement, without reading what accept knew.

    None for one that is not as accept left it; nothing of it is written, and `succeed` finds out what it is.
    """
    endings = [(one, one.ended) for one in several]
    for _ in range(TRIES):
        if not endings:
            break
        told = [event for one, ended in endings for event in _events(needs, one, ended)]
        try:
            await succeed_sql.succeed_unread(needs.pool, endings, told)
        except InTheWay as error:
            endings = [(one, ended) for one, ended in endings if ended.id not in error.payment_ids]
        else:
            needs.hub.tell(*(ended.id for _, ended in endings), DELIVERIES)
            by_id = {ended.id: ended for _, ended in endings}
            return [by_id.get(one.memory.payment.id) for one in several]
    return [None for _ in several]


def _events(needs: Needs, one: Remembered, ended: Payment) -> list[NewEvent]:
    redeemed = [
        replace(discount, state=Reserved.REDEEMED, settled_at=ended.updated_at)
        for discount in one.memory.discounts
    ]
    return [
        *of_discounts(
            "discount.redeemed", redeemed, sequence=ended.sequence, occurred_at=ended.updated_at,
            budgets_as_of=ended.created_at,
        ),
        *events.of_payment(ended, resolved_within=needs.resolved_within),
    ]  # fmt: skip


async def succeed(needs: Needs, several: Sequence[Settled]) -> list[Payment | None]:
    """Conclude plain successes; None for one of which another answer was written before."""
    async with needs.pool.acquire() as conn, conn.transaction():
        finished = await transfers.finish_all(conn, several)
        payments = await succeed_sql.succeed_all(conn, finished)
        assert len(payments) == len(finished), "a transfer's row, held, keeps its payment where it is"
        told = await reserved.redeem_all(conn, payments)
        for payment in payments:
            told += events.of_payment(payment, resolved_within=needs.resolved_within)
        told += await followed.by_checkouts(needs, conn, payments)
        for first in range(0, len(told), outbox.EVENTS_MAX):
            await outbox.publish(conn, told[first : first + outbox.EVENTS_MAX])
    needs.hub.tell(*(payment.id for payment in payments), DELIVERIES)
    by_id = {payment.id: payment for payment in payments}
    return [by_id.get(one.instruction.owner_id) for one in several]
