"""A third party that pays a share of an offer: it stops it at once, and pays what was promised by then."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from gateway.wire.offer_events import OfferEvent
from merchants.offers import life, reservations, running
from merchants.offers.campaign import Campaign, State
from merchants.offers.cart import Cart
from merchants.offers.catalog import Catalog
from merchants.offers.errors import (
    FunderHasNotAccepted,
    FundingWithdrawn,
    OfferNotFound,
    OfferStateForbids,
)
from merchants.offers.funding import Funding, Share
from merchants.offers.offer import Budgets
from tests.builders import a_cart, a_deal
from tests.campaigns import BANKER, BUYER, NOW, claim, proposed
from tests.places import open_place

BRANDS = "cli_brand"


async def funded(pool: asyncpg.Pool) -> tuple[Cart, Campaign, str]:
    """An offer on the table that a brand pays half of, and has accepted."""
    place, brand = await open_place(pool), await open_place(pool, partner_no=8)
    shares = (
        Share(funder="bank", basis_points=5_000),
        Share(funder="other", basis_points=5_000, partner_id=brand.partner_id),
    )
    async with pool.acquire() as conn, conn.transaction():
        offered = await proposed(
            conn, place.partner_id, a_deal(funding=Funding(shares=shares, rounding="bank"))
        )
        campaign = await life.fund(
            conn, funder_id=brand.partner_id, offer_id=offered.id, hash_=offered.hash, actor=BRANDS
        )
    cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)
    return cart, campaign, brand.partner_id


async def do(pool: asyncpg.Pool, deed: Any, **facts: Any) -> Campaign:
    async with pool.acquire() as conn, conn.transaction():
        done: Campaign = await deed(conn, now=NOW, **facts)
        return done


async def accept(pool: asyncpg.Pool, campaign: Campaign) -> Campaign:
    wish = {
        "partner_id": None,
        "offer_id": campaign.id,
        "hash_": campaign.hash,
        "side": "bank",
        "actor": BANKER,
    }
    return await do(pool, life.accept, **wish)


def brands(campaign: Campaign, brand: str) -> dict[str, Any]:
    return {"funder_id": brand, "offer_id": campaign.id, "actor": BRANDS}


def partners(cart: Cart, campaign: Campaign) -> dict[str, Any]:
    return {"partner_id": cart.partner_id, "offer_id": campaign.id, "actor": BUYER}


async def test_a_third_party_pauses_at_once_and_pays_its_share_of_what_was_reserved(
    pool: asyncpg.Pool,
) -> None:
    cart, offered, brand = await funded(pool)
    live, catalog = await accept(pool, offered), Catalog()
    assert (await claim(pool, catalog, cart, "pay_1")).applied
    paused = await do(pool, running.pause_as_funder, **brands(live, brand), reason="售罄")
    assert (paused.state, paused.paused_by, paused.reason) == (State.PAUSED, frozenset({brand}), "售罄")
    assert not (await claim(pool, catalog, cart, "pay_2")).applied

    async with pool.acquire() as conn, conn.transaction():
        [redeemed] = await reservations.commit(conn, partner_id=cart.partner_id, payment_id="pay_1")
    assert {share.account: share.amount_minor for share in redeemed.shares}[f"funder:{brand}"] == 1_000
    # Nobody else takes its pause back, and it takes back nobody else's.
    with pytest.raises(OfferStateForbids):
        await do(pool, running.resume, **partners(cart, live), side="partner")
    await do(pool, running.pause, **partners(cart, live), side="partner", reason="")
    resumed = await do(pool, running.resume_as_funder, **brands(live, brand))
    assert (resumed.state, resumed.paused_by) == (State.PAUSED, frozenset({"partner"}))
    assert (await do(pool, running.resume, **partners(cart, live), side="partner")).state is State.LIVE
    assert (await claim(pool, catalog, cart, "pay_3")).applied


async def test_an_offer_whose_third_party_withdrew_runs_by_a_new_version_only(pool: asyncpg.Pool) -> None:
    cart, offered, brand = await funded(pool)
    live, catalog = await accept(pool, offered), Catalog()
    gone = await do(pool, running.withdraw, **brands(live, brand), reason="")
    assert (gone.state, gone.waits_for, gone.withdrawn_by(brand)) == (State.PAUSED, (brand,), True)
    assert not (await claim(pool, catalog, cart, "pay_1")).applied
    assert await do(pool, running.withdraw, **brands(live, brand), reason="") == gone
    with pytest.raises(FundingWithdrawn):
        await do(pool, running.resume_as_funder, **brands(live, brand))
    alone = {"funding": a_deal().funding}
    amended = await do(
        pool, life.amend, **partners(cart, live), hash_=live.hash, changes=alone, side="partner"
    )
    again = await do(pool, life.propose, **partners(cart, amended), hash_=amended.hash)
    assert (await accept(pool, again)).state is State.LIVE
    assert (await claim(pool, catalog, cart, "pay_2")).applied
    with pytest.raises(OfferNotFound):
        await do(pool, running.pause_as_funder, **brands(live, brand), reason="")


async def test_what_is_not_agreed_yet_is_not_after_a_withdrawal_until_it_is_funded_again(
    pool: asyncpg.Pool,
) -> None:
    _, offered, brand = await funded(pool)
    withdrawn = await do(pool, running.withdraw, **brands(offered, brand), reason="")
    assert (withdrawn.state, withdrawn.waits_for) == (State.PROPOSED, (brand,))
    rows = await pool.fetch("SELECT body FROM webhooks.events WHERE type = 'offer.funding_withdrawn'")
    told = [msgspec.json.decode(row["body"], type=OfferEvent).data for row in rows]
    assert [(one.withdrawn, one.sequence) for one in told] == [([brand], withdrawn.sequence)] * 2
    with pytest.raises(FunderHasNotAccepted):
        await accept(pool, offered)
    async with pool.acquire() as conn, conn.transaction():
        await life.fund(conn, funder_id=brand, offer_id=offered.id, hash_=offered.hash, actor=BRANDS)
    assert (await accept(pool, offered)).state is State.LIVE


async def test_a_bank_that_waited_for_a_withdrawal_does_not_agree_without_the_third_party(
    pool: asyncpg.Pool,
) -> None:
    _, offered, brand = await funded(pool)
    async with pool.acquire() as conn, conn.transaction():
        await running.withdraw(conn, **brands(offered, brand), reason="", now=NOW)
        accepting = asyncio.create_task(accept(pool, offered))
        async with asyncio.timeout(30):
            while not await pool.fetchval(
                "SELECT count(*) > 0 FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ):
                pass
    with pytest.raises(FunderHasNotAccepted):
        await accepting


async def test_a_counter_offer_is_told_to_the_partner_and_to_third_parties(pool: asyncpg.Pool) -> None:
    cart, offered, brand = await funded(pool)
    countered = await do(
        pool, life.amend, partner_id=None, offer_id=offered.id, hash_=offered.hash,
        changes={"budgets": Budgets(total_minor=50_000)}, side="bank", actor=BANKER,
    )  # fmt: skip
    rows = await pool.fetch("SELECT tenant, body FROM webhooks.events WHERE type = 'offer.countered'")
    events = {row["tenant"]: msgspec.json.decode(row["body"], type=OfferEvent) for row in rows}
    assert events.keys() == {cart.partner_id, brand}
    assert {event.data.hash for event in events.values()} == {countered.hash}
    # It accepted another version: this one asks it anew.
    assert countered.waits_for == (brand,)


async def test_an_exhausted_offer_can_be_paused_so_that_no_refund_revives_it(pool: asyncpg.Pool) -> None:
    _, offered, brand = await funded(pool)
    live = await accept(pool, offered)
    await pool.execute("UPDATE merchants.offers SET state = 'exhausted' WHERE id = $1", live.id)
    paused = await do(pool, running.pause_as_funder, **brands(live, brand), reason="")
    assert paused.state is State.PAUSED
    assert (await do(pool, running.resume_as_funder, **brands(live, brand))).state is State.LIVE
