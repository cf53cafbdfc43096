"""What happens to an agreed offer: whoever pays for it pauses it at once, the calendar starts and ends it.

What payments have reserved stays theirs, whoever stops the offer, and its funders pay for it: they stood by it when it
was promised. Payments from the commit on get nothing of it.
"""

from datetime import datetime

import structlog
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import life_sql
from merchants.offers.campaign import RUNNING, TRANSITIONS, Campaign, Party, Side, State, campaign_of
from merchants.offers.change import hold, hold_of_funder, move, record, tell_withdrawal
from merchants.offers.errors import FundingWithdrawn, OfferIsOver
from merchants.offers.offer import moment_of

log = structlog.get_logger()

# What gives something, or may any moment: a refund may revive an exhausted offer.
_STOPPABLE = (*sorted(RUNNING), State.PAUSED, State.EXHAUSTED)


async def pause(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, reason: str, side: Side, actor: str,
    now: datetime,
) -> Campaign:  # fmt: skip
    """Stop it at once; what is reserved already keeps its discount. Pausing twice is pausing.

    Raises:
        OfferNotFound, OfferStateForbids
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    return await _pause(conn, held, by=side, deed="paused", reason=reason, actor=actor, now=now)


async def pause_as_funder(
    conn: PoolConnectionProxy, *, funder_id: str, offer_id: str, reason: str, actor: str, now: datetime
) -> Campaign:
    """A third party pauses what it pays a share of.

    Raises:
        OfferNotFound, OfferStateForbids
    """
    held = await hold_of_funder(conn, funder_id=funder_id, offer_id=offer_id)
    return await _pause(conn, held, by=funder_id, deed="paused", reason=reason, actor=actor, now=now)


async def withdraw(
    conn: PoolConnectionProxy, *, funder_id: str, offer_id: str, reason: str, actor: str, now: datetime
) -> Campaign:
    """A third party takes its share of this version back: what runs is paused, and by this version it runs no more.

    Everybody else who pays is told, whether the version was agreed yet or not.

    Raises:
        OfferNotFound
        OfferStateForbids: it has ended.
    """
    held = await hold_of_funder(conn, funder_id=funder_id, offer_id=offer_id)
    held.refuse_unless("withdraw", State.PROPOSED, State.COUNTERED, *_STOPPABLE)
    offer = held.offer
    if held.withdrawn_by(funder_id):
        return held
    await life_sql.withdraw_as_funder(
        conn, partner_id=offer.partner_id, offer_id=offer.id, version=offer.version, funder_id=funder_id
    )
    withdrawn = await tell_withdrawal(conn, held, reason=reason, now=now)
    if held.state not in _STOPPABLE or funder_id in held.paused_by:
        await record(conn, offer, "funding_withdrawn", actor=actor, reason=reason)
        return withdrawn
    return await _pause(
        conn, held, by=funder_id, deed="funding_withdrawn", reason=reason, actor=actor, now=now
    )


async def _pause(
    conn: PoolConnectionProxy, held: Campaign, *, by: Party, deed: str, reason: str, actor: str, now: datetime
) -> Campaign:
    held.refuse_unless("pause", *_STOPPABLE)
    if by in held.paused_by:
        return held
    steps = [] if held.state is State.PAUSED else [State.PAUSED]
    return await move(
        conn, held, *steps, deed=deed, actor=actor, reason=reason, paused_by=held.paused_by | {by}, now=now
    )


async def resume(
    conn: PoolConnectionProxy, *, partner_id: str | None, offer_id: str, side: Side, actor: str, now: datetime
) -> Campaign:
    """This side wants it to run again; it does once nobody wants it paused.

    Raises:
        OfferNotFound, OfferIsOver, TooManyLiveOffers
        OfferStateForbids: not paused, or not by this side.
    """
    held = await hold(conn, partner_id=partner_id, offer_id=offer_id)
    return await _resume(conn, held, by=side, actor=actor, now=now)


async def resume_as_funder(
    conn: PoolConnectionProxy, *, funder_id: str, offer_id: str, actor: str, now: datetime
) -> Campaign:
    """A third party takes its pause back.

    Raises:
        OfferNotFound, OfferIsOver, TooManyLiveOffers
        OfferStateForbids: not paused, or not by this party.
        FundingWithdrawn: it pays no share of this version any more.
    """
    held = await hold_of_funder(conn, funder_id=funder_id, offer_id=offer_id)
    if held.withdrawn_by(funder_id):
        raise FundingWithdrawn
    return await _resume(conn, held, by=funder_id, actor=actor, now=now)


async def _resume(
    conn: PoolConnectionProxy, held: Campaign, *, by: Party, actor: str, now: datetime
) -> Campaign:
    held.refuse_unless("resume", *({State.PAUSED} if by in held.paused_by else ()))
    day = moment_of(now).day
    if held.is_over(day):
        raise OfferIsOver
    parties = held.paused_by - {by}
    steps = [] if parties else [held.running_on(day)]
    return await move(conn, held, *steps, deed="resumed", actor=actor, paused_by=parties, now=now)


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

    Two workers take different rows, and one offer that cannot be moved keeps no other from its day. A late sweep costs
    nothing: quoting looks at the dates itself.
    """
    moved = []
    for row in await life_sql.due(conn, day=moment_of(now).day, limit=limit):
        try:
            async with conn.transaction():
                moved.append(await _advance(conn, campaign_of(row), now=now))
        except Exception as error:  # whatever it is, it is this offer's alone
            log.exception("offer_not_advanced", offer_id=row["id"], error=type(error).__name__)
    return moved


async def _advance(conn: PoolConnectionProxy, held: Campaign, *, now: datetime) -> Campaign:
    to = State.ENDED if held.is_over(moment_of(now).day) else State.LIVE
    return await move(conn, held, to, deed=to.value, actor="system", now=now)


async def end_some(
    conn: PoolConnectionProxy, *, partner_id: str, reason: str, now: datetime, limit: int
) -> list[Campaign]:
    """End some of what a partner that is gone offers, or pays a share of; none when nothing is left."""
    rows = await life_sql.of_owner_or_funder(conn, partner_id=partner_id, limit=limit)
    return [
        await move(conn, campaign_of(row), State.ENDED, deed="ended", actor="system", reason=reason, now=now)
        for row in rows
    ]
