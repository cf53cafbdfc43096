"""`gateway serve`: a stateless replica of the API, any number of which share a database."""

import os

import click
import uvloop

from gateway import app
from gateway.cli.memory import settle_memory
from gateway.door import logs
from gateway.door.listeners import Address, serve_listeners
from gateway.door.operation import Listener
from gateway.settings import Settings, SettingsInvalid, read


@click.command("serve")
def serve() -> None:
    """Serve the API on both listeners until SIGTERM.

    Reads its settings from the environment; the README explains each.
    """
    try:
        settings = read(os.environ)
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None
    logs.set_up(settings.log_level)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with app.build(settings) as replica:
        settle_memory()
        await serve_listeners(
            replica.door,
            {
                Listener.PUBLIC: Address(settings.public_host, settings.public_port),
                Listener.OPERATORS: Address(settings.operators_host, settings.operators_port),
            },
            stop_within_s=settings.stop_within_s,
        )
