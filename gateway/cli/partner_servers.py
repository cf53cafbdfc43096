"""`gateway partner servers`: more of one's own servers, each with a key and no more scopes than it needs."""

from pathlib import Path
from typing import get_args

import click

from gateway.cli.application import own_merchant
from gateway.cli.asking import Session, acting, most, reasoned, repeatable
from gateway.cli.identity import IdentityFile
from gateway.cli.shown import show, show_all
from gateway.client import Partner
from gateway.wire.clients import NewClient, PartnerScope, Revocation

_CLIENT = click.argument("client_id", metavar="CLIENT")


@click.group("servers")
def servers() -> None:
    """Servers that speak for oneself."""


@servers.command("register")
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(get_args(PartnerScope)), multiple=True, required=True)
@click.option(
    "--save", type=click.Path(path_type=Path), required=True, help="Where to keep the new identity."
)
@acting
def register(session: Session, name: str, scopes: tuple[PartnerScope, ...], save: Path) -> None:
    """Let one more in, with a new key in a file of its own."""
    mine, whose = session.file.identity, own_merchant(session)
    file = IdentityFile.make(save, url=mine.url, issuer=mine.issuer)
    wish = NewClient(name=name, scopes=list(scopes), jwk=file.identity.public_jwk)
    key = file.identity.asked_with
    made = session.ask(Partner, lambda one: one.register_server(wish, idempotency_key=key))
    file.keep(client_id=made.client.id, merchant_id=whose)
    show(made, session.how)


@servers.command("list")
@most
@acting
def list_servers(session: Session, most: int) -> None:
    """Newest first, revoked ones too."""
    found = session.listed(Partner, lambda one: one.servers(), most=most)
    show_all(found, session.how, ("id", "name", "scopes", "created_at", "revoked_at"))


@servers.command("show")
@_CLIENT
@acting
def show_server(session: Session, client_id: str) -> None:
    """One server with its keys, and when each was last used."""
    session.show(Partner, lambda one: one.server(client_id))


@servers.command("revoke")
@_CLIENT
@reasoned
@repeatable
@acting
def revoke(session: Session, client_id: str, reason: str, idempotency_key: str | None) -> None:
    """End one with its keys and tokens, at once and for good."""
    why = Revocation(reason=reason)
    session.show(Partner, lambda one: one.revoke_server(client_id, why, idempotency_key=idempotency_key))


COMMANDS = (servers,)
