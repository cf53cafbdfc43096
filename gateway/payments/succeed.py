"""What nearly all payments come to, a debit sent and approved: written for many in one transaction."""

from collections.abc import Sequence

from gateway.payments import events, reserved, succeed_sql
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment
from gateway.storage.hub import DELIVERIES
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Settled
from gateway.wallet.core import Approved
from webhooks import outbox


def is_plain_success(settled: Settled) -> bool:
    """Nothing is being undone, nothing held, nobody asked."""
    instruction = settled.instruction
    return (
        instruction.purpose == "payment"
        and instruction.phase == "open"
        and instruction.transfer.kind == "debit"
        and isinstance(settled.answer, Approved)
    )


async def succeed(needs: Needs, several: Sequence[Settled]) -> list[Payment | None]:
    """Conclude plain successes; None for one of which another answer was written before."""
    async with needs.pool.acquire() as conn, conn.transaction():
        finished = await transfers.finish_all(conn, several)
        payments = await succeed_sql.succeed_all(conn, finished)
        assert len(payments) == len(finished), "a transfer's row, held, keeps its payment where it is"
        told = await reserved.redeem_all(conn, payments)
        for payment in payments:
            told += events.of_payment(payment, resolved_within=needs.resolved_within)
        for first in range(0, len(told), outbox.EVENTS_MAX):
            await outbox.publish(conn, told[first : first + outbox.EVENTS_MAX])
    needs.hub.tell(*(payment.id for payment in payments), DELIVERIES)
    by_id = {payment.id: payment for payment in payments}
    return [by_id.get(one.instruction.owner_id) for one in several]
