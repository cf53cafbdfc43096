"""Discounts of many payments reserved in one call, as part of the statement that accepts them all.

All or none: what does not fit is reserved alone (`reserving.py`), which finds out what else would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from merchants.offers.bounds import Bound, bounds_of
from merchants.offers.cart import Cart
from merchants.offers.live import LiveOffers
from merchants.offers.offer import moment_of
from merchants.offers.quote import Applied, Quote
from merchants.offers.reservation import Reservation, State
from merchants.offers.reserving import row_of

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one payment would take: its quote, and whom and what it is for."""

    payment_id: str
    cart: Cart
    person_id: str
    quote: Quote
    now: datetime


def may_go_together(live: LiveOffers, quote: Quote) -> bool:
    """Whether only discounts are reserved, and none that depends on what the payer has behind them."""
    return not live.asks_history and len(quote.discounts) == len(quote.applied)


def arguments(wishes: Sequence[Wish]) -> tuple[str, str]:
    """What `merchants.reserve_offers_together` takes: each payment's offers; each counter's sum and each offer once."""
    applied: list[dict[str, Any]] = []
    counters: dict[tuple[str, str, str], dict[str, Any]] = {}
    offers: dict[tuple[str, int], dict[str, Any]] = {}
    for wish in wishes:
        day = moment_of(wish.now).day
        for one in wish.quote.applied:
            bounds = bounds_of(
                one.offer_id, one.limits, wish.cart, wish.person_id, day, discount_minor=one.given_minor
            )
            applied.append(_applied(wish, one, bounds))
            partner_id = wish.cart.partner_id
            offers[one.offer_id, one.version] = {
                "partner_id": partner_id,
                "offer_id": one.offer_id,
                "version": one.version,
            }
            for bound in bounds:
                _count(counters, partner_id, bound)
    once = {"counters": list(counters.values()), "offers": list(offers.values())}
    return _encode(applied).decode(), _encode(once).decode()


def reserved(wish: Wish, left_minor: Mapping[str, int], at: datetime) -> tuple[Reservation, ...]:
    """What the call stored of this payment, by offer id; `left_minor` by offer id, as the call answered it."""
    cart = wish.cart
    return tuple(
        Reservation(
            partner_id=cart.partner_id,
            payment_id=wish.payment_id,
            offer_id=one.offer_id,
            version=one.version,
            state=State.RESERVED,
            merchant_id=cart.merchant_id,
            store_id=cart.store_id,
            person_id=wish.person_id,
            currency=cart.currency,
            form=one.form,
            unit=one.unit,
            order_minor=cart.order_minor,
            discount_minor=one.given_minor,
            returned_minor=0,
            shares=one.funders,
            shares_returned_minor=(0,) * len(one.funders),
            refund_returns=one.offer.deal.budgets.refund_returns,
            reserved_at=at,
            settled_at=None,
            left_minor=left_minor[one.offer_id],
        )
        for one in sorted(wish.quote.applied, key=lambda one: one.offer_id)
    )


def _applied(wish: Wish, one: Applied, bounds: Sequence[Bound]) -> dict[str, Any]:
    cart = wish.cart
    return {
        **row_of(one, [bound.scope for bound in bounds], [bound.key for bound in bounds]),
        "partner_id": cart.partner_id,
        "payment_id": wish.payment_id,
        "merchant_id": cart.merchant_id,
        "store_id": cart.store_id,
        "person_id": wish.person_id,
        "currency": cart.currency,
        "order_minor": cart.order_minor,
    }


def _count(counters: dict[tuple[str, str, str], dict[str, Any]], partner_id: str, bound: Bound) -> None:
    row = counters.get((bound.offer_id, bound.scope, bound.key))
    if row is not None:
        row["minor"] += bound.minor
        row["uses"] += 1
        return
    counters[bound.offer_id, bound.scope, bound.key] = {
        "partner_id": partner_id,
        "offer_id": bound.offer_id,
        "scope": bound.scope,
        "key": bound.key,
        "minor": bound.minor,
        "uses": 1,
        "limit_minor": bound.limit_minor,
        "limit_uses": bound.limit_uses,
    }
