"""A file of sub-merchants, watched while the gateway works on it: a bar on a terminal, silence elsewhere."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.wire.bulks import Bulk

_ASK_EVERY_S = 0.5
UNDER_WAY = frozenset({"reading", "admitting"})
within = click.option(
    "--within-s",
    type=click.FloatRange(0, 86_400),
    default=600.0,
    show_default=True,
    help="How long to watch.",
)


async def watched(read: Callable[[], Awaitable[Bulk]], within_s: float) -> Bulk:
    """The file once nothing more happens to it without somebody at the bank."""
    deadline = time.monotonic() + within_s
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)
        while True:
            found = await read()
            done = found.admitted if found.state == "admitting" else found.read
            total = found.lines - (found.faulty if found.state == "admitting" else 0)
            progress.update(task, description=found.state, completed=done, total=total)
            if found.state not in UNDER_WAY or time.monotonic() >= deadline:
                return found
            await asyncio.sleep(_ASK_EVERY_S)
