"""`gateway wallet`: the backend of a wallet app, as far as a shop needs one to try its tills."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from gateway.cli import outcome, paying, scanning
from gateway.cli.amount import AmountType
from gateway.cli.asking import Session, acting, repeatable
from gateway.cli.identity import Unreadable
from gateway.cli.shown import As, show
from gateway.cli.terminal_qr import draw
from gateway.client import WalletBackend
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import PayerFacts, WalletPayment

T = TypeVar("T")


@click.group("wallet")
def wallet() -> None:
    """Codes for the users of a wallet, and what they pay by scanning."""


def _for_payer(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the payer that the wallet vouches for."""

    @click.argument("payer_id", metavar="PAYER")
    @click.option(
        "--person", "person_id", help="The person behind the wallet; the payer's own id if left out."
    )
    @click.option("--factors", type=click.IntRange(0, 3), default=2, show_default=True)
    @functools.wraps(command)
    def paid_for(*args: Any, payer_id: str, person_id: str | None, factors: int, **options: Any) -> None:
        payer = PayerFacts(id=payer_id, person_id=person_id or payer_id, factors=factors)
        command(*args, payer=payer, **options)

    return paid_for


@wallet.command("code")
@_for_payer
@repeatable
@acting
def code(session: Session, *, payer: PayerFacts, idempotency_key: str | None) -> None:
    """Get a one-time payment code for a payer, as the phone would show it."""
    issued = _ask(session, lambda one: one.payment_code(payer, idempotency_key=idempotency_key))
    if session.how is As.TEXT:
        draw(issued.code)
    if session.how is As.ID:
        click.echo(issued.code)
        return
    show(issued, session.how)


@wallet.command("scan")
@_for_payer
@click.argument("content")
@click.option("--amount", type=AmountType(), help="What a store's sticker does not say.")
@click.option("--pay", is_flag=True, help="Agree to what is shown, and wait for the end.")
@outcome.within
@acting
def scan(
    session: Session,
    *,
    payer: PayerFacts,
    content: str,
    amount: PositiveAmount | None,
    pay: bool,
    within_s: float,
) -> None:
    """Scan a shop's code for a payer: show whom it pays, how much, and what offers give; with --pay, pay it.

    CONTENT is what the code says, a picture of it (PNG), or the address of a checkout page. Looking binds nobody. With
    --pay it exits with 3 when nothing was paid, and with 5 when it is not known yet: `gateway wallet wait` goes on.
    """
    read = scanning.text_of(content, session.file.identity)
    if not pay:
        show(_ask(session, lambda one: paying.look(one, read, payer, amount)), session.how)
        return
    begun = _ask(session, lambda one: paying.pay(one, read, payer, amount, within_s=within_s))
    ended = outcome.awaited(begun, lambda: _ended(session, begun.id, within_s))
    outcome.tell(session, ended, wait=_WAIT)


@wallet.command("wait")
@click.argument("payment_id", metavar="PAYMENT")
@outcome.within
@acting
def wait(session: Session, payment_id: str, within_s: float) -> None:
    """Wait for the end of a payment by one of the wallet's payers; exits as `scan --pay` does."""
    outcome.tell(session, _ended(session, payment_id, within_s), wait=_WAIT)


_WAIT = "gateway wallet wait"


def _ended(session: Session, payment_id: str, within_s: float) -> WalletPayment:
    return _ask(session, lambda one: one.wait(payment_id, within_s=within_s))


def _ask(session: Session, deed: Callable[[WalletBackend], Awaitable[T]]) -> T:
    issuer = session.file.identity.wallet_issuer
    if issuer is None:
        raise Unreadable(
            f"{session.file.path} is no wallet's identity: name the file of the wallet's backend"
        )
    return session.ask(functools.partial(WalletBackend, issuer=issuer), deed)
