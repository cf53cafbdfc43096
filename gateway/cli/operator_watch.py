"""`gateway operator in-doubt` and `velocity-hits`: what somebody at the bank has to look after."""

import click

from gateway.cli.asking import Session, acting, most
from gateway.cli.shown import show_all
from gateway.client import Operator


@click.command("in-doubt")
@most
@acting
def in_doubt(session: Session, most: int) -> None:
    """Transfers of which no core has said whether it made them, and what is done about each."""
    found = session.listed(Operator, lambda one: one.in_doubt(), most=most)
    show_all(found, session.how, ("id", "owner_id", "purpose", "phase", "next_action", "due_at", "age_s"))


@click.command("velocity-hits")
@most
@acting
def velocity_hits(session: Session, most: int) -> None:
    """Rules that fired on payments, newest first."""
    found = session.listed(Operator, lambda one: one.velocity_hits(), most=most)
    show_all(found, session.how, ("at", "rule", "action", "subject", "measured", "limit", "payment_id"))


COMMANDS = (in_doubt, velocity_hits)
