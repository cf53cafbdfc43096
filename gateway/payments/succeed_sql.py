"""The statement that takes many payments to success at once."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from gateway.payments.accepted import Remembered
from gateway.payments.in_the_way import all_or_none
from gateway.payments.payment import Payment
from gateway.payments.sql import payment_of
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection
from webhooks import outbox
from webhooks.event import NewEvent


async def succeed_unread(
    pool: asyncpg.Pool, endings: Sequence[tuple[Remembered, Payment]], told: Sequence[NewEvent]
) -> None:
    """Take payments that accept has just stored to success, with all that belongs to it, in a transaction of its own.

    Raises:
        InTheWay: some are not as accept left them; nothing was written.
    """
    discounts = [discount for one, _ in endings for discount in one.memory.discounts]
    with all_or_none():
        await pool.execute(
            _SUCCEED,
            [ended.partner_id for _, ended in endings],
            [ended.id for _, ended in endings],
            [transfers.reference_of(one.settled.answer) for one, _ in endings],
            [one.settled.attempts[-1].took_ms for one, _ in endings],
            [ended.updated_at for _, ended in endings],
            [one.partner_id for one in discounts],
            [one.payment_id for one in discounts],
            [one.offer_id for one in discounts],
            *outbox.arguments(told),
            [_person(ended) for _, ended in endings],
        )


_ARGUMENTS: Final = ", ".join(f"${number}" for number in range(1, 20))
_SUCCEED: Final = f"SELECT gateway.succeed_and_meet({_ARGUMENTS})"


def _person(payment: Payment) -> str:
    assert payment.terms.payer is not None, "who was charged is known"
    return payment.terms.payer.person


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
