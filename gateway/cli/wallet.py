"""`gateway wallet`: the backend of a wallet app, as far as a shop needs one to try its tills."""

from functools import partial

import click

from gateway.cli.asking import Session, acting, repeatable
from gateway.cli.identity import Unreadable
from gateway.cli.shown import As, show
from gateway.cli.terminal_qr import draw
from gateway.client import WalletBackend
from gateway.wire.payments import PayerFacts


@click.group("wallet")
def wallet() -> None:
    """Codes for the users of a wallet."""


@wallet.command("code")
@click.argument("payer_id", metavar="PAYER")
@click.option("--person", "person_id", help="The person behind the wallet; the payer's own id if left out.")
@click.option("--factors", type=click.IntRange(0, 3), default=2, show_default=True)
@repeatable
@acting
def code(
    session: Session, payer_id: str, person_id: str | None, factors: int, idempotency_key: str | None
) -> None:
    """Get a one-time payment code for a payer, as the phone would show it."""
    payer = PayerFacts(id=payer_id, person_id=person_id or payer_id, factors=factors)
    issuer = session.file.identity.wallet_issuer
    if issuer is None:
        raise Unreadable(
            f"{session.file.path} is no wallet's identity: name the file of the wallet's backend"
        )
    issued = session.ask(
        partial(WalletBackend, issuer=issuer),
        lambda one: one.payment_code(payer, idempotency_key=idempotency_key),
    )
    if session.how is As.TEXT:
        draw(issued.code)
    if session.how is As.ID:
        click.echo(issued.code)
        return
    show(issued, session.how)
