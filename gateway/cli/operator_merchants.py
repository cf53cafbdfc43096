"""`gateway operator merchants`, `search`, `unmask` and `trail`: who may be paid, and who did what to whose data."""

from typing import Literal, get_args

import click

from gateway.cli.asking import Session, acting, most, reasoned, repeatable
from gateway.cli.shown import show_all
from gateway.client import Operator
from gateway.wire.changes import SearchWish, Unmasking
from gateway.wire.merchants import StandingChange
from gateway.wire.trail import TrailQuery

Field = Literal["document_number", "account_number", "phone", "email"]
Clear = Literal["legal_representative", "owners", "contact", "settlement"]
_MERCHANT = click.argument("merchant_id", metavar="MERCHANT")


@click.group("merchants")
def merchants() -> None:
    """Suspend, resume and close who is paid."""


@merchants.command("show")
@_MERCHANT
@acting
def show_merchant(session: Session, merchant_id: str) -> None:
    """Any merchant."""
    session.show(Operator, lambda one: one.merchant(merchant_id))


@merchants.command("suspend")
@_MERCHANT
@reasoned
@repeatable
@acting
def suspend(session: Session, merchant_id: str, reason: str, idempotency_key: str | None) -> None:
    """Stop its payments at once; a partner's suspension stops its sub-merchants, too."""
    why = StandingChange(reason=reason)
    session.show(Operator, lambda one: one.suspend(merchant_id, why, idempotency_key=idempotency_key))


@merchants.command("resume")
@_MERCHANT
@reasoned
@repeatable
@acting
def resume(session: Session, merchant_id: str, reason: str, idempotency_key: str | None) -> None:
    """Let a suspended merchant be paid again."""
    why = StandingChange(reason=reason)
    session.show(Operator, lambda one: one.resume(merchant_id, why, idempotency_key=idempotency_key))


@merchants.command("close")
@_MERCHANT
@reasoned
@click.confirmation_option("--yes", prompt="For good?")
@repeatable
@acting
def close(session: Session, merchant_id: str, reason: str, idempotency_key: str | None) -> None:
    """End a merchant for good: what is open is canceled, stickers and offers end, refunds go on."""
    why = StandingChange(reason=reason)
    session.show(Operator, lambda one: one.close(merchant_id, why, idempotency_key=idempotency_key))


@click.command("search")
@click.argument("field", type=click.Choice(get_args(Field)))
@click.argument("text")
@acting
def search(session: Session, field: Field, text: str) -> None:
    """Who declared exactly this number, phone or address; that you asked is on the trail."""
    wish = SearchWish(field=field, text=text)
    session.show(Operator, lambda one: one.search(wish))


@click.command("unmask")
@click.argument("object_id", metavar="APPLICATION|MERCHANT")
@click.option("--section", "sections", type=click.Choice(get_args(Clear)), multiple=True, required=True)
@reasoned
@acting
def unmask(session: Session, object_id: str, sections: tuple[Clear, ...], reason: str) -> None:
    """See personal data in clear; which, and why, is on the trail."""
    wish = Unmasking(sections=list(sections), reason=reason)
    if object_id.startswith("mer_"):
        session.show(Operator, lambda one: one.unmask_merchant(object_id, wish))
    else:
        session.show(Operator, lambda one: one.unmask(object_id, wish))


@click.command("trail")
@click.argument("object_id", metavar="OBJECT")
@most
@acting
def trail(session: Session, object_id: str, most: int) -> None:
    """Whatever was done to an application, merchant, change, offer, client, key, newest first."""
    matching = TrailQuery(object_id=object_id, limit=min(most, 100))
    found = session.listed(Operator, lambda one: one.trail(matching), most=most)
    show_all(found, session.how, ("at", "deed", "actor", "reason"))


COMMANDS = (merchants, search, unmask, trail)
