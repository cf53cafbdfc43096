"""What a till may give back by itself: so much a refund, so much a day. Above it a supervisor is needed.

The supervisor is a client of the partner with the scope `refund`, which has no such limit: the office's system, or a
tablet that the shift's lead signs in to. A till refunds its own payments only, whatever the amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from gateway.payments import limits_sql as sql
from gateway.payments.errors import SupervisorRequired
from gateway.payments.payment import Payment, Refund
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
        self, conn: Connection, payment: Payment, refund: Refund, *, terminal_id: str, now: datetime
    ) -> None:
        """Count a refund that goes out now, once a day; exact under concurrency, as the till's day is one row.

        The caller stores the refund in the same transaction, so that one refused here is neither stored nor counted.

        Raises:
            SupervisorRequired: it is too much for one, or for what is left of the day.
        """
        limit = self.by_currency.get(payment.currency, TillLimit(per_refund_minor=0, per_day_minor=0))
        if refund.order_minor > limit.per_refund_minor or not await sql.take_of_till(
            conn,
            payment,
            terminal_id=terminal_id,
            day=moment_of(now).day,
            refund_id=refund.id,
            order_minor=refund.order_minor,
            limit_minor=limit.per_day_minor,
        ):
            raise SupervisorRequired(limit.per_refund_minor, limit.per_day_minor)
