"""Online orders from the command line: to try a page with, and to say where pages may lead back to."""

import uuid

import click

from gateway.cli.amount import AmountType
from gateway.cli.application import own_merchant
from gateway.cli.asking import Session, acting, repeatable
from gateway.cli.deeds import deed
from gateway.cli.shown import show
from gateway.client import Partner
from gateway.wire.checkout import CheckoutRequest, ReturnOrigins
from gateway.wire.money import PositiveAmount

_THANKS = "http://127.0.0.1:3000/thanks"


@click.command("checkout")
@click.argument("amount", type=AmountType())
@click.option("--order", "order_no", help="The order's number; a new one if left out.")
@click.option(
    "--success-url", default=_THANKS, show_default=True, help="Where a customer who paid comes back to."
)
@click.option("--cancel-url", help="Where the others do; the same place if left out.")
@click.option("--description")
@repeatable
@acting
def checkout(
    session: Session,
    *,
    amount: PositiveAmount,
    order_no: str | None,
    success_url: str,
    cancel_url: str | None,
    description: str | None,
    idempotency_key: str | None,
) -> None:
    """Open a checkout session over AMOUNT (128.00); `url` of the answer is the page for its customer."""
    order = CheckoutRequest(
        amount=amount,
        merchant_order_no=order_no or f"CLI-{uuid.uuid4().hex[:16]}",
        success_url=success_url,
        cancel_url=cancel_url or success_url,
        description=description,
    )
    session.show(Partner, lambda one: one.open_checkout(order, idempotency_key=idempotency_key))


@click.command("checkout-session")
@click.argument("session_id", metavar="SESSION")
@acting
def checkout_session(session: Session, session_id: str) -> None:
    """Read a checkout session."""
    session.show(Partner, lambda one: one.checkout(session_id))


@click.command("return-origins")
@click.argument("origins", metavar="[ORIGIN]...", nargs=-1)
@click.option("--merchant", "merchant_id", help="A sub-merchant; oneself if left out.")
@acting
def return_origins(session: Session, origins: tuple[str, ...], merchant_id: str | None) -> None:
    """Say where checkout pages may lead back to (https://shop.example), or without any read where they may."""
    whose = merchant_id or own_merchant(session)
    if origins:
        kept = session.ask(Partner, lambda one: one.allow_return_origins(whose, list(origins)))
    else:
        kept = session.ask(Partner, lambda one: one.return_origins(whose))
    show(ReturnOrigins(origins=kept), session.how)


COMMANDS = (
    checkout,
    checkout_session,
    deed(
        "expire-checkout",
        "SESSION",
        Partner,
        Partner.expire_checkout,
        "End a checkout session before it is paid.",
    ),
    return_origins,
)
