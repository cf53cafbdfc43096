"""`gateway operator offers`: co-branded offers, from the bank's side of the table."""

import click

from gateway.cli import offer_deeds
from gateway.cli.asking import Session, acting, most, reasoned
from gateway.cli.deeds import deed
from gateway.cli.shown import show_all
from gateway.client import Operator
from gateway.wire.offers import OfferFilter


@click.group("offers")
def offers() -> None:
    """Accept, counter or turn down what partners propose, and stop what runs."""


@offers.command("list")
@most
@acting
def list_offers(session: Session, most: int) -> None:
    """Every partner's, newest first."""
    found = session.listed(Operator, lambda one: one.offers(OfferFilter(limit=min(most, 100))), most=most)
    show_all(
        found, session.how, ("id", "partner_id", "state", "version", "deal.name", "made_by", "updated_at")
    )


for _command in (
    offer_deeds.showing(Operator),
    offer_deeds.accepting(Operator, "Agree to exactly the version whose hash you name."),
    offer_deeds.changing(
        "counter",
        Operator,
        Operator.counter_offer,
        "Make another version, with the sections in FILE (JSON), which the partner has to accept.",
    ),
    offer_deeds.stopping(
        "reject", Operator, Operator.reject_offer, "Turn a partner's version down.", reason=reasoned
    ),
    offer_deeds.stopping(
        "pause",
        Operator,
        Operator.pause_offer,
        "No payment gets it until the bank resumes it.",
        reason=reasoned,
    ),
    deed(
        "resume",
        "OFFER",
        Operator,
        Operator.resume_offer,
        "Let it run again, if nobody else wants it paused.",
    ),
    offer_deeds.stopping(
        "end", Operator, Operator.end_offer, "No payment gets it any more.", reason=reasoned
    ),
):
    offers.add_command(_command)

COMMANDS = (offers,)
