"""`gateway sandbox`: a whole bank to try things with, and nobody in it yet but its first operator."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click
import uvloop
from PIL import Image

from gateway.cli.asking import SaidNo, answering
from gateway.cli.identity import IdentityFile
from gateway.cli.sandbox_shop import shop
from gateway.cli.shown import As
from gateway.client import Credentials, Operator
from gateway.demo.bank_core import read_statement
from gateway.demo.checks import CURRENCY
from gateway.demo.narration import Narrator
from gateway.demo.processes import ProcessFailed
from gateway.demo.sandbox import FIRST_OPERATOR, ISSUER, Stage, open_sandbox
from gateway.storage.errors import EmbeddedPostgresFailed
from gateway.wire.clients import NewWalletClient
from merchants.money import Money, format_amount

_OPERATOR, _WALLET, _URL, _CORE, _PAPER = "operator.json", "wallet.json", "url", "core-url", "paper.png"
_FILES = (_OPERATOR, _WALLET, _URL, _CORE, _PAPER)
_PAYER, _BALANCE_MINOR = "lan", 100_000
_LOOK_EVERY_S = 1.0
_PAPER_PX = (210, 297)

_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group("sandbox")
def sandbox() -> None:
    """A bank of one's own to try things with."""


@sandbox.command("start")
@_FOLDER
def start(folder: Path) -> None:
    """Start database, wallet core, gateway and worker, until Ctrl-C.

    FOLDER gets what the other commands need: `url` (the gateway's address), `operator.json` (the first operator),
    `wallet.json` (the wallet's backend, whose payer `lan` has 1,000.00), and `paper.png` to upload as any paper. It is
    all gone with Ctrl-C.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (folder / name).exists():
            raise click.ClickException(f"{folder / name} is there already: choose an empty folder")
    try:
        uvloop.run(_keep_open(folder))
    except (ProcessFailed, EmbeddedPostgresFailed, TimeoutError) as error:
        raise click.ClickException(f"the sandbox broke: {error}") from error


@sandbox.command("statement")
@_FOLDER
@click.argument("account_number")
@answering
def statement(folder: Path, account_number: str, how: As) -> None:
    """What the holder of an account at another bank reads on its statement; with -q the sum."""
    try:
        core_url = (folder / _CORE).read_text(encoding="ascii").strip()
    except OSError:
        raise click.ClickException(f"no sandbox is open in {folder}") from None
    amounts = asyncio.run(read_statement(core_url, account_number))
    credits_ = [Money(amount_minor, CURRENCY) for amount_minor in amounts]
    if not amounts:
        raise SaidNo(f"nothing was credited to {account_number}; is it the account of the application?")
    total = Money(sum(one.amount_minor for one in credits_), CURRENCY)
    for one in credits_ if how is As.TEXT else [total]:
        click.echo(format_amount(one))


sandbox.add_command(shop)


async def _keep_open(folder: Path) -> None:
    narrator = Narrator()
    open_ = asyncio.create_task(_open(folder, narrator))
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(one, open_.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await open_


async def _open(folder: Path, narrator: Narrator) -> None:
    async with open_sandbox(narrator) as stage:
        try:
            await _furnish(folder, stage)
            narrator.plain(f"\nThe sandbox is ready at {stage.gateway.url}, until Ctrl-C.")
            narrator.plain(f"partners' console:  {stage.gateway.url}/console")
            narrator.plain(f"operators' console: {stage.back_office.url}/console")
            while True:
                await asyncio.sleep(_LOOK_EVERY_S)
                stage.processes.check()
        finally:
            for name in _FILES:
                (folder / name).unlink(missing_ok=True)


async def _furnish(folder: Path, stage: Stage) -> None:
    """The first operator, a wallet's backend, and a payer who has money."""
    public, back_office = stage.gateway.url, stage.back_office.url
    first = Credentials(client_id=FIRST_OPERATOR, key=stage.first_operator)
    IdentityFile.make(folder / _OPERATOR, url=back_office, issuer=public).keep(
        jwk=stage.first_operator.private_jwk, client_id=FIRST_OPERATOR
    )
    wallet = IdentityFile.make(folder / _WALLET, url=public)
    wish = NewWalletClient(issuer=ISSUER, name="Wallet app", jwk=wallet.identity.public_jwk)
    made = await Operator(stage.back_office, first).propose_wallet(wish)
    wallet.keep(client_id=made.client_id, wallet_issuer=ISSUER)
    await stage.core.set_wallet(_PAYER, balance_minor=_BALANCE_MINOR)
    Image.new("L", _PAPER_PX, "white").save(folder / _PAPER)
    (folder / _CORE).write_text(f"{stage.core.url}\n", encoding="ascii")
    (folder / _URL).write_text(f"{public}\n", encoding="ascii")
