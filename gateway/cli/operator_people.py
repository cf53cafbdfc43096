"""Colleagues: one approver proposes, another confirms."""

from pathlib import Path
from typing import get_args

import click

from gateway.cli.asking import Session, acting, most, reasoned, repeatable
from gateway.cli.identity import IdentityFile
from gateway.cli.shown import show, show_all
from gateway.client import Operator
from gateway.wire.clients import NewOperator, OperatorRejection, Role

_PROPOSAL = click.argument("proposal_id", metavar="PROPOSAL")


@click.command("register")
@click.argument("name")
@click.option("--role", "roles", type=click.Choice(get_args(Role)), multiple=True, required=True)
@click.option(
    "--save", type=click.Path(path_type=Path), required=True, help="Where to keep the new identity."
)
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


@click.command("proposed")
@most
@acting
def proposed(session: Session, most: int) -> None:
    """Colleagues who wait for a second approver's word."""
    found = session.listed(Operator, lambda one: one.operator_proposals(), most=most)
    show_all(found, session.how, ("id", "name", "roles", "proposed_by", "proposed_at"))


@click.command("confirm")
@_PROPOSAL
@repeatable
@acting
def confirm(session: Session, proposal_id: str, idempotency_key: str | None) -> None:
    """Let a colleague in whom somebody else proposed."""
    session.show(Operator, lambda one: one.confirm_operator(proposal_id, idempotency_key=idempotency_key))


@click.command("turn-down")
@_PROPOSAL
@reasoned
@repeatable
@acting
def turn_down(session: Session, proposal_id: str, reason: str, idempotency_key: str | None) -> None:
    """Do not let a colleague in whom somebody else proposed."""
    why = OperatorRejection(reason=reason)
    session.show(Operator, lambda one: one.reject_operator(proposal_id, why, idempotency_key=idempotency_key))


COMMANDS = (register, proposed, confirm, turn_down)
