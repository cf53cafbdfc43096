"""Payments for `openapi.yaml`, as the gateway would answer them: made by its own views, of figures that add up.

One order of 128.00 at one till, on which an offer gives 20.00, at a fee of 0.38 %; each example shows how far it came.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from gateway.payments.legs import fee_minor
from gateway.payments.payment import AgreedOffer, Capture, Payment, State, Terms
from gateway.payments.view import for_merchant, for_wallet
from gateway.transfers.resolve import Patience
from gateway.wire import payments as wire
from gateway.wire.search import PaymentPage, PaymentTotals
from merchants.offers.clawback import Legs, none_of, refund_legs

_DIGITS: Final = "01939e7c5b7a7c3f9d2e4a6b00000007"
_BEGAN: Final = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
_SHOWN_UNTIL: Final = _BEGAN + timedelta(seconds=wire.DEFAULT_ORDER_LIFE_S)
_ORDER_MINOR, _DISCOUNT_MINOR, _BASIS_POINTS = 12_800, 2_000, 38
_FEE_MINOR: Final = fee_minor(_ORDER_MINOR, _BASIS_POINTS)
HALF_MINOR: Final = _ORDER_MINOR // 2
_WHOLE: Final = Legs(
    payer_minor=_ORDER_MINOR - _DISCOUNT_MINOR, funders_minor=(_DISCOUNT_MINOR,), fee_minor=_FEE_MINOR
)
HALF_BACK: Final = refund_legs(_WHOLE, none_of(_WHOLE), HALF_MINOR)
_OFFER: Final = AgreedOffer(offer_id=f"ofr_{_DIGITS}", title="满100减20", discount_minor=_DISCOUNT_MINOR)
_PATIENCE: Final = Patience()
_WITHIN: Final = timedelta(seconds=_PATIENCE.reverse_after_s + 2 * _PATIENCE.query_every_s)


def _terms(capture: Capture, offers: tuple[AgreedOffer, ...]) -> Terms:
    return Terms(
        merchant_name="鹏城百货",
        merchant_number="100440353110001",
        store_name="南山店",
        terminal_label="收银台 7",
        partner_no=7,
        fee_basis_points=_BASIS_POINTS,
        code_kind="payment_code",
        capture=capture,
        offers=offers,
    )


def payment(
    state: State,
    *,
    sequence: int = 2,
    reason: str | None = None,
    after_s: int = 1,
    capture: Capture = "automatic",
    **changes: Any,
) -> Payment:
    """The order's payment, `after_s` after it began; what is not said is as of a code shown at the till."""
    offers = () if state is State.REQUIRES_PAYER else (_OFFER,)
    return msgspec.structs.replace(
        Payment(
            partner_id=f"mer_{_DIGITS}",
            id=f"pay_{_DIGITS}",
            merchant_id=f"mer_{_DIGITS}",
            store_id=f"sto_{_DIGITS}",
            terminal_id=f"trm_{_DIGITS}",
            client_id=f"cli_{_DIGITS}",
            merchant_order_no="T7-000123",
            direction="consumer_presented",
            state=state,
            reason=reason,
            sequence=sequence,
            cancel_accepted=False,
            currency="CNY",
            order_minor=_ORDER_MINOR,
            discount_minor=sum(one.discount_minor for one in offers),
            fee_minor=_FEE_MINOR,
            issuer="bank",
            payer_id="wallet-1001",
            refunded_order_minor=0,
            refunded_paid_minor=0,
            refunded_legs=(),
            terms=_terms(capture, offers),
            created_at=_BEGAN,
            updated_at=_BEGAN + timedelta(seconds=after_s),
            expires_at=None,
        ),
        **changes,
    )


def shown(one: Payment) -> wire.Payment:
    """As its merchant sees it."""
    return for_merchant(one, resolved_within=_WITHIN)


def held(state: State, *, sequence: int = 2, **changes: Any) -> Payment:
    """Of an order that is captured by hand."""
    return payment(state, sequence=sequence, capture="manual", **changes)


_PAID: Final = payment(State.SUCCEEDED)
_IN_DOUBT: Final = payment(State.PROCESSING, sequence=1, after_s=0)
_DECLINED: Final = payment(State.DECLINED, reason="insufficient_funds")
_REFUNDED: Final = payment(
    State.SUCCEEDED,
    sequence=4,
    after_s=7_200,
    refunded_order_minor=HALF_MINOR,
    refunded_paid_minor=HALF_BACK.payer_minor,
    refunded_legs=(HALF_BACK.payer_minor, *HALF_BACK.funders_minor, HALF_BACK.fee_minor),
)
_CREATED: Final = payment(
    State.REQUIRES_PAYER,
    sequence=1,
    after_s=0,
    direction="merchant_presented",
    payer_id=None,
    issuer=None,
    expires_at=_SHOWN_UNTIL,
    terms=msgspec.structs.replace(
        _terms("automatic", ()), code_kind="order_code", qr_payload="00020101021226…6304A13A"
    ),
)
_BY_STICKER: Final = payment(State.SUCCEEDED, direction="store_code", merchant_order_no=f"S-{_DIGITS}")
_CANCELED: Final = payment(
    State.CANCELED, sequence=4, after_s=60, reason="canceled_by_merchant", cancel_accepted=True
)
_BEING_CANCELED: Final = payment(
    State.REVERSING, sequence=3, after_s=59, reason="canceled_by_merchant", cancel_accepted=True
)
PAID: Final = shown(_PAID)
BY_STICKER: Final = shown(_BY_STICKER)
# By name, for an operation whose answer may be either.
_ENDED: Final = {"paid": PAID, "declined": shown(_DECLINED)}
_OPEN: Final = {"in_doubt": shown(_IN_DOUBT)}
ASKED: Final = {201: {**_ENDED, "code_to_show": shown(_CREATED)}, 202: _OPEN}
READ: Final = {
    200: {**_ENDED, "refunded_by_half": shown(_REFUNDED), "code_to_show": shown(_CREATED), **_OPEN}
}
CAPTURED: Final = {
    200: {"captured": shown(held(State.SUCCEEDED, sequence=4, after_s=3_600))},
    202: {"in_doubt": shown(held(State.CAPTURING, sequence=3, after_s=3_600))},
}
CANCELED: Final = {200: {"canceled": shown(_CANCELED)}, 202: {"being_undone": shown(_BEING_CANCELED)}}
CONFIRMED: Final = {
    200: {"paid": for_wallet(_PAID), "declined": for_wallet(_DECLINED)},
    202: {"in_doubt": for_wallet(_IN_DOUBT)},
}
BY_STORE_CODE: Final = {201: {"paid": for_wallet(_BY_STICKER)}, 202: CONFIRMED[202]}
SEEN_BY_WALLET: Final = {200: {**CONFIRMED[200], "refunded_by_half": for_wallet(_REFUNDED), **CONFIRMED[202]}}
LISTED: Final = PaymentPage(
    items=[PAID],
    next=None,
    totals=[
        PaymentTotals(
            count=1,
            succeeded=1,
            order=PAID.order,
            discount=PAID.discount,
            paid=PAID.paid,
            fee=PAID.fee,
            refunded=PAID.refunded,
        )
    ],
)
# What webhooks tell, by the state that gives each its name.
TOLD: Final = {
    one.state: shown(one)
    for one in (
        payment(
            State.REQUIRES_CONFIRMATION, sequence=1, after_s=0, reason="step_up", expires_at=_SHOWN_UNTIL
        ),
        _PAID,
        _DECLINED,
        _CANCELED,
        msgspec.structs.replace(
            _CREATED,
            state=State.EXPIRED,
            reason="not_confirmed_in_time",
            sequence=2,
            updated_at=_SHOWN_UNTIL,
            expires_at=None,
        ),
        payment(State.REVERSED, sequence=3, after_s=46, reason="undone_in_doubt"),
        held(State.AUTHORIZED, expires_at=_BEGAN + timedelta(days=7, seconds=1)),
    )
}
