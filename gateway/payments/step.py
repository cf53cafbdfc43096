"""The step of a payment that a core's final answer leads to; the answer's transfer is held by the caller."""

from datetime import datetime

from gateway.payments import sql
from gateway.payments.payment import Payment, State
from gateway.transfers.transfer import Connection, Settled


async def step(
    conn: Connection,
    settled: Settled,
    to: State,
    *,
    reason: str | None = None,
    expires_in_s: float | None = None,
    at_latest: datetime | None = None,
) -> Payment:
    """Move the payment whose transfer this was; it expires in so many seconds and `at_latest` then."""
    moved = await sql.move_by_id(
        conn, partner_id=settled.instruction.partner_id, payment_id=settled.instruction.owner_id, to=to,
        reason=reason, expires_in_s=expires_in_s, at_latest=at_latest,
    )  # fmt: skip
    assert moved is not None, "the transfer's row, held, keeps its payment where it is"
    return moved


async def held(conn: Connection, settled: Settled) -> Payment:
    """The payment whose transfer this was, to decide by what it is now."""
    payment = await sql.lock(
        conn, partner_id=settled.instruction.partner_id, payment_id=settled.instruction.owner_id
    )
    assert payment is not None, "payments are never deleted"
    return payment


async def undone(conn: Connection, settled: Settled) -> Payment:
    """The end of what was being undone: canceled if the merchant was promised that, else reversed."""
    if (await held(conn, settled)).cancel_accepted:
        return await step(conn, settled, State.CANCELED, reason="canceled_by_merchant")
    return await step(conn, settled, State.REVERSED, reason="undone_in_doubt")


async def undone_by_core(conn: Connection, settled: Settled) -> Payment:
    """The core gave everything back, and nobody had asked for it."""
    await step(conn, settled, State.REVERSING)
    return await step(conn, settled, State.REVERSED, reason="undone_by_core")
