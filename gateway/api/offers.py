"""Co-branded offers, as partners put them on the table; running ones are in `running_offers.py`."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final

from asyncpg.pool import PoolConnectionProxy

from gateway.api import offer_showing, showing
from gateway.door.operation import Answer, Call, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import offers as wire
from gateway.wire.page import Page
from merchants.ids import new_id, partner_no_of
from merchants.offers import life
from merchants.offers.campaign import Campaign, State
from merchants.offers.errors import (
    FunderHasNotAccepted,
    OfferFunderNotFound,
    OfferHashMismatch,
    OfferIsOver,
    OfferNotFound,
    OfferStateForbids,
    OfferTargetNotFound,
    OfferUnsound,
    TooManyLiveOffers,
)

AN_OFFER = wire.Deal(
    name="满100减20",
    currency="CNY",
    terms=wire.ThresholdOff(tiers=[wire.Tier(threshold_minor=10_000, off_minor=2_000)], repeating=True),
    target=wire.Target(starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31)),
    budgets=wire.Budgets(total_minor=10_000_000, daily_minor=500_000),
    funding=wire.Funding(
        shares=[
            wire.Share(funder="bank", basis_points=6_000),
            wire.Share(funder="partner", basis_points=4_000),
        ],
        rounding="bank",
    ),
    person_caps=wire.PersonCaps(uses_per_day=3),
)
ACCEPTING_PROBLEMS: Final = (
    OfferNotFound,
    OfferHashMismatch,
    OfferStateForbids,
    OfferIsOver,
    TooManyLiveOffers,
    FunderHasNotAccepted,
)
A_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Deed = Callable[[PoolConnectionProxy], Awaitable[Campaign]]


async def replay_new_offer(call: Call[wire.Deal], offer_id: str) -> Answer:
    return Answer(201, offer_showing.offer(await _find(call, offer_id)))


async def replay_offer(call: Call[Any], offer_id: str) -> Answer:
    return Answer(200, offer_showing.offer(await _find(call, offer_id)))


@operation(
    "POST",
    "/v1/offers",
    summary="Draft an offer",
    scope="offers",
    idempotent=True,
    replay=replay_new_offer,
    answers={201: wire.Offer},
    problems=(OfferUnsound, OfferTargetNotFound, OfferFunderNotFound),
    example=AN_OFFER,
)
async def create_offer(call: Call[wire.Deal]) -> Answer:
    """A draft binds nobody; propose it, and the bank may accept."""
    partner_no = partner_no_of(call.caller.tenant)
    assert partner_no is not None, "offers are a partner's"
    offer_id = new_id("ofr", partner_no)
    async with call.claim.transaction(offer_id) as conn:
        drafted = await life.draft(
            conn,
            partner_id=call.caller.tenant,
            offer_id=offer_id,
            deal=offer_showing.deal_of(call.body),
            actor=call.caller.client_id,
        )
    return Answer(201, offer_showing.offer(drafted))


@operation("GET", "/v1/offers", summary="List your offers", scope="offers", answers={200: Page[wire.Offer]})
async def list_offers(call: Call[None, wire.OfferFilter]) -> Answer:
    """Newest first."""
    async with call.parts.pool.acquire() as conn:
        found = await life.page(
            conn,
            partner_id=call.caller.tenant,
            states=[State(call.query.state)] if call.query.state else (),
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, offer_showing.offer, limit=call.query.limit))


@operation(
    "GET",
    "/v1/offers/{offer_id}",
    summary="Read an offer",
    scope="offers",
    answers={200: wire.Offer},
    problems=(OfferNotFound,),
)
async def get_offer(call: Call[None]) -> Answer:
    """Its current version and where it stands."""
    return await replay_offer(call, call.path["offer_id"])


@operation(
    "PATCH",
    "/v1/offers/{offer_id}",
    summary="Change an offer's terms",
    scope="offers",
    answers={200: wire.Offer},
    problems=(
        OfferNotFound,
        OfferHashMismatch,
        OfferStateForbids,
        OfferUnsound,
        OfferTargetNotFound,
        OfferFunderNotFound,
    ),
    example=wire.DealChange(hash=A_HASH, name="满100减30"),
)
async def amend_offer(call: Call[wire.DealChange]) -> Answer:
    """A new version, which both sides have to accept again; pause what runs first."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        amended = await life.amend(
            conn,
            partner_id=call.caller.tenant,
            offer_id=call.path["offer_id"],
            hash_=call.body.hash,
            changes=offer_showing.changes_of(call.body),
            side="partner",
            actor=call.caller.client_id,
            now=call.now,
        )
    return Answer(200, offer_showing.offer(amended))


@operation(
    "POST",
    "/v1/offers/{offer_id}/propose",
    summary="Propose an offer to the bank",
    scope="offers",
    idempotent=True,
    replay=replay_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferHashMismatch, OfferStateForbids),
    example=wire.Acceptance(hash=A_HASH),
)
async def propose_offer(call: Call[wire.Acceptance]) -> Answer:
    """You stand by this version; it is agreed once the bank accepts the same hash."""
    return await do(call, lambda conn: life.propose(conn, hash_=call.body.hash, **who(call)))


@operation(
    "POST",
    "/v1/offers/{offer_id}/accept",
    summary="Accept the bank's counter-offer",
    scope="offers",
    idempotent=True,
    replay=replay_offer,
    answers={200: wire.Offer},
    problems=ACCEPTING_PROBLEMS,
    example=wire.Acceptance(hash=A_HASH),
)
async def accept_offer(call: Call[wire.Acceptance]) -> Answer:
    """Agreed, and from its first day on live."""
    return await do(call, lambda conn: life.accept(conn, hash_=call.body.hash, side="partner", **who(call)))


@operation(
    "POST",
    "/v1/offers/{offer_id}/reject",
    summary="Reject the bank's counter-offer",
    scope="offers",
    idempotent=True,
    replay=replay_offer,
    answers={200: wire.Offer},
    problems=(OfferNotFound, OfferStateForbids),
    example=wire.StateChange(reason="Our share is too large"),
)
async def reject_offer(call: Call[wire.StateChange]) -> Answer:
    """It is a draft again, to be changed or ended."""
    return await do(
        call, lambda conn: life.reject(conn, reason=call.body.reason, side="partner", **who(call))
    )


def who(call: Call[Any]) -> dict[str, Any]:
    return {
        "partner_id": call.caller.tenant,
        "offer_id": call.path["offer_id"],
        "actor": call.caller.client_id,
        "now": call.now,
    }


async def do(call: Call[Any], deed: Deed) -> Answer:
    async with call.claim.transaction(call.path["offer_id"]) as conn:
        campaign = await deed(conn)
    call.parts.hub.tell(campaign.offer.id, DELIVERIES)
    return Answer(200, offer_showing.offer(campaign))


async def _find(call: Call[Any], offer_id: str) -> Campaign:
    async with call.parts.pool.acquire() as conn:
        return await life.find(conn, partner_id=call.caller.tenant, offer_id=offer_id)
