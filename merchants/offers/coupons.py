"""Coupons that a payer claims beforehand: so many in all, so many for a person, for so many days.

The offer's counters bound them as they bound money, and a coupon is a row of its person's own: a payment takes it
with the rest of its quote (`rights.py`). One that costs points is held once the points are taken. Pushed coupons have
no row: everybody in the offer's segments holds one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.ids import BANK, new_id, partner_no_of
from merchants.offers import coupons_sql as sql
from merchants.offers import life
from merchants.offers.campaign import RUNNING, Campaign
from merchants.offers.errors import CouponNotOffered, CouponsHandedOut, OfferNotFound
from merchants.offers.giving import points_unit
from merchants.offers.offer import SHANGHAI, moment_of
from merchants.offers.terms import Coupon as CouponTerms
from merchants.payer import PayerFacts

# What one answer lists; nobody leafs through more in a wallet.
MAX_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A claimed coupon; `points` of `unit` are what it cost, None for one that cost nothing."""

    partner_id: str
    id: str
    offer_id: str
    name: str
    issuer: str
    payer_id: str
    person: str
    state: str
    payment_id: str | None
    points: int | None
    unit: str | None
    good_until: datetime
    created_at: datetime


async def claim(conn: PoolConnectionProxy, *, offer_id: str, payer: PayerFacts, now: datetime) -> Coupon:
    """Hand a coupon out, in the caller's transaction; one that costs points awaits them.

    Raises:
        CouponNotOffered: the offer does not run, hands out no coupons, or not to this payer.
        CouponsHandedOut: there is none left, or not for this person.
    """
    campaign, terms = await _offered(conn, offer_id, payer, now)
    offer = campaign.offer
    coupon = {
        "partner_id": offer.partner_id,
        "id": new_id("cpn", partner_no_of(offer.partner_id) or BANK),
        "offer_id": offer.id,
        "version": offer.version,
        "issuer": payer.issuer,
        "payer_id": payer.id,
        "person": payer.person,
        "state": "held" if terms.price is None else "awaits_points",
        "points": None if terms.price is None else terms.price.points,
        "unit": None if terms.price is None else points_unit(terms.price.programme, offer.partner_id),
        "good_until": _good_until(campaign, terms, now),
    }
    if not await sql.count(conn, coupon, by=1, copies=terms.copies, per_person=terms.per_person):
        raise CouponsHandedOut
    await sql.insert(conn, coupon)
    return await find(conn, partner_id=offer.partner_id, coupon_id=str(coupon["id"]))


async def paid_for(conn: PoolConnectionProxy, *, partner_id: str, coupon_id: str) -> Coupon:
    """Its points are taken: the payer holds it."""
    await sql.move(conn, partner_id=partner_id, coupon_id=coupon_id, to="held")
    return await find(conn, partner_id=partner_id, coupon_id=coupon_id)


async def refused(conn: PoolConnectionProxy, *, partner_id: str, coupon_id: str) -> Coupon:
    """Its points could not be taken: somebody else may have the copy."""
    if await sql.move(conn, partner_id=partner_id, coupon_id=coupon_id, to="refused"):
        coupon = await find(conn, partner_id=partner_id, coupon_id=coupon_id)
        facts = {"partner_id": partner_id, "offer_id": coupon.offer_id, "person": coupon.person}
        await sql.count(conn, facts, by=-1, copies=None, per_person=None)
    return await find(conn, partner_id=partner_id, coupon_id=coupon_id)


async def find(conn: PoolConnectionProxy, *, partner_id: str, coupon_id: str) -> Coupon:
    """One coupon, which its owner's row or transfer names."""
    row = await sql.find(conn, partner_id=partner_id, coupon_id=coupon_id)
    assert row is not None, "coupons are never deleted"
    return _coupon(row)


async def find_of_issuer(conn: PoolConnectionProxy, *, issuer: str, coupon_id: str) -> Coupon:
    """One coupon of this issuer's payers, for a wallet whose claim's row names it."""
    row = await sql.find_of_issuer(conn, issuer=issuer, coupon_id=coupon_id)
    assert row is not None, "coupons are never deleted, and a claim is its own wallet's"
    return _coupon(row)


async def of_payer(conn: PoolConnectionProxy, payer: PayerFacts) -> Sequence[Coupon]:
    """What the person behind this payer may still use or waits for, newest first."""
    return [_coupon(row) for row in await sql.of_person(conn, person=payer.person, limit=MAX_LISTED)]


async def _offered(
    conn: PoolConnectionProxy, offer_id: str, payer: PayerFacts, now: datetime
) -> tuple[Campaign, CouponTerms]:
    try:
        campaign = await life.find(conn, partner_id=None, offer_id=offer_id)
    except OfferNotFound as error:
        raise CouponNotOffered from error
    deal = campaign.offer.deal
    terms, segments = deal.terms, deal.target.segments
    if campaign.state not in RUNNING or campaign.is_over(moment_of(now).day):
        raise CouponNotOffered
    if not isinstance(terms, CouponTerms) or terms.handed_out != "claimed":
        raise CouponNotOffered
    if segments and segments.isdisjoint(payer.segments):
        raise CouponNotOffered
    return campaign, terms


def _good_until(campaign: Campaign, terms: CouponTerms, now: datetime) -> datetime:
    """Midnight after its last day, at most the offer's."""
    last = campaign.offer.deal.target.ends_on
    if terms.good_for_days is not None:
        claimed_on = max(moment_of(now).day, campaign.offer.deal.target.starts_on)
        last = min(last, claimed_on + timedelta(days=terms.good_for_days - 1))
    return datetime.combine(last + timedelta(days=1), time(), SHANGHAI)


def _coupon(row: asyncpg.Record) -> Coupon:
    return Coupon(**{name: row[name] for name in Coupon.__slots__})
