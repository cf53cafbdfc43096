"""What `gateway work` does besides answering: a table of jobs, each `run_once()` again and again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

import asyncpg
import structlog

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


_Sweep = Callable[..., Awaitable[int]]
_SWEEPS: Mapping[str, _Sweep] = {
    "idempotency keys": idempotency.sweep,
    "codes": codes.sweep,
    "scans": scans_sql.sweep,
    "scans of stickers": store_code_sql.sweep_scans,
    "checkouts": checkout_sql.forget,
    "limits": limits_sql.sweep,
    "velocity": velocity_sql.sweep,
    "proofs": replay.forget_expired,
    "sessions": sessions.forget_old,
    "visits": pages_sql.forget_ended_visits,
    "activation codes": terminals.forget_expired_codes,
    "key resets": key_resets.forget_expired_codes,
}
log = structlog.get_logger()


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


async def advance_offers(pool: asyncpg.Pool, *, now: datetime) -> int:
    """Offers begin and end by the calendar, and with their budgets; a step that fails keeps no other from its turn."""
    moved = 0
    for step in (running.advance, budgets.tell_eighty, budgets.exhaust):
        try:
            async with pool.acquire() as conn, conn.transaction():
                moved += len(await step(conn, now=now, limit=_SWEPT_AT_ONCE))
        except Exception as error:  # whatever it is, the next round tries again
            log.exception("offers_not_advanced", step=step.__name__, error=type(error).__name__)
    return moved


async def _advance_offers(parts: Parts) -> int:
    moved = await advance_offers(parts.pool, now=datetime.now(UTC))
    if moved:
        parts.hub.tell(DELIVERIES)
    return moved


async def sweep(pool: asyncpg.Pool, settings: Settings) -> int:
    """Delete what nobody can ask for any more, a bounded piece at a time; what fails keeps nothing from its turn."""
    sweeps: Mapping[str, _Sweep] = {**_SWEEPS, "events": partial(retention.sweep, kept=settings.events_kept)}
    swept = 0
    for what, one in sweeps.items():
        try:
            async with pool.acquire() as conn:
                swept += await one(conn, limit=_SWEPT_AT_ONCE)
        except Exception as error:  # whatever it is, the next round tries again
            log.exception("not_swept", what=what, error=type(error).__name__)
    return swept
