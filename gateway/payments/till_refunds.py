"""What a till may give back by itself: so much a refund, so much a day. Above it a supervisor is needed.

The supervisor is a client of the partner with the scope `refund`, which has no such limit: the office's system, or a
tablet that the shift's lead signs in to. A till refunds its own payments only, whatever the amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from gateway.payments.errors import SupervisorRequired
from gateway.payments.payment import Payment
from gateway.transfers.transfer import Connection
from merchants.offers.offer import moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TillLimit:
    """In minor units of order amount."""

    per_refund_minor: int
    per_day_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TillRefunds:
    """By currency; in one that is not named a till gives nothing back."""

    by_currency: Mapping[str, TillLimit]

    @classmethod
    def read(cls, text: str) -> Self:
        """From the setting: `CNY=20000/100000`, separated by commas."""
        pairs = (one.split("=") for one in text.split(",") if one)
        limits = ((currency, part.split("/")) for currency, part in pairs)
        return cls(
            by_currency={
                currency: TillLimit(per_refund_minor=int(refund), per_day_minor=int(day))
                for currency, (refund, day) in limits
            }
        )

    async def take(
        self, conn: Connection, payment: Payment, *, terminal_id: str, order_minor: int, now: datetime
    ) -> None:
        """Count a new refund of this till's; exact under concurrency, as its day is one row.

        Raises:
            SupervisorRequired: it is too much for one, or for what is left of the day.
        """
        limit = self.by_currency.get(payment.currency, TillLimit(per_refund_minor=0, per_day_minor=0))
        if order_minor > limit.per_refund_minor or not await _take(
            conn, payment, terminal_id, order_minor=order_minor, limit_minor=limit.per_day_minor, now=now
        ):
            raise SupervisorRequired(limit.per_refund_minor, limit.per_day_minor)


async def _take(
    conn: Connection, payment: Payment, terminal_id: str, *, order_minor: int, limit_minor: int, now: datetime
) -> bool:
    taken = await conn.fetchval(
        """
        INSERT INTO gateway.till_refund_days AS day (partner_id, terminal_id, day, currency, taken_minor)
        SELECT $1, $2, $3::date, $4, $5::bigint WHERE $5::bigint <= $6::bigint
            ON CONFLICT (partner_id, terminal_id, day, currency)
            DO UPDATE SET taken_minor = day.taken_minor + excluded.taken_minor
                    WHERE day.taken_minor + excluded.taken_minor <= $6::bigint
        RETURNING 1
        """,
        payment.partner_id, terminal_id, moment_of(now).day, payment.currency, order_minor, limit_minor,
    )  # fmt: skip
    return taken is not None
