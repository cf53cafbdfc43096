"""What nobody confirmed in time lapses; the worker calls this."""

from gateway.payments import events, reserved, sql
from gateway.payments.needs import Needs
from gateway.storage.hub import DELIVERIES
from webhooks import outbox


async def run_once(needs: Needs, limit: int = 100) -> int:
    """Expire what is due, with what it reserved; returns how many."""
    async with needs.pool.acquire() as conn, conn.transaction():
        expired = await sql.expire_due(conn, limit=limit)
        for payment in expired:
            told = await reserved.settle(conn, payment)
            told += events.of_payment(payment, resolved_within=needs.resolved_within)
            await outbox.publish(conn, told)
    needs.hub.tell(*(one.id for one in expired), *([DELIVERIES] if expired else []))
    return len(expired)
