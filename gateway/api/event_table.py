"""Every kind of webhook there is, for `openapi.yaml`; a test holds what is really sent to it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.api import payment_examples
from gateway.api.payment_examples import HALF_BACK
from gateway.checkout.view import REASONS
from gateway.door.openapi import Event
from gateway.payments.payment import State
from gateway.wire.checkout_events import CheckoutEvent
from gateway.wire.client_events import KeyResetEvent
from gateway.wire.merchant_events import ApplicationEvent, MerchantEvent
from gateway.wire.offer_events import DiscountEvent, OfferEvent
from gateway.wire.payment_events import PaymentEvent, RefundEvent
from gateway.wire.webhook_events import EndpointEvent, Ping


def _told(
    body: type,
    subject: str,
    summaries: Mapping[str, str],
    *,
    state_at: tuple[str, ...],
    **shows: Any,
) -> list[Event]:
    """One event a happening; the example of each shows the state that gives it its name."""
    *place, state = state_at
    return [
        Event(
            type=f"{subject}.{name}",
            summary=summary,
            body=body,
            shows=_nested(place, {state: name, **shows}),
        )
        for name, summary in summaries.items()
    ]


def _nested(place: list[str], members: Mapping[str, Any]) -> Mapping[str, Any]:
    """`{"data": {"offer": members}}` for the place `["data", "offer"]`."""
    return {place[0]: _nested(place[1:], members)} if place else members


def _cny(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "CNY"}


# 128.00 with 20.00 off.
_ORDER: dict[str, Any] = {"order": _cny(12_800), "discount": _cny(2_000)}


def _payment_event(name: str, summary: str) -> Event:
    """Its example is the payment whole, as a reading of it would show."""
    payment = payment_examples.TOLD[State(name)]
    data = {"sequence": payment.sequence, "payment": msgspec.to_builtins(payment)}
    return Event(type=f"payment.{name}", summary=summary, body=PaymentEvent, shows={"data": data})


_PAYMENTS = [
    _payment_event("requires_confirmation", "The payer has to confirm in the wallet"),
    _payment_event("succeeded", "A payment succeeded"),
    _payment_event("declined", "A payment was declined"),
    _payment_event("canceled", "A payment was canceled; the payer is not charged"),
    _payment_event("expired", "Nobody paid, confirmed or captured in time"),
    _payment_event("reversed", "A payment in doubt was undone; the payer is not charged"),
    _payment_event("authorized", "An amount is held and waits to be captured"),
]
_REFUNDS = _told(
    RefundEvent,
    "refund",
    {
        "succeeded": "A refund reached the payer",
        "failed": "A refund failed; what it claimed may be refunded anew",
    },
    state_at=("data", "refund", "state"),
    merchant_refund_no="T7-000123-R1",
    shares={
        "order": _cny(HALF_BACK.order_minor),
        "to_payer": _cny(HALF_BACK.payer_minor),
        "deducted": _cny(0),
        "to_funders": _cny(sum(HALF_BACK.funders_minor)),
        "fee_returned": _cny(HALF_BACK.fee_minor),
        "taken": [],
    },
)
_CHECKOUTS = [
    Event(
        type="checkout.completed",
        summary="A checkout session was paid",
        body=CheckoutEvent,
        shows=_nested(
            ["data", "checkout"],
            {
                "state": "completed",
                "reason": None,
                "merchant_order_no": "W-2026-000123",
                "amount": _cny(12_800),
                "discount": _cny(2_000),
                "paid": _cny(10_800),
            },
        ),
    ),
    Event(
        type="checkout.expired",
        summary="A checkout session will not be paid any more",
        body=CheckoutEvent,
        shows=_nested(
            ["data", "checkout"],
            {
                "state": "expired",
                "reason": {"code": "not_paid_in_time", "detail": REASONS["not_paid_in_time"]},
                "merchant_order_no": "W-2026-000123",
                "amount": _cny(12_800),
                "discount": None,
                "paid": None,
            },
        ),
    ),
]
_FUNDERS_VIEW = {
    "audience": "funder",
    "shares": [{"account": "bank:offers", "share": _cny(2_000), "clawed_back": _cny(0)}],
    "budget_left": _cny(5_000_000),
    "budget_left_as_of": "2026-01-05T01:30:00Z",
}
_DISCOUNT: dict[str, Any] = {**_ORDER, "clawed_back": _cny(0)}
_DISCOUNTS = [
    Event(
        type="discount.reserved",
        summary="A payment under way holds a discount",
        body=DiscountEvent,
        shows={"data": {"state": "reserved", **_DISCOUNT}},
    ),
    Event(
        type="discount.redeemed",
        summary="A payment succeeded with a discount",
        body=DiscountEvent,
        shows={"data": {"state": "redeemed", **_DISCOUNT, **_FUNDERS_VIEW}},
    ),
    Event(
        type="discount.released",
        summary="A reserved discount was not used",
        body=DiscountEvent,
        shows={"data": {"state": "released", **_DISCOUNT}},
    ),
    Event(
        type="discount.clawed_back",
        summary="A refund took discount back",
        body=DiscountEvent,
        shows={
            "data": {
                "state": "redeemed",
                **_ORDER,
                "clawed_back": _cny(1_000),
                "refund_id": "ref_01939e7c5b7a7c3f9d2e4a6b00000007",
            }
        },
    ),
]
_OFFERS = [
    *_told(
        OfferEvent,
        "offer",
        {
            "proposed": "An offer was proposed to the bank",
            "countered": "The bank answered with a version of its own",
            "agreed": "Both sides accepted the same version",
            "live": "Payments get the offer from now on",
            "paused": "No payment gets the offer for now",
            "exhausted": "The budget is used up; no payment gets the offer",
            "ended": "No payment gets the offer any more",
        },
        state_at=("data", "state"),
        name="满100减20",
        paused_by=[],
    ),
    Event(
        type="offer.funding_withdrawn",
        summary="A third party took its share of the offer back",
        body=OfferEvent,
        shows={
            "data": {
                "state": "proposed",
                "name": "满100减20",
                "paused_by": [],
                "withdrawn": ["mer_01939e7c5b7a7c3f9d2e4a6b00000009"],
            }
        },
    ),
    Event(
        type="offer.budget_80",
        summary="Four fifths of the budget are used",
        body=OfferEvent,
        shows={"data": {"state": "live", "name": "满100减20", "paused_by": []}},
    ),
]
_APPLICATIONS = _told(
    ApplicationEvent,
    "merchant",
    {
        "submitted": "An application was submitted",
        "needs_more_info": "The bank asks for more",
        "to_be_verified": "Approved; two credits are on their way to the settlement account",
        "to_be_signed": "Approved; the agreement waits for your signature",
        "approved": "An application was approved",
        "rejected": "An application was rejected",
        "withdrawn": "You withdrew an application",
        "expired": "An application waited for you too long",
    },
    state_at=("data", "status"),
)
_STANDING = [
    Event(
        type="merchant.activated",
        summary="A merchant may be paid from now on",
        body=MerchantEvent,
        shows={"data": {"status": "active"}},
    ),
    Event(
        type="merchant.suspended",
        summary="A merchant is not paid until further notice",
        body=MerchantEvent,
        shows={"data": {"status": "suspended"}},
    ),
    Event(
        type="merchant.closed",
        summary="A merchant is closed for good",
        body=MerchantEvent,
        shows={"data": {"status": "closed"}},
    ),
    Event(
        type="merchant.changed",
        summary="A change of a merchant's record is live",
        body=MerchantEvent,
        shows={"data": {"status": "active", "reason": "changed: settlement"}},
    ),
]
_KEYS = [
    Event(
        type="client.keys_reset",
        summary="The bank ended all keys of a client of yours",
        body=KeyResetEvent,
        shows={"data": {"state": "confirmed", "key_id": None}},
    ),
    Event(
        type="client.key_enrolled",
        summary="A client whose keys were reset has a new one",
        body=KeyResetEvent,
        shows={"data": {"state": "enrolled"}},
    ),
]
_WEBHOOKS = [
    Event(
        type="endpoint.disabled",
        summary="Nothing is sent to an endpoint until you recover it",
        body=EndpointEvent,
    ),
    Event(type="ping", summary="A test that you asked for", body=Ping),
]

EVENTS: tuple[Event, ...] = (
    *_APPLICATIONS,
    *_STANDING,
    *_PAYMENTS,
    *_REFUNDS,
    *_CHECKOUTS,
    *_DISCOUNTS,
    *_OFFERS,
    *_KEYS,
    *_WEBHOOKS,
)
