"""A payment's claim on offers, made: the best result that fits, in the payment's own accept.

Reserving is one call that takes all or nothing; when a budget turns out to be short, what is left is read and the next
best combination tried, so a payer is refused no discount that still fits. After a few lost races everything that
decides is held, and that try cannot lose. Locks: a person's rights, then reservations, then counters (by offer, scope
and key), then offers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import rights, sql
from merchants.offers.bounds import as_json, bounds_of, rooms
from merchants.offers.cart import NEWCOMER, Cart
from merchants.offers.catalog import Catalog
from merchants.offers.errors import OffersChanging
from merchants.offers.giving import Form
from merchants.offers.live import LiveOffers, Room
from merchants.offers.offer import Offer, limits_of, moment_of
from merchants.offers.quote import Applied, Quote, best
from merchants.offers.reason import AT_LIMIT
from merchants.payer import PayerFacts

# Read what is left twice without holding it: nearly always enough, and nobody waits for us.
_TRIES_WITHOUT_HOLD = 2
# Afterwards only a change of the offers themselves can come between, or a right that runs out in this moment.
_TRIES = 6


class Outcome(StrEnum):
    """What became of the wish to reserve a quote; only of the first is anything claimed."""

    RESERVED = "reserved"
    SHORT = "short"
    CHANGED = "changed"


async def reserve_best(
    conn: PoolConnectionProxy,
    *,
    catalog: Catalog,
    offers_version: int,
    payment_id: str,
    cart: Cart,
    payer: PayerFacts,
    now: datetime,
) -> Quote:
    """Claim the best result for this payment; call it last in accept, for budgets stay locked until commit.

    Raises:
        OffersChanging: the partner's offers changed again and again meanwhile.
    """
    live = await catalog.live(conn, cart.partner_id, version=offers_version)
    wish = _Wish(payment_id=payment_id, cart=cart, payer=payer, now=now)
    known: Mapping[str, Room] = {}
    for attempt in range(_TRIES):
        if attempt < _TRIES_WITHOUT_HOLD:
            quote, outcome = await _try(conn, live, wish, known)
        else:
            quote, outcome = await _try_holding(conn, live, wish)
        if outcome is Outcome.RESERVED:
            return quote
        if outcome is Outcome.CHANGED:
            catalog.forget(cart.partner_id)
            live = await catalog.live(conn, cart.partner_id)
        if attempt + 1 < _TRIES_WITHOUT_HOLD:
            known = await room(conn, _may_apply(live, quote), cart, payer.person, now)
    raise OffersChanging


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Whom and what something is reserved for."""

    payment_id: str
    cart: Cart
    payer: PayerFacts
    now: datetime

    async def quote(self, conn: PoolConnectionProxy, live: LiveOffers, known: Mapping[str, Room]) -> Quote:
        history = await rights.of_payer(conn, self.cart, self.payer) if live.asks_history else NEWCOMER
        return best(live, self.cart, self.payer, self.now, room=known, history=history)


async def _try(
    conn: PoolConnectionProxy, live: LiveOffers, wish: _Wish, known: Mapping[str, Room]
) -> tuple[Quote, Outcome]:
    quote = await wish.quote(conn, live, known)
    outcome = await reserve(
        conn, payment_id=wish.payment_id, quote=quote, cart=wish.cart, payer=wish.payer, now=wish.now
    )
    return quote, outcome


async def _try_holding(conn: PoolConnectionProxy, live: LiveOffers, wish: _Wish) -> tuple[Quote, Outcome]:
    """With everything held that decides: rights, then counters; all is let go where it fails after all."""
    held = conn.transaction()
    await held.start()
    if live.asks_history:
        await rights.hold(conn, wish.payer)
    wanted = _may_apply(live, await wish.quote(conn, live, {}))
    known = await room(conn, wanted, wish.cart, wish.payer.person, wish.now, hold=True)
    quote, outcome = await _try(conn, live, wish, known)
    await (held.commit() if outcome is Outcome.RESERVED else held.rollback())
    return quote, outcome


async def reserve(
    conn: PoolConnectionProxy,
    *,
    payment_id: str,
    quote: Quote,
    cart: Cart,
    payer: PayerFacts,
    now: datetime,
) -> Outcome:
    """Claim exactly this quote, all of it or nothing, in one round trip (none when no offer applies).

    A coupon or a first purchase takes a round trip more: whoever loses the race for one looks again.
    """
    if not quote.applied:
        return Outcome.RESERVED
    if not await rights.reserve(conn, payment_id=payment_id, quote=quote, cart=cart, payer=payer):
        return Outcome.SHORT
    outcome = await _reserve(conn, payment_id=payment_id, quote=quote, cart=cart, payer=payer, now=now)
    if outcome is not Outcome.RESERVED:
        await rights.give_back(conn, payment_id=payment_id, quote=quote, cart=cart, payer=payer)
    return outcome


async def _reserve(
    conn: PoolConnectionProxy,
    *,
    payment_id: str,
    quote: Quote,
    cart: Cart,
    payer: PayerFacts,
    now: datetime,
) -> Outcome:
    day = moment_of(now).day
    bounds = [
        bounds_of(one.offer_id, one.limits, cart, payer.person, day, discount_minor=one.given_minor)
        for one in quote.applied
    ]
    outcome = await sql.reserve(
        conn,
        partner_id=cart.partner_id,
        payment_id=payment_id,
        merchant_id=cart.merchant_id,
        store_id=cart.store_id,
        person_id=payer.person,
        currency=cart.currency,
        order_minor=cart.order_minor,
        applied=msgspec.json.encode(
            [
                row_of(one, [bound.scope for bound in own], [bound.key for bound in own])
                for one, own in zip(quote.applied, bounds, strict=True)
            ]
        ).decode(),
        bounds=as_json(bound for own in bounds for bound in own),
    )
    return Outcome(outcome)


async def room(
    conn: PoolConnectionProxy,
    offers: Sequence[Offer],
    cart: Cart,
    person: str | None,
    now: datetime,
    *,
    hold: bool = False,
) -> Mapping[str, Room]:
    """What these offers have left for this cart and person; held until the transaction ends if asked."""
    day = moment_of(now).day
    bounds = as_json(
        bound for offer in offers for bound in bounds_of(offer.id, limits_of(offer.deal), cart, person, day)
    )
    read = sql.hold_counters if hold else sql.read_counters
    return rooms(offers, await read(conn, partner_id=cart.partner_id, bounds=bounds))


def _may_apply(live: LiveOffers, quote: Quote) -> Sequence[Offer]:
    """The offers meant for this cart and payer, whatever they have left."""
    outside = {one.offer_id for one in quote.looked_at if one.reason not in AT_LIMIT}
    return [offer for offer in live.offers if offer.id not in outside]


def row_of(one: Applied, scopes: list[str], keys: list[str]) -> dict[str, object]:
    """What is stored of an offer's part in a payment, as PostgreSQL's `jsonb_to_recordset` takes it."""
    row: dict[str, object] = {
        "offer_id": one.offer_id,
        "version": one.version,
        "discount_minor": one.given_minor,
        "accounts": [share.account for share in one.funders],
        "tenants": [share.tenant for share in one.funders],
        "shares_minor": [share.amount_minor for share in one.funders],
        "scopes": scopes,
        "keys": keys,
        "refund_returns": one.offer.deal.budgets.refund_returns,
    }
    if one.form is not Form.DISCOUNT:
        row |= {"form": one.form, "unit": one.unit}
    right = rights.used_up_by(one)
    return row if right is None else row | {"rights": right}
