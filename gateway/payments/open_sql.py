"""Which of a merchant's payments are still open, for whoever ends it."""

from collections.abc import Sequence

from gateway.transfers.transfer import Connection


async def of_merchant(
    conn: Connection,
    *,
    partner_id: str,
    merchant_id: str | None,
    states: Sequence[str],
    after_id: str,
    limit: int,
) -> list[str]:
    """Ids of payments in these states behind `after_id`: of one merchant, or of a partner and all of its own."""
    rows = await conn.fetch(
        """
        SELECT id FROM gateway.payments
         WHERE lapses AND partner_id = $1 AND ($2::text IS NULL OR merchant_id = $2) AND state = ANY($3::text[])
           AND id > $4
         ORDER BY id LIMIT $5
        """,
        partner_id,
        merchant_id,
        states,
        after_id,
        limit,
    )
    return [row["id"] for row in rows]
