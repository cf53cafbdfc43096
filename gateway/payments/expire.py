"""What nobody confirmed or captured in time lapses; the worker calls this."""

from gateway.payments import authorized_sql, events, release, reserved, sql
from gateway.payments.needs import Needs
from gateway.payments.pay import submit_and_conclude
from gateway.storage.hub import DELIVERIES
from webhooks import outbox


async def run_once(needs: Needs, limit: int = 100) -> int:
    """Expire what is due, with what it reserved; returns how many."""
    return await _expire_unpaid(needs, limit) + await _let_go_uncaptured(needs, limit)


async def _expire_unpaid(needs: Needs, limit: int) -> int:
    async with needs.pool.acquire() as conn, conn.transaction():
        expired = await sql.expire_due(conn, limit=limit)
        for payment in expired:
            told = await reserved.settle(conn, payment)
            told += events.of_payment(payment, resolved_within=needs.resolved_within)
            await outbox.publish(conn, told)
    needs.hub.tell(*(one.id for one in expired), *([DELIVERIES] if expired else []))
    return len(expired)


async def _let_go_uncaptured(needs: Needs, limit: int) -> int:
    """Each is told to its core, which nobody here waits for: one that hangs must not keep others' time from running.

    What dies in between is the resolver's.
    """
    async with needs.pool.acquire() as conn:
        due = await authorized_sql.lapsed(conn, limit=limit)
    for partner_id, payment_id in due:
        async with needs.pool.acquire() as conn, conn.transaction():
            instruction = await release.lapse(needs, conn, partner_id=partner_id, payment_id=payment_id)
        if instruction is not None:
            needs.running.start(submit_and_conclude(needs, instruction))
    return len(due)
