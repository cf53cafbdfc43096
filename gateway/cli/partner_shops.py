"""Stores and their terminals, one by one or many from a table."""

from pathlib import Path

import click

from gateway.cli.application import own_merchant
from gateway.cli.asking import Session, acting, reasoned, repeatable
from gateway.cli.deeds import deed
from gateway.cli.shown import show, show_all
from gateway.client import Partner
from gateway.wire.clients import Revocation
from gateway.wire.stores import NewStore, NewTerminal

_MOST = 1000
_most = click.option("--most", type=click.IntRange(1, 100_000), default=_MOST, show_default=True)


@click.command("merchant")
@acting
def merchant(session: Session) -> None:
    """Who is paid: oneself, as the bank approved it."""
    whose = own_merchant(session)
    show(session.ask(Partner, lambda one: one.merchant(whose)), session.how)


@click.command("open-store")
@click.argument("name")
@click.option("--area-code", required=True, help="County by GB/T 2260: 440305.")
@click.option("--address", required=True)
@click.option("--merchant", "merchant_id", help="A sub-merchant; oneself if left out.")
@repeatable
@acting
def open_store(
    session: Session,
    *,
    name: str,
    area_code: str,
    address: str,
    merchant_id: str | None,
    idempotency_key: str | None,
) -> None:
    """Open a store."""
    store = NewStore(name=name, area_code=area_code, address=address)
    whose = merchant_id or own_merchant(session)
    show(
        session.ask(Partner, lambda one: one.open_store(whose, store, idempotency_key=idempotency_key)),
        session.how,
    )


@click.command("stores")
@click.option("--merchant", "merchant_id", help="A sub-merchant; oneself if left out.")
@_most
@acting
def stores(session: Session, merchant_id: str | None, most: int) -> None:
    """List stores."""
    whose = merchant_id or own_merchant(session)
    found = session.listed(Partner, lambda one: one.stores(whose), most=most)
    show_all(found, session.how, ("id", "status", "name", "area_code", "address"))


@click.command("place-terminal")
@click.argument("store_id", metavar="STORE")
@click.argument("label")
@repeatable
@acting
def place_terminal(session: Session, store_id: str, label: str, idempotency_key: str | None) -> None:
    """Make a place for a till in a store."""
    terminal = NewTerminal(label=label)
    show(
        session.ask(
            Partner, lambda one: one.place_terminal(store_id, terminal, idempotency_key=idempotency_key)
        ),
        session.how,
    )


@click.command("terminals")
@click.argument("store_id", metavar="STORE")
@_most
@acting
def terminals(session: Session, store_id: str, most: int) -> None:
    """List a store's terminals."""
    found = session.listed(Partner, lambda one: one.terminals(store_id), most=most)
    show_all(found, session.how, ("id", "status", "label"))


@click.command("sticker")
@click.argument("place_id", metavar="STORE|TERMINAL")
@click.option(
    "--save", type=click.Path(path_type=Path), help="Where to keep its picture, to be printed (PNG)."
)
@repeatable
@acting
def sticker(session: Session, place_id: str, save: Path | None, idempotency_key: str | None) -> None:
    """Get a code without an amount, for a store or one of its tills, good until it is revoked."""
    place = {"terminal_id" if place_id.startswith("trm_") else "store_id": place_id}
    made = session.ask(Partner, lambda one: one.sticker(**place, idempotency_key=idempotency_key))
    show(made, session.how)  # first: it stands, whatever becomes of its picture
    if save is not None:
        picture = session.ask(Partner, lambda one: one.picture(made.id, use="poster"))
        try:
            save.write_bytes(picture)
        except OSError as error:
            raise click.ClickException(f"{save}: {error.strerror}") from None


@click.command("revoke-till")
@click.argument("terminal_id", metavar="TERMINAL")
@reasoned
@repeatable
@acting
def revoke_till(session: Session, terminal_id: str, reason: str, idempotency_key: str | None) -> None:
    """Put a lost till out, at once; its terminal waits for another one."""
    why = Revocation(reason=reason)
    session.ask(Partner, lambda one: one.revoke_till(terminal_id, why, idempotency_key=idempotency_key))


@click.command("sub-merchants")
@_most
@acting
def sub_merchants(session: Session, most: int) -> None:
    """Tenants or sellers, newest first."""
    found = session.listed(Partner, lambda one: one.sub_merchants(), most=most)
    show_all(found, session.how, ("id", "status", "short_name", "licence_name", "mcc", "created_at"))


COMMANDS = (
    merchant,
    open_store,
    stores,
    deed(
        "close-store",
        "STORE",
        Partner,
        Partner.close_store,
        "Close a store for good; nobody is paid there any more.",
    ),
    place_terminal,
    terminals,
    deed(
        "activation-code",
        "TERMINAL",
        Partner,
        Partner.activation_code,
        "Get the code that `gateway till enrol` asks for; it is shown once and lives a quarter of an hour.",
    ),
    sticker,
    deed(
        "retire-terminal",
        "TERMINAL",
        Partner,
        Partner.retire_terminal,
        "Take a terminal away for good, with the till that stands there.",
    ),
    revoke_till,
    sub_merchants,
)
