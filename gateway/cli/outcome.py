"""How a payment came out, told by a command: never more than is known."""

from collections.abc import Callable

import click

from gateway.cli.asking import NotKnown, SaidNo, Session
from gateway.cli.shown import show
from gateway.client import FINAL
from gateway.client.settling import PaymentT

_PAID = frozenset({"succeeded", "authorized"})

within = click.option(
    "--within-s",
    type=click.FloatRange(0, 86_400),
    default=120.0,
    show_default=True,
    help="How long to wait for the end.",
)


def awaited(begun: PaymentT, wait: Callable[[], PaymentT]) -> PaymentT:
    """A payment that was begun, at its end; as it was seen last if the gateway cannot be asked, for it stands."""
    if begun.state in FINAL:
        return begun
    try:
        return wait()
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        return begun


def tell(session: Session, payment: PaymentT, *, wait: str) -> None:
    """Show it, and end with an exit code of its own if it is not paid, or if nobody knows; `wait` goes on waiting."""
    show(payment, session.how)
    if payment.state in _PAID:
        return
    if payment.state in FINAL:
        raise SaidNo(f"not paid: {payment.reason.detail or payment.state}")
    raise NotKnown(f"{payment.state}, and not known yet: {wait} {payment.id}")
