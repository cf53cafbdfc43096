"""A payment's claim on offers: reserved at accept, redeemed or released at conclude, given back by refunds.

Everything runs inside the payment's own transactions. Reserving is one call that takes all or nothing; when a
budget turns out to be short, what is left is read and the next best combination tried, so a payer is refused
no discount that still fits. After a few lost races the counters are read under lock, and the next try cannot
lose. Counters hold what is reserved and redeemed alike: redeeming touches no hot row.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import budgets, rights, sql
from merchants.offers.bounds import as_json, bounds_of, rooms
from merchants.offers.cart import NEWCOMER, Cart
from merchants.offers.catalog import Catalog
from merchants.offers.clawback import spread
from merchants.offers.errors import OffersChanging
from merchants.offers.giving import Form
from merchants.offers.live import LiveOffers, Room
from merchants.offers.offer import Offer, moment_of
from merchants.offers.quote import Applied, Quote, best
from merchants.offers.reason import AT_LIMIT
from merchants.offers.reservation import Reservation, State, reservations_of
from merchants.payer import PayerFacts

# Read what is left twice without holding it: nearly always enough, and nobody waits for us.
_TRIES_WITHOUT_HOLD = 2
# Afterwards only a change of the offers themselves can come between, which takes people.
_TRIES = 6


_BESIDE = sorted(set(Form) - {Form.DISCOUNT})

# Offer, account, and what of its share in it goes back.
Share = tuple[str, str, int]


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
    known: Mapping[str, Room] = {}
    for attempt in range(_TRIES):
        history = await rights.of_payer(conn, cart, payer) if live.asks_history else NEWCOMER
        quote = best(live, cart, payer, now, room=known, history=history)
        outcome = await reserve(conn, payment_id=payment_id, quote=quote, cart=cart, payer=payer, now=now)
        if outcome is Outcome.RESERVED:
            return quote
        if outcome is Outcome.CHANGED:
            catalog.forget(cart.partner_id)
            live = await catalog.live(conn, cart.partner_id)
        hold = attempt + 1 >= _TRIES_WITHOUT_HOLD
        wanted = _may_apply(live, quote)
        known = await room(conn, wanted, cart, payer.person, now, hold=hold)
    raise OffersChanging


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
        bounds_of(one.offer, cart, payer.person, day, discount_minor=one.given_minor) for one in quote.applied
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
    bounds = as_json(bound for offer in offers for bound in bounds_of(offer, cart, person, day))
    read = sql.hold_counters if hold else sql.read_counters
    return rooms(offers, await read(conn, partner_id=cart.partner_id, bounds=bounds))


async def commit(conn: PoolConnectionProxy, *, partner_id: str, payment_id: str) -> tuple[Reservation, ...]:
    """The payment succeeded: its discounts are redeemed. Answers them once, nothing the second time."""
    rows = await sql.settle(conn, partner_id=partner_id, payment_id=payment_id, state=State.REDEEMED)
    return reservations_of(rows)


async def commit_all(
    conn: PoolConnectionProxy, payments: Sequence[tuple[str, str]]
) -> tuple[Reservation, ...]:
    """Likewise for several payments, each named by partner and id."""
    return reservations_of(await sql.redeem_all(conn, payments))


async def release(conn: PoolConnectionProxy, *, partner_id: str, payment_id: str) -> tuple[Reservation, ...]:
    """The payment ended otherwise: budgets and caps get everything back, once."""
    rows = await sql.settle(conn, partner_id=partner_id, payment_id=payment_id, state=State.RELEASED)
    return await _released(conn, rows, partner_id=partner_id, payment_id=payment_id)


async def release_all_but_discounts(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> tuple[Reservation, ...]:
    """The payment succeeded only to be refunded at once: it earns nothing, and spares the merchant nothing."""
    rows = await sql.settle(
        conn, partner_id=partner_id, payment_id=payment_id, state=State.RELEASED, forms=_BESIDE
    )
    return await _released(conn, rows, partner_id=partner_id, payment_id=payment_id)


async def give_back(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    funders: Mapping[str, int],
    beside: Sequence[Share] = (),
) -> tuple[Reservation, ...]:
    """A refund is final: funders got these amounts back, and so do budgets where the offer says so.

    A person's use comes back with the last minor unit of the discount. Call it once a refund, with the
    conditional transition that concludes it and the payment's row held.

    Args:
        conn: in that transition's transaction.
        partner_id: whose payment.
        payment_id: what is refunded.
        funders: by account, what the refund's legs gave back of discounts; an account that funds several offers gets
            it for each in proportion.
        beside: what goes back of what was given in another form.
    """
    before = await of_payment(conn, partner_id=partner_id, payment_id=payment_id)
    back = [*_shares_back(before, funders), *beside]
    if not back:
        return ()
    rows = await sql.return_shares(
        conn,
        partner_id=partner_id,
        payment_id=payment_id,
        offer_ids=[offer_id for offer_id, _, _ in back],
        accounts=[account for _, account, _ in back],
        amounts_minor=[amount for _, _, amount in back],
    )
    returning = [one for one in reservations_of(rows) if one.refund_returns]
    await sql.return_to_counters(
        conn,
        partner_id=partner_id,
        payment_id=payment_id,
        offer_ids=[one.offer_id for one in returning],
        amounts_minor=[sum(amount for to, _, amount in back if to == one.offer_id) for one in returning],
        uses=[int(one.returned_minor == one.discount_minor) for one in returning],
    )
    await budgets.revive(
        conn, partner_id=partner_id, offer_ids=[one.offer_id for one in returning], now=datetime.now(UTC)
    )
    touched = {offer_id for offer_id, _, _ in back}
    after = await of_payment(conn, partner_id=partner_id, payment_id=payment_id)
    return tuple(one for one in after if one.offer_id in touched)


async def of_payment(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> tuple[Reservation, ...]:
    """What a payment took of which offers, by offer id."""
    return reservations_of(await sql.reservations(conn, partner_id=partner_id, payment_id=payment_id))


async def _released(
    conn: PoolConnectionProxy, rows: Sequence[asyncpg.Record], *, partner_id: str, payment_id: str
) -> tuple[Reservation, ...]:
    if not rows:
        return ()
    await sql.return_to_counters(
        conn,
        partner_id=partner_id,
        payment_id=payment_id,
        offer_ids=[row["offer_id"] for row in rows],
        amounts_minor=[row["discount_minor"] for row in rows],
        uses=[1 for _ in rows],
    )
    released = {row["offer_id"] for row in rows}
    after = await of_payment(conn, partner_id=partner_id, payment_id=payment_id)
    return tuple(one for one in after if one.offer_id in released)


def _shares_back(reservations: Sequence[Reservation], funders: Mapping[str, int]) -> list[Share]:
    """What each account got back, in proportion to its shares of the offers."""
    back: list[Share] = []
    for account, amount_minor in funders.items():
        paid = [
            (one.offer_id, share.amount_minor, returned)
            for one in reservations
            if one.form is Form.DISCOUNT
            for share, returned in zip(one.shares, one.shares_returned_minor, strict=True)
            if share.account == account
        ]
        parts = spread([total for _, total, _ in paid], [had for _, _, had in paid], amount_minor)
        back += [
            (offer_id, account, part) for (offer_id, _, _), part in zip(paid, parts, strict=True) if part
        ]
    return back


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
