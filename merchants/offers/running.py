"""What happens to an agreed offer: either side pauses it at once, the calendar starts and ends it."""

from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants.offers import life_sql
from merchants.offers.campaign import RUNNING, TRANSITIONS, Campaign, Side, State, campaign_of
from merchants.offers.change import hold, move
from merchants.offers.errors import (
    OfferIsOver,
)
from merchants.offers.offer import moment_of


async def pause(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, reason: str, side: Side, actor: str,
    now: datetime,
) -> Campaign:  # fmt: skip
    """Stop it at once; what is reserved already keeps its discount. Pausing twice is pausing.

    Raises:
        OfferNotFound, OfferStateForbids
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    held.refuse_unless("pause", *RUNNING, State.PAUSED)
    if side in held.paused_by:
        return held
    sides = held.paused_by | {side}
    steps = [] if held.state is State.PAUSED else [State.PAUSED]
    return await move(conn, held, *steps, deed="paused", actor=actor, reason=reason, paused_by=sides, now=now)


async def resume(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, side: Side, actor: str, now: datetime
) -> Campaign:
    """This side wants it to run again; it does once neither side wants it paused.

    Raises:
        OfferNotFound, OfferIsOver, TooManyLiveOffers
        OfferStateForbids: not paused, or not by this side.
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    held.refuse_unless("resume", *({State.PAUSED} if side in held.paused_by else ()))
    day = moment_of(now).day
    if held.is_over(day):
        raise OfferIsOver
    sides = held.paused_by - {side}
    steps = [] if sides else [held.running_on(day)]
    return await move(conn, held, *steps, deed="resumed", actor=actor, paused_by=sides, now=now)


async def end(
    conn: PoolConnectionProxy,
    *,
    partner_id: str | None,
    offer_id: str,
    reason: str,
    actor: str,
    now: datetime,
) -> Campaign:
    """Stop it for good; what is reserved already keeps its discount.

    Raises:
        OfferNotFound
        OfferStateForbids: it has ended.
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    held.refuse_unless("end", *(state for state, to in TRANSITIONS.items() if State.ENDED in to))
    return await move(conn, held, State.ENDED, deed="ended", actor=actor, reason=reason, now=now)


async def advance(conn: PoolConnectionProxy, *, now: datetime, limit: int) -> list[Campaign]:
    """What the calendar does: scheduled offers go live on their first day, and end after their last.

    Two workers take different rows. A late sweep costs nothing: quoting looks at the dates itself.
    """
    day = moment_of(now).day
    moved = []
    for row in await life_sql.due(conn, day=day, limit=limit):
        held = campaign_of(row)
        to = State.ENDED if held.is_over(day) else State.LIVE
        moved.append(await move(conn, held, to, deed=to.value, actor="system", now=now))
    return moved


async def end_some(
    conn: PoolConnectionProxy, *, partner_id: str, reason: str, now: datetime, limit: int
) -> list[Campaign]:
    """End some of what a partner that is gone offers, or pays a share of; none when nothing is left."""
    rows = await life_sql.of_owner_or_funder(conn, partner_id=partner_id, limit=limit)
    return [
        await move(conn, campaign_of(row), State.ENDED, deed="ended", actor="system", reason=reason, now=now)
        for row in rows
    ]
