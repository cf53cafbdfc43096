"""Offers of others that a partner pays for as a third party, such as a brand at a chain: it has to accept its share."""

from typing import Any

from gateway.api import offer_showing, showing
from gateway.api.offers import A_HASH
from gateway.door.operation import Answer, Call, operation
from gateway.wire import offers as wire
from gateway.wire.page import Page
from merchants.offers import life
from merchants.offers.errors import OfferHashMismatch, OfferNotFound, OfferStateForbids


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
