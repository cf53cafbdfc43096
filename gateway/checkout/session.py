"""A session: an order that somebody looks at in a browser, until it is paid or its time is over."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gateway.payments.payment import REVERSAL_REFUSED, Payment
from gateway.payments.payment import State as PaymentState


class State(StrEnum):
    """Where a session is: completed if and only if its payment succeeded."""

    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"


NOT_PAID_IN_TIME: Final = "not_paid_in_time"
ENDED_BY_MERCHANT: Final = "ended_by_merchant"
PAYMENT_CANCELED: Final = "payment_canceled"
PAYMENT_UNDONE: Final = "payment_undone"


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is bought, as the shop calls it; `amount_minor` is for all of it."""

    name: str
    amount_minor: int
    quantity: int = 1
    sku: str | None = None
    category: str | None = None


class Terms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said when the session was opened; stored as JSON beside the columns that queries need.

    `merchant_name` and `partner_no` are as of then, as in the payment.
    """

    merchant_name: str
    partner_no: int
    success_url: str
    cancel_url: str
    lines: tuple[Line, ...] = ()
    description: str | None = None
    customer_reference: str | None = None
    member_no: str | None = None


class Session(Struct, frozen=True, kw_only=True):
    """A session as it is stored; amounts in minor units of `currency`."""

    partner_id: str
    id: str
    merchant_id: str
    store_id: str | None
    terminal_id: str | None
    client_id: str
    merchant_order_no: str
    state: State
    reason: str | None
    sequence: int
    currency: str
    order_minor: int
    payment_id: str
    attempts: int
    terms: Terms
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempted:
    """A session with its latest attempt, read together."""

    session: Session
    payment: Payment

    @property
    def version(self) -> str:
        """Differs whenever anything a page shows does."""
        return f"{self.session.sequence}.{self.session.attempts}.{self.payment.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a payment's move makes of its open session; `late_only` leaves it open while there is time to try again."""

    to: State
    reason: str | None = None
    late_only: bool = False


def ending_of(payment: Payment) -> Ending | None:
    """None while the payment may still succeed.

    An order number is closed by a cancel and by an undoing, so nothing can be tried again after them. A payment that
    the core charged against our word is on its way back: it is no success.
    """
    match payment.state:
        case PaymentState.SUCCEEDED if payment.reason != REVERSAL_REFUSED:
            return Ending(to=State.COMPLETED)
        case PaymentState.CANCELED:
            return Ending(to=State.EXPIRED, reason=PAYMENT_CANCELED)
        case PaymentState.REVERSED | PaymentState.SUCCEEDED:
            return Ending(to=State.EXPIRED, reason=PAYMENT_UNDONE)
        case PaymentState.EXPIRED if payment.reason == ENDED_BY_MERCHANT:
            return Ending(to=State.EXPIRED, reason=ENDED_BY_MERCHANT)
        case PaymentState.EXPIRED | PaymentState.DECLINED:
            return Ending(to=State.EXPIRED, reason=NOT_PAID_IN_TIME, late_only=True)
        case _:
            return None


# Attempts of these left the order number free.
FAILED: Final = frozenset({PaymentState.DECLINED, PaymentState.EXPIRED})
