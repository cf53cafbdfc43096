"""Offers on their way through both sides' hands, for tests that are about what follows."""

from datetime import UTC, datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import life, reserving
from merchants.offers.campaign import Campaign
from merchants.offers.cart import Cart
from merchants.offers.catalog import Catalog
from merchants.offers.offer import Deal
from merchants.offers.quote import Quote
from merchants.payer import PayerFacts
from tests.builders import a_payer

# 15:00 on Wednesday, 11 November 2026 in Shanghai.
NOW = datetime(2026, 11, 11, 7, tzinfo=UTC)
BUYER, BANKER = "cli_partner", "opr_banker"


async def proposed(conn: PoolConnectionProxy, partner_id: str, deal: Deal) -> Campaign:
    drafted = await life.draft(conn, partner_id=partner_id, deal=deal, actor=BUYER)
    return await life.propose(
        conn, partner_id=partner_id, offer_id=drafted.offer.id, hash_=drafted.hash, actor=BUYER, now=NOW
    )


async def agreed(conn: PoolConnectionProxy, partner_id: str, deal: Deal) -> Campaign:
    """Proposed by the partner and accepted by the bank: live, where its first day has come."""
    offered = await proposed(conn, partner_id, deal)
    return await life.accept(
        conn,
        partner_id=None,
        offer_id=offered.offer.id,
        hash_=offered.hash,
        side="bank",
        actor=BANKER,
        now=NOW,
    )


async def claim(
    pool: asyncpg.Pool,
    catalog: Catalog,
    cart: Cart,
    payment_id: str,
    *,
    payer: PayerFacts | None = None,
    now: datetime = NOW,
) -> Quote:
    """What accept does about offers, in a transaction of its own."""
    async with pool.acquire() as conn, conn.transaction():
        version = (await catalog.live(conn, cart.partner_id)).version
        return await reserving.reserve_best(
            conn,
            catalog=catalog,
            offers_version=version,
            payment_id=payment_id,
            cart=cart,
            payer=payer or a_payer(),
            now=now,
        )
