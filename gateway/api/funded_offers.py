"""Offers of others that a partner pays for as a third party, such as a brand at a chain.

It accepts its share first, sees what it costs, and may pause or withdraw at once; what payments have reserved by then
stays theirs, and is paid for.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.api import offer_showing, showing
from gateway.api.offers import A_HASH
from gateway.api.running_offers import figures_shown
from gateway.door.operation import Answer, Call, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import offer_figures as figure_wire
from gateway.wire import offers as wire
from gateway.wire.page import Page
from merchants.offers import life, running
from merchants.offers.campaign import Campaign
from merchants.offers.errors import (
    FundingWithdrawn,
    OfferHashMismatch,
    OfferIsOver,
    OfferNotFound,
    OfferStateForbids,
    TooManyLiveOffers,
)


async def replay_funding(call: Call[Any], offer_id: str) -> Answer:
    """The offer as it is now."""
    async with call.parts.pool.acquire() as conn:
        found = await life.find_of_funder(conn, funder_id=call.caller.tenant, offer_id=offer_id)
    return Answer(200, offer_showing.offer(found))


@operation(
    "GET",
    "/v1/funded-offers",
    summary="List others' offers that you would pay for",
    scope="offers",
    answers={200: Page[wire.Offer]},
)
async def list_funded_offers(call: Call[None, wire.FundedOfferQuery]) -> Answer:
    """Newest first, from the moment they were proposed."""
    async with call.parts.pool.acquire() as conn:
        found = await life.page_of_funder(
            conn, funder_id=call.caller.tenant, before_id=call.query.cursor, limit=call.query.limit + 1
        )
    return Answer(200, showing.page(found, offer_showing.offer, limit=call.query.limit))


@operation(
    "POST",
    "/v1/offers/{offer_id}/fund",
    summary="Accept your share of another's offer",
    scope="offers",
    idempotent=True,
    replay=replay_funding,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferHashMismatch, OfferStateForbids),
    example=wire.Acceptance(hash=A_HASH),
)
async def fund_offer(call: Call[wire.Acceptance]) -> Answer:
    """You stand by the share that exactly this version has you pay; a changed one asks you again."""
    async with call.claim.transaction(call.path["offer_id"]) as conn:
        funded = await life.fund(
            conn,
            funder_id=call.caller.tenant,
            offer_id=call.path["offer_id"],
            hash_=call.body.hash,
            actor=call.caller.client_id,
        )
    return Answer(200, offer_showing.offer(funded))


@operation(
    "GET",
    "/v1/funded-offers/{offer_id}",
    summary="Read another's offer that you would pay for",
    scope="offers",
    answers={200: wire.Offer},
    problems=(OfferNotFound,),
)
async def get_funded_offer(call: Call[None]) -> Answer:
    """Its current version, once it was proposed, and where it stands."""
    return await replay_funding(call, call.path["offer_id"])


@operation(
    "GET",
    "/v1/funded-offers/{offer_id}/figures",
    summary="Read the figures of an offer that you pay for",
    scope="offers",
    answers={200: figure_wire.Figures},
    problems=(OfferNotFound,),
)
async def get_funded_offer_figures(call: Call[None, figure_wire.FiguresFilter]) -> Answer:
    """Live, the same that its partner and the bank read; `funders` has your account among them."""
    async with call.parts.pool.acquire() as conn:
        found = await life.find_of_funder(conn, **_which(call))
        return await figures_shown(call, conn, found.offer)


@operation(
    "POST",
    "/v1/funded-offers/{offer_id}/pause",
    summary="Pause an offer that you pay for, at once",
    scope="offers",
    idempotent=True,
    replay=replay_funding,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="Sold out"),
)
async def pause_funded_offer(call: Call[wire.StateChange]) -> Answer:
    """No payment gets it from now on; one that has reserved it keeps its discount, and you pay your share of that."""
    return await _do(call, running.pause_as_funder, reason=call.body.reason)


@operation(
    "POST",
    "/v1/funded-offers/{offer_id}/resume",
    summary="Take your pause of an offer back",
    scope="offers",
    idempotent=True,
    replay=replay_funding,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids, OfferIsOver, TooManyLiveOffers, FundingWithdrawn),
)
async def resume_funded_offer(call: Call[None]) -> Answer:
    """It runs again unless others want it paused too."""
    return await _do(call, running.resume_as_funder)


@operation(
    "POST",
    "/v1/funded-offers/{offer_id}/withdraw",
    summary="Take your share of an offer back",
    scope="offers",
    idempotent=True,
    replay=replay_funding,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="The campaign is over"),
)
async def withdraw_funding(call: Call[wire.StateChange]) -> Answer:
    """It is not agreed, or paused at once for good, by this version; you pay your share of what is reserved already."""
    return await _do(call, running.withdraw, reason=call.body.reason)


async def _do(call: Call[Any], deed: Callable[..., Awaitable[Campaign]], **more: Any) -> Answer:
    who = {**_which(call), "actor": call.caller.client_id, "now": call.now}
    async with call.claim.transaction(call.path["offer_id"]) as conn:
        done = await deed(conn, **who, **more)
    call.parts.hub.tell(DELIVERIES)
    return Answer(200, offer_showing.offer(done))


def _which(call: Call[Any, Any]) -> dict[str, Any]:
    return {"funder_id": call.caller.tenant, "offer_id": call.path["offer_id"]}
