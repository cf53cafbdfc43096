"""Statements on payments whose amount is held: authorized, being captured, or let go."""

import msgspec

from gateway.payments.payment import Payment, Terms
from gateway.payments.sql import encoded, payment_of
from gateway.transfers.transfer import Connection


async def begin_capture(conn: Connection, payment: Payment) -> Payment | None:
    """None when the authorization lapsed; when it would have stays as it is, for a capture that is refused."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = 'capturing', reason = NULL, sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2 AND state = 'authorized' AND expires_at > now()
        RETURNING *
        """,
        payment.partner_id, payment.id,
    )  # fmt: skip
    return payment_of(row) if row else None


async def refuse_capture(conn: Connection, *, partner_id: str, payment_id: str, reason: str) -> Payment:
    """What was held is still held, for as long as it was."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = 'authorized', reason = $3, sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2 AND state = 'capturing'
        RETURNING *
        """,
        partner_id, payment_id, reason,
    )  # fmt: skip
    assert row is not None, "the capture's row, held, keeps its payment where it is"
    return payment_of(row)


async def write_captured(
    conn: Connection, payment: Payment, *, order_minor: int, discount_minor: int, fee_minor: int, terms: Terms
) -> Payment:
    """From now on the payment is what was captured of it; the caller holds the payment's row."""
    kept = msgspec.structs.replace(terms, authorized_minor=payment.authorized_minor)
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments SET order_minor = $3, discount_minor = $4, fee_minor = $5, terms = $6
         WHERE partner_id = $1 AND id = $2 RETURNING *
        """,
        payment.partner_id, payment.id, order_minor, discount_minor, fee_minor, encoded(kept),
    )  # fmt: skip
    assert row is not None, "the caller holds the row"
    return payment_of(row)


async def begin_lapse(conn: Connection, *, partner_id: str, payment_id: str) -> Payment | None:
    """Nothing can be captured any more; None when a capture or cancel was first, or another worker."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET reason = 'authorization_expired', expires_at = NULL, sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2 AND state = 'authorized' AND expires_at <= now()
        RETURNING *
        """,
        partner_id, payment_id,
    )  # fmt: skip
    return payment_of(row) if row else None
