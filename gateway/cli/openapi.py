"""`gateway openapi`: writes `openapi.yaml` from the operations."""

from pathlib import Path

import click

from gateway.api.event_table import EVENTS
from gateway.api.table import OPERATIONS
from gateway.door.listeners import with_own
from gateway.door.openapi import document, to_yaml
from gateway.door.operation import Listener

# The addresses of a gateway that runs on this machine with the settings' defaults.
_SERVERS = {Listener.PUBLIC: "http://127.0.0.1:8080", Listener.OPERATORS: "http://127.0.0.1:8081"}


def rendered() -> str:
    """The text that `openapi.yaml` should have."""
    return to_yaml(document(with_own(OPERATIONS, {}), events=EVENTS, servers=_SERVERS))


@click.command("openapi")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write this file instead of printing."
)
def openapi(output: Path | None) -> None:
    """Write openapi.yaml from the operations."""
    if output is None:
        click.echo(rendered(), nl=False)
    else:
        output.write_text(rendered(), encoding="utf-8")
