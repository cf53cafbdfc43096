"""What an applicant does besides declaring: papers, the account's two credits, the agreement."""

import asyncio
import time
from pathlib import Path
from typing import get_args

import click

from gateway.cli.amount import AmountType
from gateway.cli.application import applicant
from gateway.cli.asking import NotKnown, SaidNo, Session, acting, read_key, repeatable
from gateway.cli.paper import page, read_paper
from gateway.cli.shown import As, plain_lines, show, show_all
from gateway.client import Applicant
from gateway.wire.documents import DocumentKind
from gateway.wire.joining import AccountVerification, Agreement
from gateway.wire.money import PositiveAmount

_COLUMNS = ("id", "kind", "page", "media_type", "size_bytes", "uploaded_at")
_ASK_EVERY_S = 0.25
_WRONG = {"sent": "that is not the sum of the two credits; read it from the account's statement"}


@click.command("upload")
@click.argument("kind", type=click.Choice(get_args(DocumentKind)))
@click.argument("file", type=click.Path(path_type=Path))
@page
@acting
def upload(session: Session, kind: DocumentKind, file: Path, page: int) -> None:
    """Upload a paper: a JPEG, PNG or PDF of at most 5 MB. A later one of the same kind and page takes its place."""
    content, media_type = read_paper(file)
    session.show(applicant(session), lambda one: one.upload(kind, content, media_type, page=page))


@click.command("documents")
@acting
def documents(session: Session) -> None:
    """List what was uploaded."""
    show_all(session.ask(applicant(session), lambda one: one.documents()), session.how, _COLUMNS)


@click.command("verification")
@click.option(
    "--within-s", type=click.FloatRange(0, 86_400), default=0.0, help="Wait until the credits are sent."
)
@acting
def verification(session: Session, within_s: float) -> None:
    """How the verification of the settlement account stands."""

    async def settled(one: Applicant) -> AccountVerification:
        deadline = time.monotonic() + within_s
        while True:
            found = await one.verification()
            if found.state != "sending" or time.monotonic() >= deadline:
                return found
            await asyncio.sleep(_ASK_EVERY_S)

    found: AccountVerification = session.ask(applicant(session), settled)
    show(found, session.how)
    if found.state == "sending" and within_s:
        raise NotKnown("the credits are still on their way")


@click.command("verify-account")
@click.argument("total", metavar="SUM", type=AmountType())
@repeatable
@acting
def verify_account(session: Session, total: PositiveAmount, idempotency_key: str | None) -> None:
    """Name the SUM of the two credits (0.93), as the account's statement has them; exits with 3 when it is wrong."""
    found: AccountVerification = session.ask(
        applicant(session), lambda one: one.name_sum(total.amount_minor, idempotency_key=idempotency_key)
    )
    show(found, session.how)
    if found.state != "verified":
        raise SaidNo(
            f"{_WRONG.get(found.state, 'not verified')} ({found.state}; tries left: {found.tries_left})"
        )


@click.command("agreement")
@acting
def agreement(session: Session) -> None:
    """Read the agreement before you sign it."""
    found: Agreement = session.ask(applicant(session), lambda one: one.agreement())
    if session.how is As.TEXT and found.text is not None:
        click.echo(plain_lines(found.text))
        return
    show(found, session.how)


@click.command("sign")
@click.option("--name", required=True, help="Who signs.")
@click.option("--title", required=True, help="As what: 法定代表人.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(),
    required=True,
    help="A key for agreements alone: keys create FILE.",
)
@repeatable
@acting
def sign(session: Session, *, name: str, title: str, key_file: str, idempotency_key: str | None) -> None:
    """Sign the agreement as it stands, with a key of its own; then the company takes the wallet."""
    key = read_key(key_file)

    async def signed(one: Applicant) -> None:
        try:
            show(await one.sign(key, name=name, title=title, idempotency_key=idempotency_key), session.how)
        except ValueError as error:
            raise SaidNo(str(error)) from None

    session.ask(applicant(session), signed)


COMMANDS = (upload, documents, verification, verify_account, agreement, sign)
