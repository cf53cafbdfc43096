"""`gateway work`: delivers webhooks, settles what is in doubt, sweeps. Any number of them, on any machine."""

import asyncio
import os
import signal

import click
import structlog
import uvloop

from gateway import app, work
from gateway.cli.memory import settle_memory
from gateway.cli.open_files import allow_open_files
from gateway.cli.starting import starting
from gateway.door import logs
from gateway.settings import Settings, SettingsInvalid, read

log = structlog.get_logger()


@click.command("work")
def work_command() -> None:
    """Do the background work until SIGTERM.

    Reads its settings from the environment, the same as `serve`; the README explains each.
    """
    try:
        settings = read(os.environ)
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None
    logs.set_up(settings.log_level)
    allow_open_files()
    with starting():
        uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopping = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopping.set)
    async with app.build(settings) as replica:
        settle_memory()
        if settings.webhook_loopback:
            log.warning("webhook_loopback_allowed")
        log.info("working", jobs=[job.name for job in replica.jobs])
        await work.run(replica.jobs, stopping)
