"""`gateway till`: a till on the command line, for tests of a store's connection and for whoever writes a real one."""

import uuid
from pathlib import Path

import click

from gateway.cli import outcome
from gateway.cli.amount import AmountType
from gateway.cli.asking import (
    Session,
    acting,
    addressed,
    answering,
    ask_gateway,
    repeatable,
)
from gateway.cli.identity import IdentityFile
from gateway.cli.shown import As, plain, show
from gateway.cli.terminal_qr import draw
from gateway.client import Gateway, Till, enrol
from gateway.wire.clients import EnrolledTerminal
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import Payment, PaymentRequest

_WAIT = "gateway till wait"


@click.group("till")
def till() -> None:
    """Enrol a till, and be paid."""


@till.command("enrol")
@click.argument("code")
@addressed
@click.option("--save", type=click.Path(path_type=Path), required=True, help="Where to keep the till's key.")
@answering
def enrol_till(code: str, *, url: str, issuer: str | None, save: Path, how: As) -> None:
    """Bind a new key to the terminal whose activation CODE this is.

    Run again with the same --save after a failure: code and key are the same till.
    """
    file = IdentityFile.make(save, url=url, issuer=issuer)

    async def enrolled(gateway: Gateway) -> EnrolledTerminal:
        return await enrol(gateway, file.identity.key, code)

    made = ask_gateway(url, enrolled)
    file.keep(client_id=made.client_id, terminal_id=made.terminal_id)
    show(made, how)


@till.command("pay")
@click.argument("amount", type=AmountType())
@click.option(
    "--code", help="The customer's payment code; without it, a code for the customer to scan is shown."
)
@click.option("--order", "order_no", help="The order's number; a new one if left out.")
@click.option("--description")
@outcome.within
@repeatable
@acting
def pay(
    session: Session,
    *,
    amount: PositiveAmount,
    code: str | None,
    order_no: str | None,
    description: str | None,
    within_s: float,
    idempotency_key: str | None,
) -> None:
    """Ask to be paid AMOUNT (128.00), and wait for the end.

    Exits with 3 when nobody paid, and with 5 when it is not known yet: `gateway till wait` goes on waiting.
    """
    order = PaymentRequest(
        amount=amount,
        merchant_order_no=order_no or f"CLI-{uuid.uuid4().hex[:16]}",
        code=code,
        description=description,
    )
    asked = session.ask(Till, lambda one: one.pay(order, idempotency_key=idempotency_key))
    if asked.next_action.qr_payload and session.how is As.TEXT:
        draw(asked.next_action.qr_payload)
        click.echo(plain(asked.next_action.qr_payload), err=True)
    ended = outcome.awaited(asked, lambda: _ended(session, asked.id, within_s))
    outcome.tell(session, ended, wait=_WAIT)


@till.command("wait")
@click.argument("payment_id", metavar="PAYMENT")
@outcome.within
@acting
def wait(session: Session, payment_id: str, within_s: float) -> None:
    """Wait for a payment's end; exits as `pay` does."""
    outcome.tell(session, _ended(session, payment_id, within_s), wait=_WAIT)


@till.command("cancel")
@click.argument("payment_id", metavar="PAYMENT")
@repeatable
@acting
def cancel(session: Session, payment_id: str, idempotency_key: str | None) -> None:
    """Cancel a payment: once accepted, the customer ends uncharged."""
    show(session.ask(Till, lambda one: one.cancel(payment_id, idempotency_key=idempotency_key)), session.how)


def _ended(session: Session, payment_id: str, within_s: float) -> Payment:
    payment: Payment = session.ask(Till, lambda one: one.wait(payment_id, within_s=within_s))
    return payment
