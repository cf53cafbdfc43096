"""`gateway operator offers`: co-branded offers, from the bank's side of the table."""

import click
import msgspec

from gateway.cli.asking import Session, acting, most, read_json, reasoned, repeatable
from gateway.cli.shown import show_all
from gateway.client import Operator
from gateway.wire.offers import DealChange, Offer, OfferFilter, StateChange

_OFFER = click.argument("offer_id", metavar="OFFER")


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


@offers.command("show")
@_OFFER
@acting
def show_offer(session: Session, offer_id: str) -> None:
    """The version on the table, and who stands by it."""
    session.show(Operator, lambda one: one.offer(offer_id))


@offers.command("accept")
@_OFFER
@click.option("--hash", "version_hash", required=True, help="Of the version you have read: `offers show`.")
@repeatable
@acting
def accept(session: Session, offer_id: str, version_hash: str, idempotency_key: str | None) -> None:
    """Agree to exactly the version whose hash you name."""

    async def accepted(one: Operator) -> Offer:
        read = msgspec.structs.replace(await one.offer(offer_id), hash=version_hash)
        return await one.accept_offer(read, idempotency_key=idempotency_key)

    session.show(Operator, accepted)


@offers.command("counter")
@_OFFER
@click.argument("sections", metavar="FILE", type=click.Path())
@acting
def counter(session: Session, offer_id: str, sections: str) -> None:
    """Make another version, with the sections in FILE (JSON), which the partner has to accept."""
    given = read_json(sections)

    async def countered(one: Operator) -> Offer:
        now = await one.offer(offer_id)
        try:
            wish = msgspec.convert({"hash": now.hash, **given}, DealChange)
        except (msgspec.ValidationError, TypeError) as error:
            raise click.ClickException(f"{sections}: {error}") from None
        return await one.counter_offer(offer_id, wish)

    session.show(Operator, countered)


@offers.command("reject")
@_OFFER
@reasoned
@repeatable
@acting
def reject(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
    """Turn a partner's version down."""
    why = StateChange(reason=reason)
    session.show(Operator, lambda one: one.reject_offer(offer_id, why, idempotency_key=idempotency_key))


@offers.command("pause")
@_OFFER
@reasoned
@repeatable
@acting
def pause(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
    """No payment gets it until the bank resumes it."""
    why = StateChange(reason=reason)
    session.show(Operator, lambda one: one.pause_offer(offer_id, why, idempotency_key=idempotency_key))


@offers.command("resume")
@_OFFER
@repeatable
@acting
def resume(session: Session, offer_id: str, idempotency_key: str | None) -> None:
    """Let it run again, if nobody else wants it paused."""
    session.show(Operator, lambda one: one.resume_offer(offer_id, idempotency_key=idempotency_key))


@offers.command("end")
@_OFFER
@reasoned
@repeatable
@acting
def end(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
    """No payment gets it any more."""
    why = StateChange(reason=reason)
    session.show(Operator, lambda one: one.end_offer(offer_id, why, idempotency_key=idempotency_key))


COMMANDS = (offers,)
