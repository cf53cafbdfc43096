"""What `gateway work` does besides answering: a table of jobs, each `run_once()` again and again."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import asyncpg

from gateway.api.bulk_rules import rules
from gateway.checkout import ending
from gateway.checkout import sql as checkout_sql
from gateway.door import idempotency
from gateway.owners import owners
from gateway.pages import sql as pages_sql
from gateway.partners import wind_down
from gateway.partners.chores import Chores
from gateway.parts import Parts
from gateway.payments import expire, limits_sql, scans_sql, store_code_sql, velocity_sql
from gateway.settings import Settings
from gateway.storage.hub import DELIVERIES, DOUBTS
from gateway.transfers.resolve import Resolver
from gateway.work import Job
from merchants.access import key_resets, replay, sessions, terminals
from merchants.ids import new_id, partner_no_of
from merchants.keyring import Purpose
from merchants.offers import budgets, running
from qr import codes
from webhooks import retention
from webhooks.deliver import Deliverer, DeliveryPolicy
from webhooks.sender import Sender

_SWEPT_AT_ONCE = 500
_SWEEP_EVERY_S = 60.0
# Quoting looks at the dates itself; only the events of an offer's first and last day wait for this.
_OFFERS_EVERY_S = 30.0


async def jobs_of(stack: AsyncExitStack, settings: Settings, parts: Parts) -> tuple[Job, ...]:
    """All of them; `gateway serve` leaves them alone."""
    needs = parts.payments
    chores = Chores(pool=parts.pool, sealing=parts.sealing, hub=parts.hub, line_rules=rules())
    hinted = asyncio.Event()
    parts.hub.watch(lambda one: hinted.set() if one == DOUBTS else None, lost=hinted.set)
    resolver = Resolver(
        pool=parts.pool,
        cores=parts.cores,
        owners=owners(needs, parts.sealing),
        patience=needs.patience,
        wake=hinted,
    )
    published = asyncio.Event()
    parts.hub.watch(lambda one: published.set() if one == DELIVERIES else None, lost=published.set)
    proxy = settings.egress_proxy or None
    sender = await stack.enter_async_context(Sender(parts.address_policy, proxy=proxy))
    deliverer = Deliverer(
        parts.pool,
        sender,
        reveal=parts.sealing.reveal,
        signing_keys=lambda: [parts.keyring.signer(Purpose.WEBHOOK).sign],
        event_id_for=lambda endpoint_id: new_id("evt", partner_no_of(endpoint_id) or 0),
        wake=published,
        policy=DeliveryPolicy(lease_s=settings.webhook_lease_s),
    )
    return (
        Job(
            name="deliver",
            run_once=deliverer.run_once,
            every_s=settings.worker_poll_s,
            wake=published,
            stop=lambda: deliverer.stop(grace_s=settings.stop_within_s),
        ),
        Job(
            name="resolve",
            run_once=resolver.run_once,
            every_s=settings.worker_poll_s,
            wake=hinted,
            stop=lambda: resolver.stop(grace_s=settings.stop_within_s),
        ),
        Job(name="expire", run_once=lambda: expire.run_once(needs), every_s=settings.worker_poll_s),
        Job(name="checkouts", run_once=lambda: ending.run_once(needs), every_s=settings.worker_poll_s),
        Job(name="read_bulks", run_once=chores.read_bulks, every_s=settings.worker_poll_s),
        Job(name="admit_bulks", run_once=chores.admit_bulks, every_s=settings.worker_poll_s),
        Job(name="wind_down", run_once=lambda: wind_down.run_once(needs), every_s=settings.worker_poll_s),
        Job(name="age_applications", run_once=chores.age_applications, every_s=_SWEEP_EVERY_S),
        Job(name="advance_offers", run_once=lambda: _advance_offers(parts), every_s=_OFFERS_EVERY_S),
        Job(name="sweep", run_once=lambda: sweep(parts.pool, settings), every_s=_SWEEP_EVERY_S),
    )


async def _advance_offers(parts: Parts) -> int:
    """Offers begin and end by the calendar, and with their budgets."""
    async with parts.pool.acquire() as conn, conn.transaction():
        now = datetime.now(UTC)
        moved = await running.advance(conn, now=now, limit=_SWEPT_AT_ONCE)
        moved += await budgets.tell_eighty(conn, now=now, limit=_SWEPT_AT_ONCE)
        moved += await budgets.exhaust(conn, now=now, limit=_SWEPT_AT_ONCE)
    if moved:
        parts.hub.tell(DELIVERIES)
    return len(moved)


async def sweep(pool: asyncpg.Pool, settings: Settings) -> int:
    """Delete what nobody can ask for any more, a bounded piece at a time."""
    swept = await idempotency.sweep(pool, limit=_SWEPT_AT_ONCE)
    async with pool.acquire() as conn:
        swept += await codes.sweep(conn, limit=_SWEPT_AT_ONCE)
        swept += await scans_sql.sweep(conn, limit=_SWEPT_AT_ONCE)
        swept += await store_code_sql.sweep_scans(conn, limit=_SWEPT_AT_ONCE)
        swept += await checkout_sql.forget(conn, limit=_SWEPT_AT_ONCE)
        swept += await limits_sql.sweep(conn, limit=_SWEPT_AT_ONCE)
        swept += await velocity_sql.sweep(conn, limit=_SWEPT_AT_ONCE)
        swept += await replay.forget_expired(conn, limit=_SWEPT_AT_ONCE)
        swept += await sessions.forget_old(conn, limit=_SWEPT_AT_ONCE)
        swept += await pages_sql.forget_ended_visits(conn, limit=_SWEPT_AT_ONCE)
        swept += await terminals.forget_expired_codes(conn, limit=_SWEPT_AT_ONCE)
        swept += await key_resets.forget_expired_codes(conn, limit=_SWEPT_AT_ONCE)
        swept += await retention.sweep(conn, limit=_SWEPT_AT_ONCE, kept=settings.events_kept)
    return swept
