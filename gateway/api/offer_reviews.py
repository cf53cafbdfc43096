"""Offers, for the bank's people: they accept, counter or reject what partners propose, and pause what runs."""

from typing import Any

from gateway.api import offer_showing, showing
from gateway.api.offers import A_HASH, ACCEPTING_PROBLEMS, do
from gateway.api.running_offers import figures_of
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import offer_figures as figure_wire
from gateway.wire import offers as wire
from gateway.wire.page import Page
from merchants.offers import life, running
from merchants.offers.campaign import State
from merchants.offers.errors import (
    OfferFunderNotFound,
    OfferHashMismatch,
    OfferIsOver,
    OfferNotFound,
    OfferStateForbids,
    OfferTargetNotFound,
    OfferUnsound,
    TooManyLiveOffers,
)


@operation(
    "GET",
    "/admin/v1/offers",
    summary="List offers",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.Offer]},
)
async def list_any_offers(call: Call[None, wire.OfferFilter]) -> Answer:
    """Everybody's, newest first; `state=proposed` is the queue to work off."""
    async with call.parts.pool.acquire() as conn:
        found = await life.page(
            conn,
            partner_id=None,
            states=[State(call.query.state)] if call.query.state else (),
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, offer_showing.offer, limit=call.query.limit))


async def replay_any_offer(call: Call[Any], offer_id: str) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await life.find(conn, partner_id=None, offer_id=offer_id)
    return Answer(200, offer_showing.offer(found))


@operation(
    "GET",
    "/admin/v1/offers/{offer_id}",
    summary="Read any offer",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.Offer},
    problems=(OfferNotFound,),
)
async def get_any_offer(call: Call[None]) -> Answer:
    """Its current version and where it stands."""
    return await replay_any_offer(call, call.path["offer_id"])


@operation(
    "GET",
    "/admin/v1/offers/{offer_id}/figures",
    summary="Read any offer's figures",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: figure_wire.Figures},
    problems=(OfferNotFound,),
)
async def get_any_offer_figures(call: Call[None, figure_wire.FiguresFilter]) -> Answer:
    """What its partner reads of it: both see what it cost whom."""
    return await figures_of(call, partner_id=None)


@operation(
    "PATCH",
    "/admin/v1/offers/{offer_id}",
    summary="Counter an offer",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    answers={200: wire.Offer},
    problems=(
        OfferNotFound,
        OfferHashMismatch,
        OfferStateForbids,
        OfferUnsound,
        OfferTargetNotFound,
        OfferFunderNotFound,
    ),
    example=wire.DealChange(hash=A_HASH, name="满100减15"),
)
async def counter_offer(call: Call[wire.DealChange]) -> Answer:
    """A new version that the bank stands by; it is agreed once the partner accepts it."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        countered = await life.amend(
            conn,
            hash_=call.body.hash,
            changes=offer_showing.changes_of(call.body),
            side="bank",
            **_who(call),
        )
    return Answer(200, offer_showing.offer(countered))


@operation(
    "POST",
    "/admin/v1/offers/{offer_id}/accept",
    summary="Accept a proposed offer",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_any_offer,
    answers={200: wire.Offer},
    problems=ACCEPTING_PROBLEMS,
    example=wire.Acceptance(hash=A_HASH),
)
async def accept_proposal(call: Call[wire.Acceptance]) -> Answer:
    """Agreed under this hash, and from its first day on live."""
    return await do(call, lambda conn: life.accept(conn, hash_=call.body.hash, side="bank", **_who(call)))


@operation(
    "POST",
    "/admin/v1/offers/{offer_id}/reject",
    summary="Reject a proposed offer",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_any_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="The budget is too large"),
)
async def reject_proposal(call: Call[wire.StateChange]) -> Answer:
    """It is the partner's draft again, with the reason."""
    return await do(call, lambda conn: life.reject(conn, reason=call.body.reason, side="bank", **_who(call)))


@operation(
    "POST",
    "/admin/v1/offers/{offer_id}/pause",
    summary="Pause any offer at once",
    scope="operate",
    roles=("approver", "risk"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_any_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="We look into double use"),
)
async def pause_any_offer(call: Call[wire.StateChange]) -> Answer:
    """No payment gets it from now on, until the bank resumes it."""
    return await do(
        call, lambda conn: running.pause(conn, reason=call.body.reason, side="bank", **_who(call))
    )


@operation(
    "POST",
    "/admin/v1/offers/{offer_id}/resume",
    summary="Take the bank's pause back",
    scope="operate",
    roles=("approver", "risk"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_any_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids, OfferIsOver, TooManyLiveOffers),
)
async def resume_any_offer(call: Call[None]) -> Answer:
    """It runs again unless the partner wants it paused too."""
    return await do(call, lambda conn: running.resume(conn, side="bank", **_who(call)))


@operation(
    "POST",
    "/admin/v1/offers/{offer_id}/end",
    summary="End any offer for good",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_any_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="The agreement was terminated"),
)
async def end_any_offer(call: Call[wire.StateChange]) -> Answer:
    """No payment gets it any more; one that has reserved it keeps its discount."""
    return await do(call, lambda conn: running.end(conn, reason=call.body.reason, **_who(call)))


def _who(call: Call[Any]) -> dict[str, Any]:
    return {
        "partner_id": None,
        "offer_id": call.path["offer_id"],
        "actor": call.caller.client_id,
        "now": call.now,
    }
