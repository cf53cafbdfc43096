"""`gateway partner changes`: what is on record of a merchant, changed by the bank at one's wish."""

from pathlib import Path
from typing import get_args

import click
import msgspec

from gateway.cli.application import own_merchant
from gateway.cli.asking import Session, acting, read_json, repeatable
from gateway.cli.paper import page, read_paper
from gateway.cli.shown import show_all
from gateway.client import Partner
from gateway.wire.applications import Declared
from gateway.wire.documents import DocumentKind

_CHANGE = click.argument("change_id", metavar="CHANGE")


@click.group("changes")
def changes() -> None:
    """Another account, a renewed licence, another name; what is live stays live until the bank agrees."""


@changes.command("ask")
@click.argument("sections", metavar="FILE", type=click.Path())
@click.option("--merchant", "merchant_id", help="A sub-merchant; oneself if left out.")
@repeatable
@acting
def ask(session: Session, sections: str, merchant_id: str | None, idempotency_key: str | None) -> None:
    """Ask for the sections in FILE, whole, as `gateway partner template` has them; `needs` names papers to show."""
    try:
        wanted = msgspec.convert(read_json(sections), Declared)
    except msgspec.ValidationError as error:
        raise click.ClickException(f"{sections}: {error}") from None
    whose = merchant_id or own_merchant(session)
    session.show(Partner, lambda one: one.ask_for_change(whose, wanted, idempotency_key=idempotency_key))


@changes.command("show")
@_CHANGE
@acting
def show_change(session: Session, change_id: str) -> None:
    """What shall change, masked, and how far it is."""
    session.show(Partner, lambda one: one.change(change_id))


@changes.command("withdraw")
@_CHANGE
@repeatable
@acting
def withdraw(session: Session, change_id: str, idempotency_key: str | None) -> None:
    """Take it back before it is decided."""
    session.show(Partner, lambda one: one.withdraw_change(change_id, idempotency_key=idempotency_key))


@changes.command("upload")
@_CHANGE
@click.argument("kind", type=click.Choice(get_args(DocumentKind)))
@click.argument("file", type=click.Path(path_type=Path))
@page
@acting
def upload(session: Session, *, change_id: str, kind: DocumentKind, file: Path, page: int) -> None:
    """Show a paper for it, until somebody at the bank has taken it."""
    content, media_type = read_paper(file)
    session.show(Partner, lambda one: one.show_paper(change_id, kind, content, media_type, page=page))


@changes.command("papers")
@_CHANGE
@acting
def papers(session: Session, change_id: str) -> None:
    """List what was shown for it."""
    found = session.ask(Partner, lambda one: one.papers(change_id))
    show_all(found, session.how, ("id", "kind", "page", "media_type", "size_bytes", "uploaded_at"))


COMMANDS = (changes,)
