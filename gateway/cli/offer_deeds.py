"""What partner and bank do alike to an offer on the table between them; each says it in words of its own."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import msgspec

from gateway.cli.asking import Session, acting, read_json, repeatable
from gateway.client import Operator, Partner
from gateway.wire.offers import DealChange, Offer, StateChange

SideT = TypeVar("SideT", Partner, Operator)

OFFER = click.argument("offer_id", metavar="OFFER")


def showing(side: type[SideT]) -> click.Command:
    """Read it."""

    @click.command("show", help="The version on the table, and who stands by it.")
    @OFFER
    @acting
    def show_offer(session: Session, offer_id: str) -> None:
        session.show(side, lambda one: one.offer(offer_id))

    return show_offer


def accepting(side: type[SideT], words: str) -> click.Command:
    """Agree to a version that was read: the hash says which."""

    @click.command("accept", help=words)
    @OFFER
    @click.option(
        "--hash", "version_hash", required=True, help="Of the version you have read: `offers show`."
    )
    @repeatable
    @acting
    def accept(session: Session, offer_id: str, version_hash: str, idempotency_key: str | None) -> None:
        async def accepted(one: SideT) -> Offer:
            read = msgspec.structs.replace(await one.offer(offer_id), hash=version_hash)
            return await one.accept_offer(read, idempotency_key=idempotency_key)

        session.show(side, accepted)

    return accept


def changing(
    name: str, side: type[SideT], change: Callable[..., Awaitable[Offer]], words: str
) -> click.Command:
    """Make another version by sections of the deal."""

    @click.command(name, help=words)
    @OFFER
    @click.argument("sections", metavar="FILE", type=click.Path())
    @acting
    def changed(session: Session, offer_id: str, sections: str) -> None:
        given = read_json(sections)

        async def made(one: SideT) -> Offer:
            now = await one.offer(offer_id)
            try:
                wish = msgspec.convert({"hash": now.hash, **given}, DealChange)
            except (msgspec.ValidationError, TypeError) as error:
                raise click.ClickException(f"{sections}: {error}") from None
            return await change(one, offer_id, wish)

        session.show(side, made)

    return changed


def stopping(
    name: str,
    side: type[SideT],
    does: Callable[..., Awaitable[Offer]],
    words: str,
    *,
    reason: Callable[[Any], Any],
) -> click.Command:
    """Turn it down, pause it or end it, with a `reason` that the other side reads."""

    @click.command(name, help=words)
    @OFFER
    @reason
    @repeatable
    @acting
    def stopped(session: Session, offer_id: str, reason: str, idempotency_key: str | None) -> None:
        why = StateChange(reason=reason)
        session.show(side, lambda one: does(one, offer_id, why, idempotency_key=idempotency_key))

    return stopped
