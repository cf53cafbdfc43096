"""A payment: its states, what may follow what, and what was agreed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

from gateway.payments.credit import CreditBack
from gateway.wallet.core import Leg
from merchants.offers.cart import Line
from merchants.offers.giving import Form
from merchants.payer import PayerFacts


class State(StrEnum):
    """Where a payment is."""

    REQUIRES_PAYER = "requires_payer"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    CAPTURING = "capturing"
    REVERSING = "reversing"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELED = "canceled"
    REVERSED = "reversed"


_S = State

# From reversing a payment gets to succeeded only together with an automatic refund, where the core refuses to undo.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    _S.REQUIRES_PAYER: frozenset({_S.PROCESSING, _S.EXPIRED, _S.CANCELED}),
    _S.REQUIRES_CONFIRMATION: frozenset({_S.PROCESSING, _S.DECLINED, _S.EXPIRED, _S.CANCELED}),
    _S.PROCESSING: frozenset(
        {_S.SUCCEEDED, _S.AUTHORIZED, _S.REQUIRES_CONFIRMATION, _S.DECLINED, _S.REVERSING}
    ),
    _S.AUTHORIZED: frozenset({_S.CAPTURING, _S.REVERSING, _S.EXPIRED}),
    _S.CAPTURING: frozenset({_S.SUCCEEDED, _S.AUTHORIZED, _S.REVERSING}),
    _S.REVERSING: frozenset({_S.REVERSED, _S.CANCELED, _S.SUCCEEDED}),
    _S.SUCCEEDED: frozenset({_S.REVERSING}),
    _S.DECLINED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.REVERSED: frozenset(),
}

# What a till waits for: nothing more happens without somebody's doing.
SETTLED: Final = frozenset({_S.SUCCEEDED, _S.AUTHORIZED, _S.DECLINED, _S.EXPIRED, _S.CANCELED, _S.REVERSED})
# With the core: its answer is awaited.
IN_FLIGHT: Final = frozenset({_S.PROCESSING, _S.CAPTURING, _S.REVERSING})
# The reason of a payment that a core had charged against our word and would not undo: its refund speaks for it.
REVERSAL_REFUSED: Final = "reversal_refused"
# The reason of a payment by an offline code that would need a confirmation.
NOBODY_TO_ASK: Final = "confirmation_impossible"


def leading_to(target: State) -> list[State]:
    """The states a conditional update may find: where `target` can be reached from."""
    return [state for state, following in TRANSITIONS.items() if target in following]


Capture = Literal["automatic", "manual"]


class AgreedOffer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An offer as it was applied.

    Attributes:
        given: what it gives in another form than a discount, in `unit`.
        points_worth_minor: of a hundred points, where it gives points.
    """

    offer_id: str
    title: str
    discount_minor: int
    form: Form = Form.DISCOUNT
    given: int = 0
    unit: str | None = None
    points_worth_minor: int = 0


class Allowance(Struct, frozen=True, kw_only=True):
    """What a payment took of its payer's daily limit, and in which row of it."""

    tier: str
    day: date
    amount_minor: int
    limit_minor: int


class Terms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was agreed at accept; stored as JSON beside the columns that queries need.

    Attributes:
        legs: of the transfer, in the order that refunds count them in.
        payer: as the wallet's backend vouched for it; None until somebody confirms.
        partner_no, fee_basis_points: as of the order, for a payer that confirms later.
        qr_payload: what a till or page shows.
        allowance: None until a payer is bound, and where no limit applies.
        capture: `manual` holds the amount until the merchant captures it.
        authorized_minor: the order amount that was held, once less than that was captured.
        consent: what the wallet signed when the payer confirmed: payer, factors, and the amount.
        confirmed_at: when that was; None where showing a code was enough.
        give_up_after_s: from the payment's creation; what is not decided by then is undone.
        fee_waived_minor: of the fee on the whole order, what an offer spares the merchant.
        lines, member_no: the goods and the membership that offers look at, as the till told them.
        checkout_id: the session of an online order that this is an attempt of.
    """

    merchant_name: str
    partner_no: int
    fee_basis_points: int
    code_kind: str
    store_name: str | None = None
    merchant_number: str | None = None
    terminal_label: str | None = None
    description: str | None = None
    legs: tuple[Leg, ...] = ()
    payer: PayerFacts | None = None
    offers: tuple[AgreedOffer, ...] = ()
    qr_payload: str | None = None
    allowance: Allowance | None = None
    consent: str | None = None
    confirmed_at: datetime | None = None
    capture: Capture = "automatic"
    authorized_minor: int | None = None
    give_up_after_s: int | None = None
    fee_waived_minor: int = 0
    lines: tuple[Line, ...] = ()
    member_no: str | None = None
    checkout_id: str | None = None


class Payment(Struct, frozen=True, kw_only=True):
    """One attempt to pay one order; amounts in minor units of `currency`."""

    partner_id: str
    id: str
    merchant_id: str
    store_id: str | None
    terminal_id: str | None
    client_id: str
    merchant_order_no: str
    direction: str
    state: State
    reason: str | None
    sequence: int
    cancel_accepted: bool
    currency: str
    order_minor: int
    discount_minor: int
    fee_minor: int
    issuer: str | None
    payer_id: str | None
    refunded_order_minor: int
    refunded_paid_minor: int
    refunded_legs: tuple[int, ...]
    terms: Terms
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None

    @property
    def paid_minor(self) -> int:
        return self.order_minor - self.discount_minor

    @property
    def paid_at(self) -> datetime:
        """When its payer said so: by the code they showed, or by confirming an order that may be minutes old."""
        return self.terms.confirmed_at or self.created_at

    @property
    def authorized_minor(self) -> int | None:
        """The order amount that is or was held; None for a payment that is captured by itself."""
        if self.terms.capture == "automatic":
            return None
        return self.order_minor if self.terms.authorized_minor is None else self.terms.authorized_minor

    @property
    def give_up_at(self) -> datetime | None:
        """When the merchant wants it undone if it is not decided by then."""
        after_s = self.terms.give_up_after_s
        return None if after_s is None else self.created_at + timedelta(seconds=after_s)

    @property
    def settled(self) -> bool:
        return self.state in SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one payer was shown of one order."""

    id: str
    partner_id: str
    payment_id: str
    payer: PayerFacts
    quote: str
    payable_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One giving-back of part of an order; a failed one claims nothing and may be tried again.

    Attributes:
        credits_back: what it takes of cashback and points that the payment earned.
        deducted_minor: of `paid_minor`, what goes to the funders of those instead of the payer.
    """

    partner_id: str
    id: str
    payment_id: str
    merchant_refund_no: str
    state: str
    reason: str | None
    note: str | None
    automatic: bool
    order_minor: int
    paid_minor: int
    funded_minor: int
    fee_minor: int
    legs: tuple[int, ...]
    created_at: datetime
    updated_at: datetime
    credits_back: tuple[CreditBack, ...]
    deducted_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who would get what of a refund; the payer gets `paid_minor` less `deducted_minor`."""

    order_minor: int
    paid_minor: int
    funded_minor: int
    fee_minor: int
    deducted_minor: int
    credits_back: tuple[CreditBack, ...]
