"""`gateway operator`: the bank's people at the operators' listener; here the cases that they review."""

from pathlib import Path
from typing import get_args

import click

from gateway.cli import (
    operator_bulks,
    operator_changes,
    operator_clients,
    operator_merchants,
    operator_offers,
    operator_people,
    operator_watch,
)
from gateway.cli.amount import AmountType
from gateway.cli.asking import Session, acting, most, repeatable
from gateway.cli.paper import keep_as, keep_paper
from gateway.cli.shown import show, show_all
from gateway.client import Operator
from gateway.wire.applications import (
    ApplicationStatus,
    ApprovalRequest,
    CaseQuery,
    Decision,
    Terms,
)
from gateway.wire.joining import Override
from gateway.wire.money import PositiveAmount

_CASE = click.argument("application_id", metavar="APPLICATION")
_REASON = click.option("--reason", required=True, help="The applicant reads it.")


@click.group("operator")
def operator() -> None:
    """Review and approve who wants to take the wallet, and let colleagues and wallets in."""


@operator.command("cases")
@click.option(
    "--status", type=click.Choice(get_args(ApplicationStatus)), default="submitted", show_default=True
)
@most
@acting
def cases(session: Session, status: ApplicationStatus, most: int) -> None:
    """The queue, oldest first."""
    found = session.listed(Operator, lambda one: one.cases(CaseQuery(status=status)), most=most)
    show_all(found, session.how, ("id", "kind", "status", "short_name", "licence.name", "submitted_at"))


@operator.command("case")
@_CASE
@acting
def case(session: Session, application_id: str) -> None:
    """One application, masked, with who works on it."""
    show(session.ask(Operator, lambda one: one.case(application_id)), session.how)


@operator.command("papers")
@_CASE
@acting
def papers(session: Session, application_id: str) -> None:
    """List a case's papers, replaced ones of earlier rounds too."""
    found = session.ask(Operator, lambda one: one.case_documents(application_id))
    show_all(found, session.how, ("id", "kind", "page", "round", "media_type", "uploaded_at", "replaced_at"))


@operator.command("open-paper")
@_CASE
@click.argument("document_id", metavar="PAPER")
@keep_as
@acting
def open_paper(session: Session, application_id: str, document_id: str, save: Path) -> None:
    """Keep a case's paper in a file; that you opened it is on the trail."""
    keep_paper(save, session.ask(Operator, lambda one: one.open_document(application_id, document_id)))


@operator.command("override-credit-code")
@_CASE
@click.option("--reason", required=True, help="Why the code is right although it breaks the standard.")
@repeatable
@acting
def override_credit_code(
    session: Session, application_id: str, reason: str, idempotency_key: str | None
) -> None:
    """Let a credit code pass; whoever does so cannot approve the case."""
    why = Override(reason=reason)
    session.show(
        Operator, lambda one: one.override_credit_code(application_id, why, idempotency_key=idempotency_key)
    )


@operator.command("take")
@_CASE
@repeatable
@acting
def take(session: Session, application_id: str, idempotency_key: str | None) -> None:
    """Become the case's reviewer, who cannot approve it."""
    show(
        session.ask(Operator, lambda one: one.take(application_id, idempotency_key=idempotency_key)),
        session.how,
    )


@operator.command("propose")
@_CASE
@click.option("--fee", "fee_basis_points", type=click.IntRange(0, 1000), required=True, help="In 0.01 %: 38.")
@click.option("--payment-limit", type=AmountType(), help="The largest single payment.")
@acting
def propose(
    session: Session, application_id: str, fee_basis_points: int, payment_limit: PositiveAmount | None
) -> None:
    """As the reviewer, propose terms."""
    terms = Terms(fee_basis_points=fee_basis_points, payment_limit=payment_limit)
    show(session.ask(Operator, lambda one: one.propose_terms(application_id, terms)), session.how)


@operator.command("approve")
@_CASE
@click.option("--fee", "fee_basis_points", type=click.IntRange(0, 1000), required=True)
@click.option("--payment-limit", type=AmountType())
@click.option("--reason", default="")
@repeatable
@acting
def approve(
    session: Session,
    *,
    application_id: str,
    fee_basis_points: int,
    payment_limit: PositiveAmount | None,
    reason: str,
    idempotency_key: str | None,
) -> None:
    """As the second pair of eyes, approve the very terms that the reviewer proposed: you name them yourself."""
    terms = Terms(fee_basis_points=fee_basis_points, payment_limit=payment_limit)
    approval = ApprovalRequest(terms=terms, reason=reason)
    show(
        session.ask(
            Operator, lambda one: one.approve(application_id, approval, idempotency_key=idempotency_key)
        ),
        session.how,
    )


@operator.command("ask")
@_CASE
@_REASON
@repeatable
@acting
def ask(session: Session, application_id: str, reason: str, idempotency_key: str | None) -> None:
    """Send a case back for more information."""
    why = Decision(reason=reason)
    show(
        session.ask(
            Operator, lambda one: one.ask_for_more(application_id, why, idempotency_key=idempotency_key)
        ),
        session.how,
    )


@operator.command("reject")
@_CASE
@_REASON
@repeatable
@acting
def reject(session: Session, application_id: str, reason: str, idempotency_key: str | None) -> None:
    """Turn a case down for good."""
    why = Decision(reason=reason)
    show(
        session.ask(Operator, lambda one: one.reject(application_id, why, idempotency_key=idempotency_key)),
        session.how,
    )


for _command in (
    *operator_people.COMMANDS,
    *operator_clients.COMMANDS,
    *operator_changes.COMMANDS,
    *operator_bulks.COMMANDS,
    *operator_merchants.COMMANDS,
    *operator_offers.COMMANDS,
    *operator_watch.COMMANDS,
):
    operator.add_command(_command)
