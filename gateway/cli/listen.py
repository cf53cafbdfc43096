"""`gateway listen`: a partner's sandbox events, forwarded to a developer's own machine."""

import asyncio
import json
import signal
from pathlib import Path
from typing import TextIO, assert_never

import click

from gateway.cli.identity import IdentityFile, Unreadable
from gateway.client import Credentials, Gateway, Partner, ProblemAnswered, SigningKey
from gateway.client.forwarding import Forwarded, Forwarder, Interrupted, Listening, Said


@click.command("listen")
@click.option(
    "--as",
    "identity",
    type=click.Path(path_type=Path),
    envvar="GATEWAY_AS",
    help="The identity file to act as, or GATEWAY_AS; it stands for the next three",
)
@click.option("--url", help="The gateway's public address")
@click.option("--client-id", help="Yours; its scopes must include `webhooks`")
@click.option("--key", type=click.File(), help="A file with your private key as a JWK, or an identity file")
@click.option(
    "--forward-to", "target", required=True, help="Where to, for example http://localhost:3000/hook"
)
@click.option(
    "--type", "types", multiple=True, help="Only these: payment.succeeded, discount.*; may be repeated"
)
@click.option("--cursor", help="Go on from where an earlier `listen` stopped")
def listen(
    *,
    identity: Path | None,
    url: str | None,
    client_id: str | None,
    key: TextIO | None,
    target: str,
    types: tuple[str, ...],
    cursor: str | None,
) -> None:
    """Forward your sandbox events to an address that the gateway cannot reach.

    Each comes with the body and the signature that a webhook endpoint would get, signed with the secret shown at
    start. An event is forwarded until it is answered; Ctrl-C shows the cursor to go on from.
    """
    if url and client_id and key:
        issuer, credentials = None, Credentials(client_id=client_id, key=_key(key))
    elif identity is not None:
        file = IdentityFile.open(identity)
        url, issuer, credentials = file.identity.url, file.identity.issuer, file.credentials()
    else:
        raise click.UsageError("say who listens: --as FILE, or --url, --client-id and --key")
    try:
        asyncio.run(_listen(Gateway(url, issuer=issuer), credentials, target, types, cursor))
    except ProblemAnswered as problem:
        raise click.ClickException(str(problem)) from None


def _key(file: TextIO) -> SigningKey:
    try:
        held = json.load(file)
        # An identity file has it as one of its members.
        return SigningKey.from_jwk(held.get("jwk", held) if isinstance(held, dict) else held)
    except ValueError as error:
        raise Unreadable(f"--key holds no private key: {error}") from None


async def _listen(
    entered: Gateway, credentials: Credentials, target: str, types: tuple[str, ...], cursor: str | None
) -> None:
    async with entered as gateway:
        partner = Partner(gateway, credentials)
        forwarder = Forwarder(partner, target, say=_say, types=types, cursor=cursor)
        forwarding = asyncio.create_task(forwarder.run())
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, forwarding.cancel)
        await asyncio.wait({forwarding})
    if forwarder.cursor is not None:
        click.echo(f"go on with --cursor {forwarder.cursor}")
    if not forwarding.cancelled():
        forwarding.result()


def _say(said: Said) -> None:
    match said:
        case Listening(secret=secret):
            click.echo(f"listening; signed with {secret}")
        case Interrupted():
            click.echo("the gateway cannot be reached; trying again", err=True)
        case Forwarded(status=None):
            click.echo(f"{said.event_id} {said.type} could not be forwarded; trying again", err=True)
        case Forwarded():
            click.echo(f"{said.event_id} {said.type} -> {said.status} in {said.duration_ms} ms")
        case _:
            assert_never(said)
