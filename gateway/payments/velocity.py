"""Velocity: more payments, or more money, than is usual for one payer, terminal or merchant in a while.

The bank sets the rules. One that fires declines the payment or asks the payer to confirm it. Which one it was is for
operators: it is stored, logged and counted, and neither payer nor merchant is told, for whoever knows a rule knows how
to stay below it. Rules are a net and no bound: payments of the same moment may slip through together, which limits
(`limits.py`) do not allow. Without rules nothing is asked and nothing written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog
from prometheus_client import Counter

from gateway.payments import velocity_sql as sql
from gateway.payments.orders import Order
from gateway.payments.payment import Payment
from gateway.payments.velocity_rules import Hit, Kind, Rule, Rules
from gateway.transfers.transfer import Connection
from merchants.payer import PayerFacts

DECLINED: Final = "declined_by_risk"
_hits = Counter("gateway_velocity_hits", "Velocity rules that fired.", ("rule", "action"))
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The payment that is judged, with everybody whose pace it counts for."""

    partner_id: str
    payment_id: str
    currency: str
    order_minor: int
    subjects: dict[Kind, str]


def asked(order: Order, payer: PayerFacts) -> Asked:
    """An order together with its payer."""
    return Asked(
        partner_id=order.partner_id,
        payment_id=order.payment_id,
        currency=order.amount.currency,
        order_minor=order.amount.amount_minor,
        subjects=_subjects(payer, merchant_id=order.merchant_id, terminal_id=order.terminal_id),
    )


def confirmed(payment: Payment, payer: PayerFacts) -> Asked:
    """An order that was shown, together with the payer who confirms it."""
    return Asked(
        partner_id=payment.partner_id,
        payment_id=payment.id,
        currency=payment.currency,
        order_minor=payment.order_minor,
        subjects=_subjects(payer, merchant_id=payment.merchant_id, terminal_id=payment.terminal_id),
    )


async def judge(rules: Rules, conn: Connection, payment: Asked) -> Hit | None:
    """Count the payment and name the sternest rule it breaks; one round trip, none without rules."""
    watched = [rule for rule in rules.rules if rule.kind in payment.subjects]
    if not watched:
        return None
    seen = await sql.count(
        conn,
        payment_id=payment.payment_id,
        currency=payment.currency,
        order_minor=payment.order_minor,
        subjects=[payment.subjects[rule.kind] for rule in watched],
        windows_s=[rule.window_s for rule in watched],
    )
    hit = _sternest(payment, watched, seen)
    if hit is not None and hit.rule.action == "decline":
        # What is declined for its pace does not quicken the pace.
        await sql.forget(conn, payment_id=payment.payment_id)
    return hit


async def tell(conn: Connection | asyncpg.Pool, payment: Asked, hit: Hit) -> None:
    """Tell operators; on a connection of its own where the payment's transaction is given up."""
    await sql.insert_hit(conn, partner_id=payment.partner_id, payment_id=payment.payment_id, hit=hit)
    _hits.labels(hit.rule.name, hit.rule.action).inc()
    log.warning(
        "velocity_rule_fired", rule=hit.rule.name, action=hit.rule.action, payment_id=payment.payment_id,
        measured=hit.measured, limit=hit.rule.limit,
    )  # fmt: skip


def _subjects(payer: PayerFacts, *, merchant_id: str, terminal_id: str | None) -> dict[Kind, str]:
    subjects: dict[Kind, str] = {"payer": f"{payer.issuer}:{payer.id}", "merchant": merchant_id}
    return subjects if terminal_id is None else {**subjects, "terminal": terminal_id}


def _sternest(payment: Asked, rules: Sequence[Rule], seen: Sequence[tuple[int, int]]) -> Hit | None:
    hits = []
    for rule, (count, amount_minor) in zip(rules, seen, strict=True):
        measured = count + 1 if rule.measure == "count" else amount_minor + payment.order_minor
        if measured > rule.limit:
            hits.append(Hit(rule=rule, subject=payment.subjects[rule.kind], measured=measured))
    return min(hits, key=lambda hit: hit.rule.action != "decline", default=None)
