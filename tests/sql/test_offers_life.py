import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from asyncpg.pool import PoolConnectionProxy

from gateway.wire.offer_events import OfferEvent
from merchants.ids import new_id
from merchants.offers import life, running
from merchants.offers.campaign import Campaign, State
from merchants.offers.catalog import Catalog
from merchants.offers.errors import (
    OfferHashMismatch,
    OfferIsOver,
    OfferNotFound,
    OfferStateForbids,
    OfferTargetNotFound,
    OfferUnsound,
)
from merchants.offers.funding import Funding, Share
from merchants.offers.offer import Budgets, Target
from merchants.offers.reserving import reserve_best
from merchants.offers.terms import AmountOff
from tests.builders import a_cart, a_deal, a_payer
from tests.campaigns import BANKER, BUYER, NOW, agreed, claim, proposed
from tests.places import Place, open_place

LATER = a_deal(target=Target(starts_on=date(2026, 12, 12), ends_on=date(2026, 12, 31)))


@pytest.fixture
async def place(pool: asyncpg.Pool) -> Place:
    return await open_place(pool)


async def doing(pool: asyncpg.Pool, deed: Callable[[PoolConnectionProxy], Awaitable[Campaign]]) -> Campaign:
    async with pool.acquire() as conn, conn.transaction():
        return await deed(conn)


async def deeds(pool: asyncpg.Pool) -> list[str]:
    return [row["deed"] for row in await pool.fetch("SELECT deed FROM merchants.audit ORDER BY id")]


async def told(pool: asyncpg.Pool) -> list[tuple[str, int]]:
    rows = await pool.fetch("SELECT type, sequence FROM webhooks.events ORDER BY sequence")
    return [(row["type"], row["sequence"]) for row in rows]


async def test_an_offer_is_live_once_both_sides_accepted_the_same_hash(
    pool: asyncpg.Pool, place: Place
) -> None:
    live = await doing(pool, lambda conn: agreed(conn, place.partner_id, a_deal()))
    assert live.state is State.LIVE
    assert live.partner_accepted_at is not None
    assert live.bank_accepted_at is not None
    assert await deeds(pool) == ["offer.drafted", "offer.proposed", "offer.agreed"]
    assert await told(pool) == [("offer.proposed", 2), ("offer.agreed", 3), ("offer.live", 4)]
    bodies = [row["body"] for row in await pool.fetch("SELECT body FROM webhooks.events")]
    assert {msgspec.json.decode(body, type=OfferEvent).data.hash for body in bodies} == {live.hash}
    async with pool.acquire() as conn:
        assert (await Catalog().live(conn, place.partner_id)).offers == (live.offer,)


async def test_the_bank_accepts_nothing_but_what_it_was_shown(pool: asyncpg.Pool, place: Place) -> None:
    shown = await doing(pool, lambda conn: proposed(conn, place.partner_id, a_deal()))
    owner: dict[str, Any] = {"partner_id": place.partner_id, "offer_id": shown.offer.id, "actor": BUYER}
    dearer = a_deal(terms=AmountOff(off_minor=5_000))
    amended = await doing(
        pool,
        lambda conn: life.amend(
            conn, **owner, hash_=shown.hash, changes={"terms": dearer.terms}, side="partner", now=NOW
        ),
    )
    assert (amended.state, amended.offer.version) == (State.DRAFT, 2)
    with pytest.raises(OfferHashMismatch):
        await doing(
            pool,
            lambda conn: life.amend(conn, **owner, hash_=shown.hash, changes={}, side="partner", now=NOW),
        )
    await doing(pool, lambda conn: life.propose(conn, **owner, hash_=amended.hash, now=NOW))
    bank: dict[str, Any] = {"partner_id": None, "offer_id": shown.offer.id, "actor": BANKER, "side": "bank"}
    with pytest.raises(OfferHashMismatch):
        await doing(pool, lambda conn: life.accept(conn, **bank, hash_=shown.hash, now=NOW))
    live = await doing(pool, lambda conn: life.accept(conn, **bank, hash_=amended.hash, now=NOW))
    assert (live.state, live.offer.deal) == (State.LIVE, dearer)


async def test_the_bank_counters_and_the_partner_accepts(pool: asyncpg.Pool, place: Place) -> None:
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, a_deal()))
    smaller = Budgets(total_minor=50_000)
    countered = await doing(
        pool,
        lambda conn: life.amend(
            conn,
            partner_id=None,
            offer_id=offered.offer.id,
            hash_=offered.hash,
            changes={"budgets": smaller},
            side="bank",
            actor=BANKER,
            now=NOW,
        ),
    )
    assert (countered.state, countered.made_by) == (State.COUNTERED, "bank")
    assert countered.bank_accepted_at is not None
    assert countered.partner_accepted_at is None
    live = await doing(
        pool,
        lambda conn: life.accept(
            conn, partner_id=place.partner_id, offer_id=offered.offer.id, hash_=countered.hash,
            side="partner", actor=BUYER, now=NOW,
        ),
    )  # fmt: skip
    assert live.state is State.LIVE


async def test_neither_side_accepts_its_own_version(pool: asyncpg.Pool, place: Place) -> None:
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, a_deal()))
    with pytest.raises(OfferStateForbids):
        await doing(
            pool,
            lambda conn: life.accept(
                conn, partner_id=place.partner_id, offer_id=offered.offer.id, hash_=offered.hash,
                side="partner", actor=BUYER, now=NOW,
            ),
        )  # fmt: skip


async def test_what_is_rejected_is_a_draft_again_with_the_reason(pool: asyncpg.Pool, place: Place) -> None:
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, a_deal()))
    rejected = await doing(
        pool,
        lambda conn: life.reject(
            conn,
            partner_id=None,
            offer_id=offered.offer.id,
            reason="预算太大",
            side="bank",
            actor=BANKER,
            now=NOW,
        ),
    )
    assert (rejected.state, rejected.reason) == (State.DRAFT, "预算太大")


async def test_another_partners_offer_is_not_found(pool: asyncpg.Pool, place: Place) -> None:
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, a_deal()))
    other = await open_place(pool, partner_no=8)
    stranger: dict[str, Any] = {
        "partner_id": other.partner_id, "offer_id": offered.offer.id, "actor": BUYER, "now": NOW,
    }  # fmt: skip
    attempts: list[Callable[[PoolConnectionProxy], Awaitable[Campaign]]] = [
        lambda conn: life.find(conn, partner_id=other.partner_id, offer_id=offered.offer.id),
        lambda conn: life.amend(conn, **stranger, hash_=offered.hash, changes={}, side="partner"),
        lambda conn: life.propose(conn, **stranger, hash_=offered.hash),
        lambda conn: life.accept(conn, **stranger, hash_=offered.hash, side="partner"),
        lambda conn: life.reject(conn, **stranger, reason="", side="partner"),
        lambda conn: running.pause(conn, **stranger, reason="", side="partner"),
        lambda conn: running.resume(conn, **stranger, side="partner"),
        lambda conn: running.end(conn, **stranger, reason=""),
    ]
    for attempt in attempts:
        with pytest.raises(OfferNotFound):
            await doing(pool, attempt)
    async with pool.acquire() as conn:
        assert await life.page(conn, partner_id=other.partner_id, limit=20) == []


async def test_an_offer_names_only_places_of_its_own_partner(pool: asyncpg.Pool, place: Place) -> None:
    other = await open_place(pool, partner_no=8)
    stores = frozenset({other.store_id, place.store_id})
    deal = a_deal(target=Target(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), stores=stores))
    unsound = a_deal(budgets=Budgets(total_minor=0))
    with pytest.raises(OfferTargetNotFound) as refusal:
        await doing(pool, lambda conn: life.draft(conn, partner_id=place.partner_id, deal=deal, actor=BUYER))
    assert refusal.value.unknown == (other.store_id,)
    with pytest.raises(OfferUnsound):
        await doing(
            pool, lambda conn: life.draft(conn, partner_id=place.partner_id, deal=unsound, actor=BUYER)
        )
    assert await deeds(pool) == []


async def test_either_side_pauses_at_once_and_it_runs_again_when_neither_wants_it_paused(
    pool: asyncpg.Pool, place: Place
) -> None:
    live = await doing(pool, lambda conn: agreed(conn, place.partner_id, a_deal()))
    catalog = Catalog()
    cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)
    partner: dict[str, Any] = {
        "partner_id": place.partner_id, "offer_id": live.offer.id, "side": "partner", "actor": BUYER, "now": NOW,
    }  # fmt: skip
    bank: dict[str, Any] = {**partner, "partner_id": None, "side": "bank", "actor": BANKER}

    assert (await claim(pool, catalog, cart, "pay_1")).applied
    await doing(pool, lambda conn: running.pause(conn, **partner, reason="卖完了"))
    assert not (await claim(pool, catalog, cart, "pay_2")).applied
    both = await doing(pool, lambda conn: running.pause(conn, **bank, reason="查账"))
    assert both.paused_by == {"bank", "partner"}
    still = await doing(pool, lambda conn: running.resume(conn, **partner))
    assert still.state is State.PAUSED
    with pytest.raises(OfferStateForbids):
        await doing(pool, lambda conn: running.resume(conn, **partner))
    assert not (await claim(pool, catalog, cart, "pay_3")).applied
    again = await doing(pool, lambda conn: running.resume(conn, **bank))
    assert again.state is State.LIVE
    assert (await claim(pool, catalog, cart, "pay_4")).applied


async def test_a_catalogue_that_lags_does_not_give_what_was_paused(pool: asyncpg.Pool, place: Place) -> None:
    """The version was read just before the pause, and the memory fits it: the reservation itself refuses."""
    live = await doing(pool, lambda conn: agreed(conn, place.partner_id, a_deal()))
    catalog = Catalog()
    async with pool.acquire() as conn:
        version = (await catalog.live(conn, place.partner_id)).version
    await doing(
        pool,
        lambda conn: running.pause(
            conn, partner_id=None, offer_id=live.offer.id, reason="", side="bank", actor=BANKER, now=NOW
        ),
    )
    cart = a_cart(partner_id=place.partner_id, merchant_id=place.partner_id, store_id=place.store_id)
    async with pool.acquire() as conn, conn.transaction():
        quote = await reserve_best(
            conn,
            catalog=catalog,
            offers_version=version,
            payment_id="pay_1",
            cart=cart,
            payer=a_payer(),
            now=NOW,
        )
    assert quote.payable_minor == quote.order_minor


async def test_new_terms_for_a_paused_offer_need_both_sides_again(pool: asyncpg.Pool, place: Place) -> None:
    live = await doing(pool, lambda conn: agreed(conn, place.partner_id, a_deal()))
    partner: dict[str, Any] = {
        "partner_id": place.partner_id, "offer_id": live.offer.id, "side": "partner", "actor": BUYER, "now": NOW,
    }  # fmt: skip
    with pytest.raises(OfferStateForbids):
        await doing(pool, lambda conn: life.amend(conn, **partner, hash_=live.hash, changes={}))
    await doing(pool, lambda conn: running.pause(conn, **partner, reason=""))
    amended = await doing(pool, lambda conn: life.amend(conn, **partner, hash_=live.hash, changes={}))
    assert (amended.state, amended.offer.version) == (State.DRAFT, 2)
    assert amended.partner_accepted_at is None
    assert amended.bank_accepted_at is None
    assert amended.hash != live.hash


async def test_the_calendar_starts_and_ends_an_offer(pool: asyncpg.Pool, place: Place) -> None:
    scheduled = await doing(pool, lambda conn: agreed(conn, place.partner_id, LATER))
    assert scheduled.state is State.SCHEDULED
    states = []
    for days in (0, 31, 31, 50, 51):
        async with pool.acquire() as conn, conn.transaction():
            moved = await running.advance(conn, now=NOW + timedelta(days=days), limit=10)
        states.append([one.state for one in moved])
    assert states == [[], [State.LIVE], [], [], [State.ENDED]]
    assert [kind for kind, _ in await told(pool)] == [
        "offer.proposed",
        "offer.agreed",
        "offer.live",
        "offer.ended",
    ]


async def test_what_is_over_is_not_accepted_and_ends_once(pool: asyncpg.Pool, place: Place) -> None:
    past = a_deal(target=Target(starts_on=date(2026, 1, 1), ends_on=date(2026, 11, 10)))
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, past))
    with pytest.raises(OfferIsOver):
        await doing(
            pool,
            lambda conn: life.accept(
                conn, partner_id=None, offer_id=offered.offer.id, hash_=offered.hash, side="bank", actor=BANKER, now=NOW
            ),
        )  # fmt: skip
    ending: dict[str, Any] = {
        "partner_id": place.partner_id, "offer_id": offered.offer.id, "reason": "", "actor": BUYER, "now": NOW,
    }  # fmt: skip
    await doing(pool, lambda conn: running.end(conn, **ending))
    with pytest.raises(OfferStateForbids):
        await doing(pool, lambda conn: running.end(conn, **ending))


async def test_two_operators_accept_the_same_offer_once(pool: asyncpg.Pool, place: Place) -> None:
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, a_deal()))

    def accept(conn: PoolConnectionProxy) -> Awaitable[Campaign]:
        return life.accept(
            conn,
            partner_id=None,
            offer_id=offered.offer.id,
            hash_=offered.hash,
            side="bank",
            actor=BANKER,
            now=NOW,
        )

    outcomes = await asyncio.gather(doing(pool, accept), doing(pool, accept), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["Campaign", "OfferStateForbids"]


async def test_the_list_is_newest_first_and_filtered_by_state(pool: asyncpg.Pool, place: Place) -> None:
    ids = [new_id("ofr", 7) for _ in range(3)]
    async with pool.acquire() as conn, conn.transaction():
        for offer_id in ids:
            await life.draft(conn, partner_id=place.partner_id, offer_id=offer_id, deal=a_deal(), actor=BUYER)
        await agreed(conn, place.partner_id, a_deal())
        drafts = await life.page(conn, partner_id=None, states=[State.DRAFT], limit=2)
        rest = await life.page(
            conn, partner_id=None, states=[State.DRAFT], before_id=drafts[-1].offer.id, limit=2
        )
    assert [one.offer.id for one in (*drafts, *rest)] == sorted(ids, reverse=True)


async def test_a_third_party_is_told_accepts_its_share_and_sees_no_offer_that_does_not_name_it(
    pool: asyncpg.Pool, place: Place
) -> None:
    brand = (await open_place(pool, partner_no=8)).partner_id
    stranger = (await open_place(pool, partner_no=9)).partner_id
    shares = (
        Share(funder="bank", basis_points=5_000),
        Share(funder="other", basis_points=5_000, partner_id=brand),
    )
    shared = a_deal(funding=Funding(shares=shares, rounding="bank"))
    offered = await doing(pool, lambda conn: proposed(conn, place.partner_id, shared))
    tenants = await pool.fetch("SELECT tenant, type FROM webhooks.events")
    assert {(row["tenant"], row["type"]) for row in tenants} == {
        (place.partner_id, "offer.proposed"),
        (brand, "offer.proposed"),
    }
    one = {"offer_id": offered.id, "hash_": offered.hash, "actor": "cli_brand"}
    for nobody in (stranger, place.partner_id):
        with pytest.raises(OfferNotFound):
            await doing(pool, lambda conn, who=nobody: life.fund(conn, funder_id=who, **one))  # type: ignore[misc]
    funded = await doing(pool, lambda conn: life.fund(conn, funder_id=brand, **one))
    assert funded.waits_for == ()
    alone = {"funding": a_deal().funding}
    await doing(
        pool,
        lambda conn: life.amend(
            conn, partner_id=place.partner_id, offer_id=offered.id, hash_=offered.hash, changes=alone,
            side="partner", actor=BUYER, now=NOW,
        ),
    )  # fmt: skip
    async with pool.acquire() as conn:
        with pytest.raises(OfferNotFound):
            await life.find_of_funder(conn, funder_id=brand, offer_id=offered.id)
