"""The statement that takes many payments to success at once."""

from collections.abc import Sequence

from gateway.payments.payment import Payment
from gateway.payments.sql import payment_of
from gateway.transfers.transfer import Connection


async def succeed_all(conn: Connection, owners: Sequence[tuple[str, str]]) -> list[Payment]:
    """Take these payments, each named by partner and id, from `processing` to `succeeded`."""
    rows = await conn.fetch(
        """
        UPDATE gateway.payments p
           SET state = 'succeeded', reason = NULL, sequence = sequence + 1, updated_at = now(), expires_at = NULL
          FROM unnest($1::text[], $2::text[]) AS done (partner_id, id)
         WHERE p.partner_id = done.partner_id AND p.id = done.id AND p.state = 'processing'
        RETURNING p.*
        """,
        [partner_id for partner_id, _ in owners],
        [payment_id for _, payment_id in owners],
    )
    return [payment_of(row) for row in rows]
