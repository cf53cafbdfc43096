"""What the exhibits do while nobody presses anything: renew a code, wait for an end, look at the books."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from gateway.client import GatewayError
from gateway.demo.showroom.refusals import Refused


class Errands:
    """Tasks that end with the showroom."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def send(self, errand: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin it; what the gateway refuses or does not answer is said on standard error and ends that errand."""
        task = asyncio.create_task(_told(errand))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        for one in self._running:
            one.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@asynccontextmanager
async def errands() -> AsyncIterator[Errands]:
    """Leaving ends all that is under way."""
    made = Errands()
    try:
        yield made
    finally:
        await made.stop()


async def _told(errand: Coroutine[Any, Any, None]) -> None:
    try:
        await errand
    except (GatewayError, Refused, aiohttp.ClientError, TimeoutError) as error:
        print(f"showroom: {type(error).__name__}: {error}", file=sys.stderr)
