"""`gateway operator`: the bank's people at the operators' listener."""

from pathlib import Path
from typing import get_args

import click

from gateway.cli.amount import AmountType
from gateway.cli.asking import Session, acting, repeatable
from gateway.cli.identity import IdentityFile
from gateway.cli.shown import show, show_all
from gateway.client import Operator
from gateway.wire.applications import (
    ApplicationStatus,
    ApprovalRequest,
    CaseQuery,
    Decision,
    Terms,
)
from gateway.wire.clients import NewOperator, NewWalletClient, Role
from gateway.wire.money import PositiveAmount

_CASE = click.argument("application_id", metavar="APPLICATION")
_REASON = click.option("--reason", required=True, help="The applicant reads it.")
_SAVE = click.option(
    "--save", type=click.Path(path_type=Path), required=True, help="Where to keep the new identity."
)


@click.group("operator")
def operator() -> None:
    """Review and approve who wants to take the wallet, and let colleagues and wallets in."""


@operator.command("register")
@click.argument("name")
@click.option("--role", "roles", type=click.Choice(get_args(Role)), multiple=True, required=True)
@_SAVE
@acting
def register(session: Session, name: str, roles: tuple[Role, ...], save: Path) -> None:
    """Propose a colleague, with a new key in a file of their own; another approver confirms.

    A sandbox's first operator is alone: until there is another approver, its colleagues are in at once.
    """
    mine = session.file.identity
    file = IdentityFile.make(save, url=mine.url, issuer=mine.issuer)
    wish = NewOperator(name=name, roles=list(roles), jwk=file.identity.public_jwk)
    key = file.identity.asked_with
    made = session.ask(Operator, lambda one: one.propose_operator(wish, idempotency_key=key))
    file.keep(client_id=made.client_id)
    show(made, session.how)


@operator.command("proposed")
@acting
def proposed(session: Session) -> None:
    """Colleagues who wait for a second approver's word."""
    found = session.listed(Operator, lambda one: one.operator_proposals(), most=100)
    show_all(found, session.how, ("id", "name", "roles", "proposed_by", "proposed_at"))


@operator.command("confirm")
@click.argument("proposal_id", metavar="PROPOSAL")
@repeatable
@acting
def confirm(session: Session, proposal_id: str, idempotency_key: str | None) -> None:
    """Let a colleague in whom somebody else proposed."""
    show(
        session.ask(Operator, lambda one: one.confirm_operator(proposal_id, idempotency_key=idempotency_key)),
        session.how,
    )


@operator.command("register-wallet")
@click.argument("issuer")
@click.option("--name", default="Wallet app", show_default=True)
@_SAVE
@acting
def register_wallet(session: Session, issuer: str, name: str, save: Path) -> None:
    """Let the backend of an issuer's wallet in, with a new key in a file of its own."""
    mine = session.file.identity
    file = IdentityFile.make(save, url=mine.issuer or mine.url)
    wish = NewWalletClient(issuer=issuer, name=name, jwk=file.identity.public_jwk)
    key = file.identity.asked_with
    made = session.ask(Operator, lambda one: one.register_wallet(wish, idempotency_key=key))
    file.keep(client_id=made.client.id, wallet_issuer=issuer)
    show(made, session.how)


@operator.command("cases")
@click.option(
    "--status", type=click.Choice(get_args(ApplicationStatus)), default="submitted", show_default=True
)
@click.option("--most", type=click.IntRange(1, 100_000), default=100, show_default=True)
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
