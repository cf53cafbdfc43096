"""Budgets watched: told once when four fifths are used, and the offer exhausted when nothing it gives fits any more.

One worker at a time gets to say so, by a conditional update. An offer is exhausted only when no payment under way holds
any of it; what a refund gives back makes it live again in the refund's own transaction, so that nothing is refused
while it still fits. Locks: a budget's counter before its offer, as refunds take them.
"""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec
import structlog
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import budgets_sql as sql
from merchants.offers import events
from merchants.offers.campaign import Campaign, State, campaign_of
from merchants.offers.change import hold, move
from merchants.offers.errors import Fault, OfferUnsound
from merchants.offers.giving import least, unit_of
from merchants.offers.offer import Deal, Offer, limits_of, moment_of
from webhooks import outbox

log = structlog.get_logger()

_SYSTEM = "system"
# A partner and at most two third parties hear of each, and one statement publishes a hundred events.
_TOLD_AT_ONCE = outbox.EVENTS_MAX // 3
# A million payments are counted in a fraction of it; the offer gives nothing meanwhile, and its refunds wait.
_COUNTED_WITHIN_S = 60.0


async def tell_eighty(conn: PoolConnectionProxy, *, now: datetime, limit: int) -> list[Campaign]:
    """Say of which live offers four fifths of the budget are taken; once for each version."""
    told = []
    for row in await sql.mark_eighty(conn, limit=min(limit, _TOLD_AT_ONCE)):
        try:
            told.append(campaign_of(row))
        except (ValueError, msgspec.DecodeError) as error:  # damaged: no other offer waits for it
            log.exception("eighty_not_told", offer_id=row["id"], error=type(error).__name__)
    if told:
        news = [event for one in told for event in events.of_budget(one, occurred_at=now)]
        await outbox.publish(conn, news)
    return told


async def exhaust(conn: PoolConnectionProxy, *, now: datetime, limit: int) -> list[Campaign]:
    """Stop offers of whose budget less is left than the least they give; payments then need not try them."""
    exhausted = []
    for row in await sql.hold_used_up(conn, limit=limit):
        try:
            async with conn.transaction():
                exhausted += await _exhaust(conn, row, now=now)
        except Exception as error:  # whatever it is, it is this offer's alone
            log.exception("offer_not_exhausted", offer_id=row["id"], error=type(error).__name__)
    return exhausted


async def _exhaust(conn: PoolConnectionProxy, used_up: asyncpg.Record, *, now: datetime) -> list[Campaign]:
    held = await hold(conn, partner_id=used_up["partner_id"], offer_id=used_up["id"])
    if held.state is not State.LIVE or used_up["left_minor"] >= least(held.offer.deal.terms):
        return []
    return [await move(conn, held, State.EXHAUSTED, deed="exhausted", actor=_SYSTEM, now=now)]


async def revive(
    conn: PoolConnectionProxy, *, partner_id: str, offer_ids: Sequence[str], now: datetime
) -> None:
    """A refund gave these offers' budgets something back: what fits again is given again."""
    for row in await sql.exhausted(conn, partner_id=partner_id, offer_ids=offer_ids):
        held = await hold(conn, partner_id=partner_id, offer_id=row["id"])
        if held.state is State.EXHAUSTED and row["left_minor"] >= least(held.offer.deal.terms):
            await move(conn, held, State.LIVE, deed="revived", actor=_SYSTEM, now=now)


async def refuse_another_unit(conn: PoolConnectionProxy, offer: Offer) -> None:
    """Refuse a version that gives something else than one that may have been used: its counters could not go on.

    Raises:
        OfferUnsound
    """
    for deal in await sql.agreed_deals(conn, partner_id=offer.partner_id, offer_id=offer.id):
        if _unit(msgspec.json.decode(deal, type=Deal), offer) != _unit(offer.deal, offer):
            raise OfferUnsound([Fault("/terms", "unit_changed")])


def _unit(deal: Deal, offer: Offer) -> str:
    return unit_of(deal.terms, currency=deal.currency, partner_id=offer.partner_id)


async def adopt(conn: PoolConnectionProxy, offer: Offer, *, now: datetime) -> None:
    """Bounds that this version adds count what the offer's payments took before; call it before its row is held.

    A bound that an earlier version had and a later one left out has gaps, so it is filled up too.
    """
    owner = {"partner_id": offer.partner_id, "offer_id": offer.id}
    before = [_scopes(msgspec.json.decode(deal, type=Deal)) for deal in await sql.agreed_deals(conn, **owner)]
    lacking = _scopes(offer.deal) - frozenset.intersection(*before) if before else frozenset[str]()
    await sql.adopt_bounds(
        conn,
        **owner,
        total_minor=offer.deal.budgets.total_minor,
        lacking=sorted(lacking),
        today=moment_of(now).day,
        within_s=_COUNTED_WITHIN_S,
    )


def _scopes(deal: Deal) -> frozenset[str]:
    return frozenset(limit.scope.value for limit in limits_of(deal))
