"""Stores and their terminals, one by one or many from a table."""

import click

from gateway.cli.application import own_merchant
from gateway.cli.asking import Session, acting, repeatable
from gateway.cli.shown import show, show_all
from gateway.client import Partner
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


@click.command("activation-code")
@click.argument("terminal_id", metavar="TERMINAL")
@repeatable
@acting
def activation_code(session: Session, terminal_id: str, idempotency_key: str | None) -> None:
    """Get the code that `gateway till enrol` asks for; it is shown once and lives a quarter of an hour."""
    show(
        session.ask(Partner, lambda one: one.activation_code(terminal_id, idempotency_key=idempotency_key)),
        session.how,
    )


COMMANDS = (merchant, open_store, stores, place_terminal, terminals, activation_code)
