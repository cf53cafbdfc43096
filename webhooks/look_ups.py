"""Looks host names up, in threads: the system's resolver knows no time-out and cannot be told to stop.

A name server that hangs holds a thread for half a minute. Whose names hang is not chance: a partner names its hosts
and runs their name servers. So each tenant has few threads at once, and waits for them by itself.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Final
from weakref import WeakValueDictionary

THREADS: Final = 32
# Eight partners whose names all hang leave nobody else waiting; a burst to one partner's hosts is over in milliseconds.
THREADS_OF_ONE: Final = 4
# Whoever shares a name with a partner whose others hang is tried again rather than kept until its own deadline.
_TURN_WITHIN_S: Final = 2.0

TENANT: Final[ContextVar[str]] = ContextVar("tenant", default="")
"""For whom a name is looked up; `Sender.send` says so."""


def ask_system(host: str) -> Sequence[str]:
    """Every address of a host, of any family."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class LookUps:
    """Make it inside a running loop, and close it.

    Args:
        ask: blocks until it knows; raises OSError where there is no address.
    """

    def __init__(
        self, ask: Callable[[str], Sequence[str]] = ask_system, *, turn_within_s: float = _TURN_WITHIN_S
    ) -> None:
        self._ask = ask
        self._turn_within_s = turn_within_s
        self._threads = ThreadPoolExecutor(THREADS, "webhook-dns")
        # Whoever has or awaits a turn keeps its tenant's; the others need none.
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def __len__(self) -> int:
        """Tenants with a look-up under way."""
        return len(self._turns)

    async def find(self, host: str) -> Sequence[str]:
        """Every address, once it is this tenant's turn.

        Raises:
            OSError: the name has none, or the tenant's other names hang.
        """
        tenant = TENANT.get()
        turns = self._turns.get(tenant)
        if turns is None:
            turns = self._turns[tenant] = asyncio.Semaphore(THREADS_OF_ONE)
        async with asyncio.timeout(self._turn_within_s):
            await turns.acquire()
        loop = asyncio.get_running_loop()

        def over(_found: Future[Sequence[str]]) -> None:
            """The thread is free, though nobody may have waited for it any more; the loop may be gone by then."""
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(turns.release)

        found = self._threads.submit(self._ask, host)
        found.add_done_callback(over)
        return await asyncio.wrap_future(found)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
