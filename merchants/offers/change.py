"""One change of an offer's state: its row held, checked against the one table, audited and told.

Where payments are quoted from the offer, before or after, the partner's version of its live offers is raised:
by that every replica notices.
"""

from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.merchant import raise_offers_version
from merchants.offers import events, life_sql
from merchants.offers.campaign import RUNNING, TRANSITIONS, Campaign, Party, State, campaign_of
from merchants.offers.errors import (
    OfferNotFound,
    TooManyLiveOffers,
)
from merchants.offers.offer import Offer, hash_of
from webhooks import outbox

# What quoting weighs up for every payment, within its 200 µs for fifty.
MAX_RUNNING = 100


async def hold(conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str) -> Campaign:
    row = await life_sql.find(conn, partner_id=partner_id, offer_id=offer_id, hold=True)
    if row is None:
        raise OfferNotFound
    return campaign_of(row)


async def hold_of_funder(conn: PoolConnectionProxy, *, funder_id: str, offer_id: str) -> Campaign:
    """An offer whose current version this third party pays for, or would."""
    row = await life_sql.find_of_funder(conn, funder_id=funder_id, offer_id=offer_id, hold=True)
    if row is None:
        raise OfferNotFound
    return campaign_of(row)


async def move(
    conn: PoolConnectionProxy,
    held: Campaign,
    *steps: State,
    deed: str,
    actor: str,
    now: datetime,
    reason: str = "",
    offer: Offer | None = None,
    paused_by: frozenset[Party] = frozenset(),
) -> Campaign:
    """Take these steps, each of which the table allows; without steps only who wants it paused changes."""
    state = held.state
    for to in steps:
        assert to in TRANSITIONS[state], f"{state} does not lead to {to}"
        state = to
    to_offer = offer or held.offer
    row = await life_sql.move(
        conn,
        partner_id=to_offer.partner_id,
        offer_id=to_offer.id,
        state=state,
        version=to_offer.version,
        reason=reason,
        paused_by=sorted(paused_by),
        steps=len(steps),
    )
    assert row is not None, "its row is held"
    moved = campaign_of(row)
    await record(conn, to_offer, deed, actor=actor, reason=reason)
    await outbox.publish(conn, events.of_offer(moved, steps, occurred_at=now))
    if state is not held.state and {state, held.state} & RUNNING:
        await raise_offers_version(conn, partner_id=to_offer.partner_id)
        await _refuse_too_many(conn, moved)
    return moved


async def tell_withdrawal(
    conn: PoolConnectionProxy, held: Campaign, *, reason: str, now: datetime
) -> Campaign:
    """A change of the offer that is no step of its state; the caller has written it."""
    row = await life_sql.move(
        conn,
        partner_id=held.offer.partner_id,
        offer_id=held.offer.id,
        state=held.state,
        version=held.offer.version,
        reason=reason,
        paused_by=sorted(held.paused_by),
        steps=1,
    )
    assert row is not None, "its row is held"
    changed = campaign_of(row)
    await outbox.publish(conn, events.of_withdrawal(changed, occurred_at=now))
    return changed


async def _refuse_too_many(conn: PoolConnectionProxy, moved: Campaign) -> None:
    """Counted while the partner's row is held, so that two that go live together do not both slip in."""
    if moved.state in RUNNING:
        running = await life_sql.count_running(conn, partner_id=moved.offer.partner_id)
        if running > MAX_RUNNING:
            raise TooManyLiveOffers


async def record(conn: PoolConnectionProxy, offer: Offer, deed: str, *, actor: str, reason: str) -> None:
    await audit.record(
        conn,
        actor=actor,
        deed=f"offer.{deed}",
        object_id=offer.id,
        partner_id=offer.partner_id,
        reason=reason,
        facts={"version": offer.version, "hash": hash_of(offer)},
    )
