"""`gateway partner offers`: co-branded offers, from the partner's side of the table."""

import click
import msgspec

from gateway.cli import offer_deeds
from gateway.cli.asking import Session, acting, most, read_json, repeatable
from gateway.cli.deeds import deed
from gateway.cli.offer_deeds import OFFER
from gateway.cli.shown import show_all
from gateway.client import Partner
from gateway.wire.offer_figures import FiguresFilter
from gateway.wire.offers import Deal, Offer, OfferFilter

_REASON = click.option("--reason", default="", help="The bank reads it.")


@click.group("offers")
def offers() -> None:
    """Draft, propose and accept offers, and stop those that run."""


@offers.command("list")
@most
@acting
def list_offers(session: Session, most: int) -> None:
    """Newest first."""
    found = session.listed(Partner, lambda one: one.offers(OfferFilter(limit=min(most, 100))), most=most)
    show_all(
        found,
        session.how,
        ("id", "state", "version", "deal.name", "deal.terms.kind", "made_by", "updated_at"),
    )


@offers.command("draft")
@click.argument("deal", metavar="FILE", type=click.Path())
@repeatable
@acting
def draft(session: Session, deal: str, idempotency_key: str | None) -> None:
    """Put the deal in FILE (JSON) on the table; it binds nobody yet."""
    try:
        wanted = msgspec.convert(read_json(deal), Deal)
    except msgspec.ValidationError as error:
        raise click.ClickException(f"{deal}: {error}") from None
    session.show(Partner, lambda one: one.draft_offer(wanted, idempotency_key=idempotency_key))


@offers.command("propose")
@OFFER
@repeatable
@acting
def propose(session: Session, offer_id: str, idempotency_key: str | None) -> None:
    """Stand by the version as it is; it is agreed once the bank accepts the very same."""

    async def proposed(one: Partner) -> Offer:
        return await one.propose_offer(await one.offer(offer_id), idempotency_key=idempotency_key)

    session.show(Partner, proposed)


@offers.command("figures")
@OFFER
@click.option("--store", "store_id", help="Of one store alone.")
@acting
def figures(session: Session, offer_id: str, store_id: str | None) -> None:
    """What it has cost whom so far."""
    matching = FiguresFilter(store_id=store_id)
    session.show(Partner, lambda one: one.offer_figures(offer_id, matching))


for _command in (
    offer_deeds.showing(Partner),
    offer_deeds.accepting(Partner, "Agree to the bank's version, exactly the one whose hash you name."),
    offer_deeds.changing(
        "change",
        Partner,
        Partner.change_offer,
        "Make another version of the one there is, with the sections in FILE (JSON) in the place of its own.",
    ),
    offer_deeds.stopping(
        "reject", Partner, Partner.reject_offer, "Turn the bank's version down.", reason=_REASON
    ),
    offer_deeds.stopping(
        "pause", Partner, Partner.pause_offer, "No payment gets it until it is resumed.", reason=_REASON
    ),
    deed(
        "resume", "OFFER", Partner, Partner.resume_offer, "Let it run again, if nobody else wants it paused."
    ),
    offer_deeds.stopping("end", Partner, Partner.end_offer, "No payment gets it any more.", reason=_REASON),
):
    offers.add_command(_command)

COMMANDS = (offers,)
