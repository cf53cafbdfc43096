"""`gateway operator bulks`: files of sub-merchants, reviewed whole under one set of terms."""

from typing import get_args

import click

from gateway.cli.amount import AmountType
from gateway.cli.asking import NotKnown, Session, acting, most, repeatable
from gateway.cli.bulk_watch import UNDER_WAY, watched, within
from gateway.cli.shown import show, show_all
from gateway.client import Operator
from gateway.wire.applications import Terms
from gateway.wire.bulks import Bulk, BulkApproval, BulkQuery, BulkRejection, BulkState, LineQuery
from gateway.wire.money import PositiveAmount

_BULK = click.argument("bulk_id", metavar="BULK")
_FEE = click.option("--fee", type=click.IntRange(0, 1000), required=True, help="In 0.01 %: 38.")
_LIMIT = click.option("--payment-limit", type=AmountType(), help="The largest single payment.")


@click.group("bulks")
def bulks() -> None:
    """One operator takes a file and proposes terms, another approves it."""


@bulks.command("list")
@click.option("--state", type=click.Choice(get_args(BulkState)), default="checked", show_default=True)
@most
@acting
def list_bulks(session: Session, state: BulkState, most: int) -> None:
    """The queue, oldest first."""
    matching = BulkQuery(state=state, limit=min(most, 100))
    found = session.listed(Operator, lambda one: one.bulks(matching), most=most)
    show_all(found, session.how, ("id", "partner_id", "kind", "state", "lines", "faulty", "admitted"))


@bulks.command("show")
@_BULK
@acting
def show_bulk(session: Session, bulk_id: str) -> None:
    """One file, with who works on it."""
    session.show(Operator, lambda one: one.bulk(bulk_id))


@bulks.command("lines")
@_BULK
@click.option("--faulty", is_flag=True, help="Only lines with faults.")
@most
@acting
def lines(session: Session, bulk_id: str, *, faulty: bool, most: int) -> None:
    """What became of each line."""
    query = LineQuery(faulty=faulty, limit=min(most, 100))
    found = session.listed(Operator, lambda one: one.bulk_lines(bulk_id, query), most=most)
    show_all(
        found, session.how, ("line", "reference", "application_id", "faults[1].field", "faults[1].detail")
    )


@bulks.command("take")
@_BULK
@_FEE
@_LIMIT
@repeatable
@acting
def take(
    session: Session,
    *,
    bulk_id: str,
    fee: int,
    payment_limit: PositiveAmount | None,
    idempotency_key: str | None,
) -> None:
    """Become its reviewer, who cannot approve it, and propose terms for all its lines."""
    terms = Terms(fee_basis_points=fee, payment_limit=payment_limit)
    session.show(Operator, lambda one: one.take_bulk(bulk_id, terms, idempotency_key=idempotency_key))


@bulks.command("approve")
@_BULK
@_FEE
@_LIMIT
@click.option("--reason", default="")
@within
@repeatable
@acting
def approve(
    session: Session,
    *,
    bulk_id: str,
    fee: int,
    payment_limit: PositiveAmount | None,
    reason: str,
    within_s: float,
    idempotency_key: str | None,
) -> None:
    """As the second pair of eyes, approve the very terms that were proposed, and watch until all are admitted."""
    terms = Terms(fee_basis_points=fee, payment_limit=payment_limit)
    approval = BulkApproval(terms=terms, reason=reason)

    async def approved(one: Operator) -> Bulk:
        await one.approve_bulk(bulk_id, approval, idempotency_key=idempotency_key)

        async def read() -> Bulk:
            return (await one.bulk(bulk_id)).bulk

        return await watched(read, within_s)

    found: Bulk = session.ask(Operator, approved)
    show(found, session.how)
    if found.state in UNDER_WAY:
        raise NotKnown(f"{found.admitted} admitted so far: gateway operator bulks show {bulk_id}")


@bulks.command("reject")
@_BULK
@click.option("--reason", required=True, help="Its partner reads it.")
@repeatable
@acting
def reject(session: Session, bulk_id: str, reason: str, idempotency_key: str | None) -> None:
    """Turn a file down whole."""
    why = BulkRejection(reason=reason)
    session.show(Operator, lambda one: one.reject_bulk(bulk_id, why, idempotency_key=idempotency_key))


COMMANDS = (bulks,)
