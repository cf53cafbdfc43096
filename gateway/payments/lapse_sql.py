"""Statements on payments whose time is over, or that end before it."""

from datetime import datetime
from typing import NamedTuple

from gateway.payments.payment import Payment
from gateway.payments.sql import payment_of
from gateway.transfers.transfer import Connection


class Due(NamedTuple):
    """A payment whose time is over."""

    expires_at: datetime
    id: str
    partner_id: str


async def due_to_lapse(
    conn: Connection, *, authorized: bool, after: tuple[datetime, str], limit: int
) -> list[Due]:
    """What nobody captured in time, or else confirmed; the longest due first, behind a time and payment."""
    rows = await conn.fetch(
        f"""
        SELECT expires_at, id, partner_id FROM gateway.payments
         WHERE lapses AND state {"=" if authorized else "<>"} 'authorized' AND expires_at <= now()
           AND (expires_at, id) > ($1::timestamptz, $2)
         ORDER BY expires_at, id LIMIT $3
        """,  # noqa: S608 - one of two signs
        *after, limit,
    )  # fmt: skip
    return [Due(*row) for row in rows]


async def expire(conn: Connection, *, partner_id: str, payment_id: str) -> Payment | None:
    """Let one lapse; None when somebody confirmed or canceled it meanwhile, or another worker was first."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = 'expired', reason = 'not_confirmed_in_time', sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2
           AND state IN ('requires_payer', 'requires_confirmation') AND expires_at <= now()
        RETURNING *
        """,
        partner_id,
        payment_id,
    )
    return payment_of(row) if row else None


async def end_unpaid(conn: Connection, *, partner_id: str, payment_id: str) -> Payment | None:
    """Let a code that nobody has confirmed lapse before its time; None when somebody has, or it ended."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = 'expired', reason = 'ended_by_merchant', sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2 AND state = 'requires_payer'
        RETURNING *
        """,
        partner_id, payment_id,
    )  # fmt: skip
    return payment_of(row) if row else None
