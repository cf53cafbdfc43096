"""One replica in this process: all of the house, listening until it is asked to stop."""

import asyncio
import signal
from collections.abc import Callable

import structlog
import uvloop

from gateway import app
from gateway.cli.memory import settle_memory
from gateway.cli.starting import starting
from gateway.door.listeners import Address, listening
from gateway.door.operation import Listener
from gateway.settings import Settings

log = structlog.get_logger()

# Given the event that stops the replica, called when it listens.
Serving = Callable[[asyncio.Event], None]


def run(settings: Settings, *, shared: bool = False, serving: Serving | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then stop accepting and finish what runs, within the limit.

    Args:
        settings: of this process.
        shared: the ports are shared with other workers of one supervisor.
        serving: told once that the replica listens.
    """
    with starting():
        uvloop.run(_serve(settings, shared=shared, serving=serving))


async def _serve(settings: Settings, *, shared: bool, serving: Serving | None) -> None:
    addresses = {
        Listener.PUBLIC: Address(settings.public_host, settings.public_port),
        Listener.OPERATORS: Address(settings.operators_host, settings.operators_port),
    }
    async with app.build(settings) as replica:
        settle_memory()
        asked_to_stop = _asked_to_stop()
        async with listening(
            replica.door, addresses, stop_within_s=settings.stop_within_s, reuse_port=shared
        ) as bound:
            for listener, address in bound.items():
                log.info("listening", listener=(listener.name or "").lower(), port=address.port)
            if serving is not None:
                serving(asked_to_stop)
            await asked_to_stop.wait()
            log.info("stopping")
    log.info("stopped")


def _asked_to_stop() -> asyncio.Event:
    asked = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, asked.set)
    return asked
