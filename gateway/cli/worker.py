"""`gateway serve-worker`: one of several replicas on the same ports; started by `gateway serve --workers` alone.

Its standard input is a socket to the supervisor. A byte says that this worker serves; its end says that the supervisor
is gone, and a worker that nobody watches stops rather than serve beside its successors.
"""

import asyncio
import os
import socket

import click
from prometheus_client import values

from gateway.door import logs
from gateway.settings import read

SERVES = b"1"


@click.command("serve-worker", hidden=True)
@click.argument("number", type=int)
def serve_worker(number: int) -> None:
    """Serve as the worker of this number."""
    # A worker goes on counting where the one it replaces ended; by process id the files would never stop growing.
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call] # as it is
    # Metrics are made on import, and have to be shared by then.
    from gateway.cli import replica  # noqa: PLC0415 - see above

    settings = read(os.environ)
    logs.set_up(settings.log_level)
    with socket.socket(fileno=os.dup(0)) as supervisor:
        replica.run(settings, shared=True, serving=lambda asked_to_stop: _report(supervisor, asked_to_stop))


def _report(supervisor: socket.socket, asked_to_stop: asyncio.Event) -> None:
    """Say that we serve, and listen for the supervisor's end."""
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(supervisor)
        asked_to_stop.set()

    loop.add_reader(supervisor, gone)
    supervisor.sendall(SERVES)
