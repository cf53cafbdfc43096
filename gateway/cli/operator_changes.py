"""`gateway operator changes` and `terms`: what is on record of a merchant, changed by two operators."""

from pathlib import Path
from typing import get_args

import click

from gateway.cli.amount import AmountType
from gateway.cli.asking import Session, acting, most, repeatable
from gateway.cli.paper import keep_as, keep_paper
from gateway.cli.shown import show_all
from gateway.client import Operator
from gateway.wire.applications import PlaceTerms, Terms
from gateway.wire.changes import ChangeDecision, ChangeQuery, ChangeStatus
from gateway.wire.money import PositiveAmount

_CHANGE = click.argument("change_id", metavar="CHANGE")
_REASON = click.option("--reason", required=True, help="Its partner reads it.")
_FEE = click.IntRange(0, 1000)
_LIMIT = click.option(
    "--payment-limit", type=AmountType(), help="The largest single payment; none if left out."
)


@click.group("changes")
def changes() -> None:
    """Requests to change what is on record: one operator takes one, another approves it."""


@changes.command("list")
@click.option("--status", type=click.Choice(get_args(ChangeStatus)), default="submitted", show_default=True)
@most
@acting
def list_changes(session: Session, status: ChangeStatus, most: int) -> None:
    """The queue, oldest first."""
    matching = ChangeQuery(status=status, limit=min(most, 100))
    found = session.listed(Operator, lambda one: one.changes(matching), most=most)
    show_all(
        found, session.how, ("id", "merchant_id", "status", "sections", "needs", "place_id", "created_at")
    )


@changes.command("show")
@_CHANGE
@acting
def show_change(session: Session, change_id: str) -> None:
    """One request, masked, with who asked and who works on it."""
    session.show(Operator, lambda one: one.change(change_id))


@changes.command("take")
@_CHANGE
@repeatable
@acting
def take(session: Session, change_id: str, idempotency_key: str | None) -> None:
    """Become its reviewer, who cannot approve it."""
    session.show(Operator, lambda one: one.take_change(change_id, idempotency_key=idempotency_key))


@changes.command("approve")
@_CHANGE
@_REASON
@repeatable
@acting
def approve(session: Session, change_id: str, reason: str, idempotency_key: str | None) -> None:
    """As the second pair of eyes: it is live from now on."""
    why = ChangeDecision(reason=reason)
    session.show(Operator, lambda one: one.approve_change(change_id, why, idempotency_key=idempotency_key))


@changes.command("reject")
@_CHANGE
@_REASON
@repeatable
@acting
def reject(session: Session, change_id: str, reason: str, idempotency_key: str | None) -> None:
    """Turn it down; what is live stays."""
    why = ChangeDecision(reason=reason)
    session.show(Operator, lambda one: one.reject_change(change_id, why, idempotency_key=idempotency_key))


@changes.command("papers")
@_CHANGE
@acting
def papers(session: Session, change_id: str) -> None:
    """List what its partner has shown for it."""
    found = session.ask(Operator, lambda one: one.change_documents(change_id))
    show_all(found, session.how, ("id", "kind", "page", "media_type", "size_bytes", "uploaded_at"))


@changes.command("open-paper")
@_CHANGE
@click.argument("document_id", metavar="PAPER")
@keep_as
@acting
def open_paper(session: Session, change_id: str, document_id: str, save: Path) -> None:
    """Keep a paper in a file; that you opened it is on the trail."""
    keep_paper(save, session.ask(Operator, lambda one: one.open_change_document(change_id, document_id)))


@click.group("terms")
def terms() -> None:
    """Fees and limits: what you propose here waits for another operator, as any change (`changes approve`)."""


@terms.command("merchant")
@click.argument("merchant_id", metavar="MERCHANT")
@click.option("--fee", type=_FEE, required=True, help="In 0.01 %: 38.")
@_LIMIT
@repeatable
@acting
def merchant(
    session: Session,
    *,
    merchant_id: str,
    fee: int,
    payment_limit: PositiveAmount | None,
    idempotency_key: str | None,
) -> None:
    """Another fee or limit of a merchant."""
    wish = Terms(fee_basis_points=fee, payment_limit=payment_limit)
    session.show(
        Operator, lambda one: one.propose_merchant_terms(merchant_id, wish, idempotency_key=idempotency_key)
    )


@terms.command("place")
@click.argument("place_id", metavar="STORE|TERMINAL")
@click.option("--fee", type=_FEE, help="In 0.01 %; that of the level above if left out.")
@_LIMIT
@repeatable
@acting
def place(
    session: Session,
    *,
    place_id: str,
    fee: int | None,
    payment_limit: PositiveAmount | None,
    idempotency_key: str | None,
) -> None:
    """A fee or limit of a store's or terminal's own; without either it has those of the level above again."""
    wish = PlaceTerms(fee_basis_points=fee, payment_limit=payment_limit)
    if place_id.startswith("sto_"):
        session.show(
            Operator, lambda one: one.propose_store_terms(place_id, wish, idempotency_key=idempotency_key)
        )
    else:
        session.show(
            Operator, lambda one: one.propose_terminal_terms(place_id, wish, idempotency_key=idempotency_key)
        )


COMMANDS = (changes, terms)
