"""How an offer comes about: the partner drafts and proposes, the bank accepts, counters or rejects.

Agreed is what both sides accepted under the same hash. What happens to it afterwards is in `running.py`.
Everything runs in the caller's transaction, which nobody here repeats.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.ids import new_id, partner_no_of
from merchants.offers import budgets, life_sql
from merchants.offers.campaign import AMENDABLE, TRANSITIONS, Campaign, Side, State, campaign_of
from merchants.offers.change import hold, hold_of_funder, move, record
from merchants.offers.errors import (
    FunderHasNotAccepted,
    OfferFunderNotFound,
    OfferHashMismatch,
    OfferIsOver,
    OfferNotFound,
    OfferTargetNotFound,
)
from merchants.offers.giving import least
from merchants.offers.offer import Deal, Offer, check, hash_of, moment_of


async def draft(
    conn: PoolConnectionProxy, *, partner_id: str, offer_id: str | None = None, deal: Deal, actor: str
) -> Campaign:
    """Put a first version on the table; it binds nobody.

    Raises:
        OfferUnsound, OfferTargetNotFound
    """
    partner_no = partner_no_of(partner_id)
    assert partner_no is not None, "a partner's id carries its number"
    offer = Offer(id=offer_id or new_id("ofr", partner_no), partner_id=partner_id, version=1, deal=deal)
    await _check(conn, offer)
    await life_sql.insert(conn, partner_id=partner_id, offer_id=offer.id)
    await _put_on_the_table(conn, offer, made_by="partner")
    await record(conn, offer, "drafted", actor=actor, reason="")
    return await find(conn, partner_id=partner_id, offer_id=offer.id)


async def find(conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str) -> Campaign:
    """One offer of this partner; with None, anybody's, for the bank's own people.

    Raises:
        OfferNotFound
    """
    row = await life_sql.find(conn, partner_id=partner_id, offer_id=offer_id)
    if row is None:
        raise OfferNotFound
    return campaign_of(row)


async def page(
    conn: PoolConnectionProxy,
    *,
    partner_id: str | None,
    states: Sequence[State] = (),
    before_id: str | None = None,
    limit: int,
) -> list[Campaign]:
    """Newest first; a partner's, or everybody's for the bank (None); in any state, or in one of these."""
    rows = await life_sql.page(
        conn, partner_id=partner_id, states=[*states], before_id=before_id, limit=limit
    )
    return [campaign_of(row) for row in rows]


async def page_of_funder(
    conn: PoolConnectionProxy, *, funder_id: str, before_id: str | None = None, limit: int
) -> list[Campaign]:
    """Newest first: what others propose that this partner pays for as a third party."""
    rows = await life_sql.page_of_funder(conn, funder_id=funder_id, before_id=before_id, limit=limit)
    return [campaign_of(row) for row in rows]


async def find_of_funder(conn: PoolConnectionProxy, *, funder_id: str, offer_id: str) -> Campaign:
    """An offer that this third party would pay for, by its current version.

    Raises:
        OfferNotFound: not there, a draft still, or it names others.
    """
    row = await life_sql.find_of_funder(conn, funder_id=funder_id, offer_id=offer_id)
    if row is None:
        raise OfferNotFound
    return campaign_of(row)


async def fund(
    conn: PoolConnectionProxy, *, funder_id: str, offer_id: str, hash_: str, actor: str
) -> Campaign:
    """A third party stands by the share that this version has it pay; the two sides may agree then.

    Raises:
        OfferNotFound: not there, a draft still, or it names others.
        OfferHashMismatch
        OfferStateForbids: nothing is on the table.
    """
    held = await hold_of_funder(conn, funder_id=funder_id, offer_id=offer_id)
    held.refuse_unless("fund", State.PROPOSED, State.COUNTERED)
    _same(held, hash_)
    offer = held.offer
    await life_sql.accept_as_funder(
        conn, partner_id=offer.partner_id, offer_id=offer.id, version=offer.version, funder_id=funder_id,
        actor=actor,
    )  # fmt: skip
    await record(conn, offer, "funded", actor=actor, reason="")
    return await find_of_funder(conn, funder_id=funder_id, offer_id=offer_id)


async def amend(
    conn: PoolConnectionProxy,
    *,
    partner_id: str | None,
    offer_id: str,
    hash_: str,
    changes: Mapping[str, Any],
    side: Side,
    actor: str,
    now: datetime,
) -> Campaign:
    """New terms, a new version: a partner's is a draft again, the bank's counters what it was offered.

    Args:
        conn: in a transaction.
        partner_id: whose; None for the bank's own people.
        offer_id: which.
        hash_: of the version these changes were made to, so that nobody overwrites what they did not see.
        changes: sections of the deal, each whole.
        side: who amends.
        actor: the client that does it.
        now: aware.

    Raises:
        OfferNotFound, OfferHashMismatch, OfferUnsound, OfferTargetNotFound
        OfferStateForbids: it runs or has ended; the bank counters nothing that was not proposed.
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    to = State.DRAFT if side == "partner" else State.COUNTERED
    held.refuse_unless("amend", *(state for state in AMENDABLE if to in TRANSITIONS[state]))
    _same(held, hash_)
    deal = msgspec.structs.replace(held.offer.deal, **changes)
    offer = msgspec.structs.replace(held.offer, version=held.offer.version + 1, deal=deal)
    await _check(conn, offer)
    await budgets.refuse_another_unit(conn, offer)
    await _put_on_the_table(conn, offer, made_by=side)
    if side == "bank":
        await _accept(conn, offer, side=side, actor=actor)
    return await move(conn, held, to, offer=offer, deed="amended", actor=actor, now=now)


async def propose(
    conn: PoolConnectionProxy, *, partner_id: str, offer_id: str, hash_: str, actor: str, now: datetime
) -> Campaign:
    """The partner stands by this version and asks the bank to accept it.

    Raises:
        OfferNotFound, OfferHashMismatch, OfferStateForbids
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    held.refuse_unless("propose", State.DRAFT)
    _same(held, hash_)
    await _accept(conn, held.offer, side="partner", actor=actor)
    return await move(conn, held, State.PROPOSED, deed="proposed", actor=actor, now=now)


async def accept(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, hash_: str, side: Side, actor: str,
    now: datetime,
) -> Campaign:  # fmt: skip
    """The other side stands by it too: agreed, and from its first day on live.

    Raises:
        OfferNotFound, OfferHashMismatch, OfferIsOver, TooManyLiveOffers
        OfferStateForbids: nothing of the other side's is on the table.
        FunderHasNotAccepted: a third party would pay for what it did not agree to.
    """
    asked = State.PROPOSED if side == "bank" else State.COUNTERED
    offered = await find(conn, partner_id=partner_id, offer_id=offer_id)
    offered.refuse_unless("accept", asked)
    _same(offered, hash_)
    # Reservations and counters are locked before the offer; whether it changed meanwhile is looked at again.
    await budgets.adopt(conn, offered.offer, now=now)
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    held.refuse_unless("accept", asked)
    _same(held, hash_)
    day = moment_of(now).day
    if held.is_over(day):
        raise OfferIsOver
    if held.waits_for:
        raise FunderHasNotAccepted(held.waits_for)
    await _accept(conn, held.offer, side=side, actor=actor)
    return await move(conn, held, State.AGREED, held.running_on(day), deed="agreed", actor=actor, now=now)


async def reject(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, reason: str, side: Side, actor: str,
    now: datetime,
) -> Campaign:  # fmt: skip
    """The other side will not have it so: a draft again, with the reason, to be amended or ended.

    Raises:
        OfferNotFound, OfferStateForbids
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    held.refuse_unless("reject", State.PROPOSED if side == "bank" else State.COUNTERED)
    return await move(conn, held, State.DRAFT, deed="rejected", actor=actor, reason=reason, now=now)


async def _check(conn: PoolConnectionProxy, offer: Offer) -> None:
    check(offer.deal)
    target = offer.deal.target
    unknown = await life_sql.unknown_places(
        conn, partner_id=offer.partner_id, merchants=target.merchants, stores=target.stores
    )
    if unknown:
        raise OfferTargetNotFound(unknown)
    others = offer.deal.funding.others
    if others and (strangers := await life_sql.unknown_funders(conn, funder_ids=others)):
        raise OfferFunderNotFound(strangers)


def _same(held: Campaign, hash_: str) -> None:
    if held.hash != hash_:
        raise OfferHashMismatch


async def _put_on_the_table(conn: PoolConnectionProxy, offer: Offer, *, made_by: Side) -> None:
    await life_sql.insert_version(
        conn,
        partner_id=offer.partner_id,
        offer_id=offer.id,
        version=offer.version,
        deal=msgspec.json.encode(offer.deal).decode(),
        hash_=hash_of(offer),
        made_by=made_by,
        starts_on=offer.deal.target.starts_on,
        ends_on=offer.deal.target.ends_on,
        least_minor=least(offer.deal.terms),
    )
    if others := offer.deal.funding.others:
        await life_sql.insert_funders(
            conn, partner_id=offer.partner_id, offer_id=offer.id, version=offer.version, funder_ids=others
        )


async def _accept(conn: PoolConnectionProxy, offer: Offer, *, side: Side, actor: str) -> None:
    await life_sql.accept(
        conn,
        partner_id=offer.partner_id,
        offer_id=offer.id,
        version=offer.version,
        side=side,
        actor=actor,
    )
