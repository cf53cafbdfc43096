"""Co-branded offers inside a payment: quoted, reserved at accept, and settled by the payment's own transitions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from gateway.payments import credits_back, earned
from gateway.payments.credit import CreditBack
from gateway.payments.errors import OffersJustChanged
from gateway.payments.needs import Needs
from gateway.payments.payment import REVERSAL_REFUSED, AgreedOffer, Payment, Refund, State
from gateway.transfers.transfer import Connection
from gateway.wallet.core import Leg
from merchants.offers import partial, reservations, reserving, rights
from merchants.offers import quote as quotes
from merchants.offers.cart import NEWCOMER, Cart
from merchants.offers.errors import OffersChanging
from merchants.offers.events import DiscountEvent, of_discounts
from merchants.offers.giving import Form
from merchants.offers.quote import Applied, Quote
from merchants.offers.reservation import Reservation
from merchants.offers.reservation import State as Reserved
from merchants.offers.terms import Points, plain
from merchants.payer import PayerFacts
from webhooks.event import NewEvent


async def quote(needs: Needs, conn: Connection, *, cart: Cart, payer: PayerFacts, now: datetime) -> Quote:
    """What this payer would get now; reserves nothing."""
    live = await needs.catalog.live(conn, cart.partner_id)
    room = await reserving.room(conn, live.offers, cart, payer.person, now)
    history = await rights.of_payer(conn, cart, payer) if live.asks_history else NEWCOMER
    return quotes.best(live, cart, payer, now, room=room, history=history)


def agreed(one: Applied) -> AgreedOffer:
    """An applied offer as the payment keeps it."""
    if one.form is Form.DISCOUNT:
        return AgreedOffer(
            offer_id=one.offer_id, title=one.offer.deal.name, discount_minor=one.discount_minor
        )
    given = plain(one.offer.deal.terms)
    return AgreedOffer(
        offer_id=one.offer_id,
        title=one.offer.deal.name,
        discount_minor=0,
        form=one.form,
        given=one.given_minor,
        unit=one.unit,
        points_worth_minor=given.worth_minor if isinstance(given, Points) else 0,
    )


def left_of(one: AgreedOffer, left: int) -> AgreedOffer:
    """What is left of it once less was captured than was agreed."""
    if one.form is Form.DISCOUNT:
        return replace(one, discount_minor=left)
    return replace(one, given=left)


async def reserve_best(
    needs: Needs,
    conn: Connection,
    *,
    payment_id: str,
    offers_version: int,
    cart: Cart,
    payer: PayerFacts,
    now: datetime,
) -> Quote:
    """Claim the best result for a payment, in its accept.

    Raises:
        OffersJustChanged: the partner's offers changed again and again meanwhile.
    """
    try:
        return await reserving.reserve_best(
            conn,
            catalog=needs.catalog,
            offers_version=offers_version,
            payment_id=payment_id,
            cart=cart,
            payer=payer,
            now=now,
        )
    except OffersChanging as error:
        raise OffersJustChanged from error


async def settle(conn: Connection, payment: Payment, *, told_before: bool = False) -> list[NewEvent]:
    """Redeem what a payment reserved when the money moved; give it back when it never will, or was undone.

    What it holds while it waits is told once (`told_before`): whoever adds events up would count it twice.
    Returns what merchant and funders are told of it, to be published with the payment's own events.
    """
    if not payment.terms.offers:
        return []
    owner = {"partner_id": payment.partner_id, "payment_id": payment.id}
    match payment.state:
        case State.REQUIRES_CONFIRMATION | State.AUTHORIZED:
            # Told only here: everywhere else a reservation's end follows within seconds.
            if told_before:
                return []
            return _told("discount.reserved", await reservations.of_payment(conn, **owner), payment)
        case State.SUCCEEDED:
            return await _redeem(conn, payment)
        case State.DECLINED | State.EXPIRED | State.CANCELED | State.REVERSED:
            released = await reservations.release(conn, **owner)
            if released:
                return _told("discount.released", released, payment)
            # It had succeeded and was undone: nothing is reserved any more, all was redeemed.
            beside = credits_back.shares(await _undone(conn, payment))
            back = await reservations.give_back(conn, **owner, funders=_funders(payment, None), beside=beside)
            return _told("discount.clawed_back", back, payment)
        case _:
            return []


async def _redeem(conn: Connection, payment: Payment) -> list[NewEvent]:
    """A payment that the core charged against our word is given back at once: nothing but its discount was given.

    Its refund was drawn up before this, and knows of discounts alone.
    """
    owner = {"partner_id": payment.partner_id, "payment_id": payment.id}
    told: list[NewEvent] = []
    if payment.reason == REVERSAL_REFUSED:
        told += _told(
            "discount.released", await reservations.release_all_but_discounts(conn, **owner), payment
        )
    redeemed = await reservations.commit(conn, **owner)
    await earned.owe(conn, redeemed, {payment.id: payment})
    return told + _told("discount.redeemed", redeemed, payment)


async def _undone(conn: Connection, payment: Payment) -> list[CreditBack]:
    """All that was given beside the discount: credits come back from the wallet, a fee was never taken."""
    backs = await earned.undo(conn, payment)
    for one in await reservations.of_payment(conn, partner_id=payment.partner_id, payment_id=payment.id):
        if one.form is Form.FEE and one.state is Reserved.REDEEMED:
            backs.append(
                CreditBack(
                    offer_id=one.offer_id,
                    form=one.form,
                    unit=one.unit,
                    accounts=tuple(share.account for share in one.shares),
                    parts=tuple(share.amount_minor for share in one.shares),
                )
            )
    return backs


async def shrink(conn: Connection, payment: Payment, legs: Sequence[Leg]) -> dict[str, int]:
    """Less than was agreed is captured, by these legs: the discount left of each offer, the rest given back."""
    owner = {"partner_id": payment.partner_id, "payment_id": payment.id}
    funders: Counter[str] = Counter()
    for leg in legs:
        if leg.role == "funder":
            funders[leg.source] += leg.amount_minor
    order_minor = sum(leg.amount_minor for leg in legs if leg.role != "fee")
    left = await partial.shrink(conn, **owner, order_minor=order_minor, funders=funders)
    return {one.offer_id: one.discount_minor for one in left if one.state is not Reserved.RELEASED}


async def redeem_all(conn: Connection, succeeded: Sequence[Payment]) -> list[NewEvent]:
    """Redeem what several payments reserved, in one statement."""
    by_id = {one.id: one for one in succeeded if one.terms.offers}
    if not by_id:
        return []
    redeemed = await reservations.commit_all(conn, [(one.partner_id, one.id) for one in by_id.values()])
    await earned.owe(conn, redeemed, by_id)
    return [event for one in redeemed for event in _told("discount.redeemed", [one], by_id[one.payment_id])]


async def meet(conn: Connection, succeeded: Sequence[Payment]) -> None:
    """Remember who paid: whether a payment is a person's first is asked of later ones.

    One that is given back because its reversal was refused is nobody's first.
    """
    met = [
        (one.partner_id, one.terms.payer.person, one.id)
        for one in succeeded
        if one.terms.payer is not None and one.reason != REVERSAL_REFUSED
    ]
    await rights.meet(conn, met)


async def claw_back(conn: Connection, payment: Payment, refund: Refund) -> list[NewEvent]:
    """A refund is final: funders got their part back, and so do budgets where the offer says so."""
    if not payment.terms.offers:
        return []
    back = await reservations.give_back(
        conn,
        partner_id=payment.partner_id,
        payment_id=payment.id,
        funders=_funders(payment, refund),
        beside=credits_back.shares(refund.credits_back),
    )
    await earned.take_back(conn, payment, refund.credits_back)
    return _told("discount.clawed_back", back, payment, refund_id=refund.id)


def _told(
    kind: DiscountEvent, done: Iterable[Reservation], payment: Payment, *, refund_id: str | None = None
) -> list[NewEvent]:
    return of_discounts(
        kind, done, sequence=payment.sequence, occurred_at=payment.updated_at, refund_id=refund_id
    )


def _funders(payment: Payment, refund: Refund | None) -> dict[str, int]:
    """By account, what goes back to each funder: a refund's part, or everything."""
    legs = payment.terms.legs
    amounts = [leg.amount_minor for leg in legs] if refund is None else refund.legs
    back: Counter[str] = Counter()
    for leg, amount in zip(legs, amounts, strict=True):
        if leg.role == "funder" and amount > 0:
            back[leg.source] += amount
    return dict(back)
