"""`gateway partner offers`: co-branded offers, from the partner's side of the table."""

import click
import msgspec

from gateway.cli.asking import Session, acting, most, read_json, repeatable
from gateway.cli.shown import show_all
from gateway.client import Partner
from gateway.wire.offer_figures import FiguresFilter
from gateway.wire.offers import Deal, DealChange, Offer, OfferFilter, StateChange

_OFFER = click.argument("offer_id", metavar="OFFER")
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


@offers.command("show")
@_OFFER
@acting
def show_offer(session: Session, offer_id: str) -> None:
    """The version on the table, and who stands by it."""
    session.show(Partner, lambda one: one.offer(offer_id))


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


@offers.command("change")
@_OFFER
@click.argument("sections", metavar="FILE", type=click.Path())
@acting
def change(session: Session, offer_id: str, sections: str) -> None:
    """Make another version of the one there is, with the sections in FILE (JSON) in the place of its own."""
    given = read_json(sections)

    async def changed(one: Partner) -> Offer:
        now = await one.offer(offer_id)
        try:
            wish = msgspec.convert({"hash": now.hash, **given}, DealChange)
        except (msgspec.ValidationError, TypeError) as error:
            raise click.ClickException(f"{sections}: {error}") from None
        return await one.change_offer(offer_id, wish)

    session.show(Partner, changed)


@offers.command("propose")
@_OFFER
@repeatable
@acting
def propose(session: Session, offer_id: str, idempotency_key: str | None) -> None:
    """Stand by the version as it is; it is agreed once the bank accepts the very same."""

    async def proposed(one: Partner) -> Offer:
        return await one.propose_offer(await one.offer(offer_id), idempotency_key=idempotency_key)

    session.show(Partner, proposed)


@offers.command("accept")
@_OFFER
@click.option("--hash", "version_hash", required=True, help="Of the version you have read: `offers show`.")
@repeatable
@acting
def accept(session: Session, offer_id: str, version_hash: str, idempotency_key: str | None) -> None:
    """Agree to the bank's version, exactly the one whose hash you name."""

    async def accepted(one: Partner) -> Offer:
        read = msgspec.structs.replace(await one.offer(offer_id), hash=version_hash)
        return await one.accept_offer(read, idempotency_key=idempotency_key)

    session.show(Partner, accepted)


@offers.command("reject")
@_OFFER
@_REASON
@repeatable
@acting
def reject(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
    """Turn the bank's version down."""
    why = StateChange(reason=reason)
    session.show(Partner, lambda one: one.reject_offer(offer_id, why, idempotency_key=idempotency_key))


@offers.command("pause")
@_OFFER
@_REASON
@repeatable
@acting
def pause(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
    """No payment gets it until it is resumed."""
    why = StateChange(reason=reason)
    session.show(Partner, lambda one: one.pause_offer(offer_id, why, idempotency_key=idempotency_key))


@offers.command("resume")
@_OFFER
@repeatable
@acting
def resume(session: Session, offer_id: str, idempotency_key: str | None) -> None:
    """Let it run again, if nobody else wants it paused."""
    session.show(Partner, lambda one: one.resume_offer(offer_id, idempotency_key=idempotency_key))


@offers.command("end")
@_OFFER
@_REASON
@repeatable
@acting
def end(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
    """No payment gets it any more."""
    why = StateChange(reason=reason)
    session.show(Partner, lambda one: one.end_offer(offer_id, why, idempotency_key=idempotency_key))


@offers.command("figures")
@_OFFER
@click.option("--store", "store_id", help="Of one store alone.")
@acting
def figures(session: Session, offer_id: str, store_id: str | None) -> None:
    """What it has cost whom so far."""
    matching = FiguresFilter(store_id=store_id)
    session.show(Partner, lambda one: one.offer_figures(offer_id, matching))


COMMANDS = (offers,)
