"""`gateway sandbox shop`: the example shop, open for customers on this machine."""

import asyncio
import signal
from typing import Any, assert_never

import click

from gateway.cli.application import own_merchant
from gateway.cli.asking import Session, acting, ask_gateway
from gateway.client import Gateway, Partner, ResultReader
from gateway.client.forwarding import Forwarded, Forwarder, Interrupted, Listening, Said
from gateway.client.webhook import Verifier
from gateway.demo.shop import Shop


@click.command("shop")
@click.option("--port", type=click.IntRange(1, 65_535), default=3000, show_default=True)
@acting
def shop(session: Session, port: int) -> None:
    """Open the example tea shop for a partner of the sandbox, until Ctrl-C.

    Its source, gateway/demo/shop.py, is what a shop has to write. Events are fetched as `gateway listen` does.
    """
    merchant_id, file = own_merchant(session), session.file

    async def sell(gateway: Gateway) -> None:
        partner = Partner(gateway, file.credentials())
        await _sell(gateway, partner, merchant_id=merchant_id, url=f"http://127.0.0.1:{port}")

    ask_gateway(file.identity.url, sell, issuer=file.identity.issuer)


async def _sell(gateway: Gateway, partner: Partner, *, merchant_id: str, url: str) -> None:
    secret: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    forwarder = Forwarder(
        partner, f"{url}/webhooks", say=lambda said: _say(said, secret), types=("checkout.*",)
    )
    forwarding = asyncio.create_task(forwarder.run())
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, forwarding.cancel)
    either: list[asyncio.Future[Any]] = [forwarding, secret]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not forwarding.done():
        open_ = Shop(
            partner=partner,
            results=ResultReader(gateway, merchant_id=merchant_id, environment="sandbox"),
            webhooks=Verifier(secret.result()),
            url=url,
            gateway_url=gateway.url,
        )
        async with open_.open("127.0.0.1", int(url.rpartition(":")[2])):
            click.echo(f"The tea shop is open at {url}, until Ctrl-C.")
            await asyncio.wait({forwarding})
    if not forwarding.cancelled():
        forwarding.result()


def _say(said: Said, secret: asyncio.Future[str]) -> None:
    match said:
        case Listening(secret=known):
            if not secret.done():
                secret.set_result(known)
        case Interrupted():
            click.echo("the gateway cannot be reached; trying again", err=True)
        case Forwarded():
            click.echo(f"{said.event_id} {said.type} -> {said.status or 'trying again'}")
        case _:
            assert_never(said)
