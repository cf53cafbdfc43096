"""`gateway serve`: replicas of the API, any number of which share a database."""

import os
import sys

import click

from gateway.cli import supervisor
from gateway.door import logs
from gateway.settings import SettingsInvalid, read

# More never pays: each worker is a whole replica with a pool of its own.
_MOST_WORKERS = 64


@click.command("serve")
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    default=1,
    show_default=True,
    help="Processes that share the two ports; one for each processor is a good number.",
)
def serve(workers: int) -> None:
    """Serve the API on both listeners until SIGTERM.

    Reads its settings from the environment; the README explains each.
    """
    try:
        settings = read(os.environ)
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None
    logs.set_up(settings.log_level)
    if workers == 1:
        # The supervisor of several holds none of the house.
        from gateway.cli import replica  # noqa: PLC0415 - see above

        replica.run(settings)
        return
    try:
        sys.exit(supervisor.run(settings, os.environ, workers=workers))
    except supervisor.CannotServe as error:
        raise click.ClickException(str(error)) from None
