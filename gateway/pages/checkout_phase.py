"""What a checkout page says at each moment; never more than the database has said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from gateway.checkout import opening
from gateway.checkout.session import (
    ENDED_BY_MERCHANT,
    NOT_PAID_IN_TIME,
    PAYMENT_CANCELED,
    PAYMENT_UNDONE,
    Attempted,
    State,
)
from gateway.pages.texts import mark
from gateway.payments.payment import State as PaymentState

Phase = Literal["waiting", "confirming", "paying", "undoing", "declined", "paid", "returned", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A phase with its words (English texts to translate).

    Attributes:
        again: whether a declined payment may be tried once more.
    """

    phase: Phase
    headline: str
    detail: str
    again: bool = False

    @property
    def over(self) -> bool:
        return self.phase in {"paid", "returned", "expired"}

    @property
    def may_leave(self) -> bool:
        """Whether nothing is under way: who leaves then leaves it unpaid."""
        return self.phase in {"waiting", "declined"}


_WAITING: Final = Moment(
    phase="waiting",
    headline=mark("Pay with your wallet"),
    detail=mark("It shows the amount; confirm it there."),
)
_OPEN: Final = {
    PaymentState.REQUIRES_PAYER: _WAITING,
    PaymentState.REQUIRES_CONFIRMATION: Moment(
        phase="confirming",
        headline=mark("Confirm in the wallet"),
        detail=mark("The wallet asks you to confirm this payment once more."),
    ),
    PaymentState.REVERSING: Moment(
        phase="undoing",
        headline=mark("The payment is being undone"),
        detail=mark("The wallet did not answer in time. You end up uncharged; please do not pay again yet."),
    ),
}
_PAYING: Final = Moment(
    phase="paying",
    headline=mark("Paying…"),
    detail=mark("Please wait, and do not pay again. This takes a few seconds."),
)
_PAID: Final = Moment(
    phase="paid",
    headline=mark("Paid"),
    detail=mark("Thank you. The shop is being told; you are taken back to it."),
)
_RETURNED: Final = Moment(
    phase="returned",
    headline=mark("The payment was given back"),
    detail=mark("It had succeeded and was canceled since. You end up uncharged."),
)
_EXPIRED: Final = {
    NOT_PAID_IN_TIME: mark("Nobody paid in time, and nothing was charged. Start again in the shop."),
    ENDED_BY_MERCHANT: mark("The shop ended this order before it was paid. Nothing was charged."),
    PAYMENT_CANCELED: mark("The shop canceled this payment. You are not charged."),
    PAYMENT_UNDONE: mark("The payment was undone. You are not charged; start again in the shop."),
}
_DECLINED: Final = {
    "insufficient_funds": mark("The wallet's balance is too small. Nothing was charged."),
    "declined_by_payer": mark("You declined it in the wallet. Nothing was charged."),
    "not_confirmed_in_time": mark("It was not confirmed in time. Nothing was charged."),
}
_DECLINED_ANYHOW: Final = mark("The wallet declined it. Nothing was charged.")


def moment_of(attempted: Attempted, now: datetime) -> Moment:
    session, payment = attempted.session, attempted.payment
    match session.state:
        case State.COMPLETED:
            return _PAID if payment.state is PaymentState.SUCCEEDED else _RETURNED
        case State.EXPIRED:
            headline = mark("This order is closed")
            return Moment(
                phase="expired", headline=headline, detail=_EXPIRED[session.reason or NOT_PAID_IN_TIME]
            )
        case State.OPEN if payment.state in {PaymentState.DECLINED, PaymentState.EXPIRED}:
            return Moment(
                phase="declined",
                headline=mark("Not paid"),
                detail=_DECLINED.get(payment.reason or "", _DECLINED_ANYHOW),
                again=opening.may_try_again(attempted, now),
            )
        case State.OPEN:
            return _OPEN.get(payment.state, _PAYING)
