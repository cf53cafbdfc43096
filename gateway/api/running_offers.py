"""Offers that run: either side pauses or ends them, figures say what they did, a quote what they would do."""

from asyncpg.pool import PoolConnectionProxy

from gateway.api import offer_showing
from gateway.api.offers import do, replay_offer, who
from gateway.api.payments import partner_of, payee, store_asked_for
from gateway.door.operation import Answer, Call, operation
from gateway.payments.legs import fee_minor
from gateway.wire import offer_figures as figure_wire
from gateway.wire import offers as wire
from gateway.wire.money import PositiveAmount
from merchants.errors import MerchantNotActive, MerchantNotFound, StoreClosed, StoreNotFound, TerminalRetired
from merchants.merchant import paying_context
from merchants.offers import figures, life, reserving, running
from merchants.offers.cart import Cart, History, Line
from merchants.offers.errors import OfferIsOver, OfferNotFound, OfferStateForbids, TooManyLiveOffers
from merchants.offers.offer import Offer
from merchants.offers.quote import best
from merchants.payer import PayerFacts


@operation(
    "POST",
    "/v1/offers/{offer_id}/pause",
    summary="Pause an offer at once",
    scope="offers",
    idempotent=True,
    replay=replay_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="Sold out"),
)
async def pause_offer(call: Call[wire.StateChange]) -> Answer:
    """No payment gets it from now on; one that has reserved it keeps its discount."""
    return await do(
        call, lambda conn: running.pause(conn, reason=call.body.reason, side="partner", **who(call))
    )


@operation(
    "POST",
    "/v1/offers/{offer_id}/resume",
    summary="Resume an offer",
    scope="offers",
    idempotent=True,
    replay=replay_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids, OfferIsOver, TooManyLiveOffers),
)
async def resume_offer(call: Call[None]) -> Answer:
    """Take your pause back; it runs again unless the bank wants it paused too."""
    return await do(call, lambda conn: running.resume(conn, side="partner", **who(call)))


@operation(
    "POST",
    "/v1/offers/{offer_id}/end",
    summary="End an offer for good",
    scope="offers",
    idempotent=True,
    replay=replay_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="The season is over"),
)
async def end_offer(call: Call[wire.StateChange]) -> Answer:
    """No payment gets it any more; one that has reserved it keeps its discount."""
    return await do(call, lambda conn: running.end(conn, reason=call.body.reason, **who(call)))


@operation(
    "GET",
    "/v1/offers/{offer_id}/figures",
    summary="Read an offer's figures",
    scope="offers",
    answers={200: figure_wire.Figures},
    problems=(OfferNotFound,),
)
async def get_offer_figures(call: Call[None, figure_wire.FiguresFilter]) -> Answer:
    """Live, from the rows the money moves by; of one store alone where it is asked for."""
    return await figures_of(call, partner_id=call.caller.tenant)


@operation(
    "POST",
    "/v1/offers/quote",
    summary="Ask what a payer would get",
    scope="query",
    answers={200: figure_wire.Quote},
    problems=(MerchantNotFound, MerchantNotActive, StoreNotFound, StoreClosed, TerminalRetired),
    example=figure_wire.QuoteRequest(amount=PositiveAmount(amount_minor=12_800, currency="CNY")),
)
async def quote_offers(call: Call[figure_wire.QuoteRequest]) -> Answer:
    """The best result now, with a reason for each offer left out; reserves nothing."""
    caller, asked = call.caller, call.body
    partner_id = partner_of(caller)
    async with call.parts.pool.acquire() as conn:
        place = await paying_context(
            conn,
            partner_id=partner_id,
            merchant_id=payee(caller, asked.merchant_id),
            terminal_id=caller.terminal_id,
            store_id=store_asked_for(caller, asked.store_id),
        )
        cart = Cart(
            partner_id=partner_id,
            merchant_id=place.merchant_id,
            store_id=place.store_id,
            order_minor=asked.amount.amount_minor,
            currency=asked.amount.currency,
            code_kind=asked.code_kind,
            fee_minor=fee_minor(asked.amount.amount_minor, place.fee_basis_points),
            lines=tuple(
                Line(sku=one.sku, amount_minor=one.amount_minor, category=one.category) for one in asked.items
            ),
            member_no=asked.membership_no,
        )
        live = await call.parts.catalog.live(conn, partner_id, version=place.offers_version)
        room = await reserving.room(conn, live.offers, cart, None, call.now)
    payer = PayerFacts(id="", person_id="", issuer="", segments=tuple(asked.segments))
    history = History(known_to=frozenset(asked.known_to), coupons=dict.fromkeys(asked.holds_coupons, ""))
    found = best(live, cart, payer, call.now, room=room, history=history)
    return Answer(200, offer_showing.quote(found, as_of=call.now))


async def figures_of(call: Call[None, figure_wire.FiguresFilter], *, partner_id: str | None) -> Answer:
    """An offer's figures, for its partner; for the bank (None) anybody's."""
    async with call.parts.pool.acquire() as conn:
        found = await life.find(conn, partner_id=partner_id, offer_id=call.path["offer_id"])
        return await figures_shown(call, conn, found.offer)


async def figures_shown(
    call: Call[None, figure_wire.FiguresFilter], conn: PoolConnectionProxy, offer: Offer
) -> Answer:
    """What an offer did, by its one version of the truth, whoever may see it."""
    found = await figures.of_offer(
        conn, partner_id=offer.partner_id, offer_id=offer.id, now=call.now, store_id=call.query.store_id
    )
    return Answer(200, offer_showing.figures(found, offer=offer, as_of=call.now))
