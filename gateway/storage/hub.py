"""Notices between processes: "this payment changed, look again".

A notice is a hint, sent after the commit it speaks of and coalesced, never inside a money transaction (NOTIFY
serialises commits). Losing one costs its reader one poll interval; whoever reconnects wakes every waiter,
because notices sent meanwhile are gone.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Final

import asyncpg
import structlog

from gateway.storage.errors import DatabaseUnreachable

# Coalesce for 20 ms: a till does not notice, and each notice is a transaction and wakes every process that listens.
_COALESCE_S = 0.020
# PostgreSQL refuses payloads of 8,000 bytes; 150 ids of at most 45 characters stay well below.
_IDS_A_NOTICE = 150
_CHANNEL: Final = "gateway_changed"
_RECONNECT_AFTER_S = 0.2
# What a half-open connection would hide: the listener asks for a sign of life this often.
_PROBE_EVERY_S = 5.0

# Told after a commit that published events, so that a worker need not poll for them.
DELIVERIES: Final = "deliveries"
# Told when somebody heard that a core may have decided, so that the resolver asks at once.
DOUBTS: Final = "doubts"

log = structlog.get_logger()


class Hub:
    """One listening connection a process, however many wait.

    Args:
        url: a direct URL of PostgreSQL; LISTEN does not pass a pooler in transaction mode.

    Attributes:
        waiting: how many wait in this process.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._watchers: list[Callable[[str], None]] = []
        self._lost: list[Callable[[], None]] = []
        self.waiting = 0
        self._outgoing: set[str] = set()
        self._something_to_send = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; returns once the first connection listens.

        Raises:
            DatabaseUnreachable: the first connection failed.
        """
        connected = asyncio.Event()
        self._listening = asyncio.create_task(self._listen_for_ever(connected), name="hub")
        waiting = asyncio.create_task(connected.wait())
        await asyncio.wait({waiting, self._listening}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        waiting.cancel()
        if not connected.is_set():
            await self.stop()
            raise DatabaseUnreachable

    async def stop(self) -> None:
        """Send what is left and close."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        self._wake_all()

    def tell(self, *ids: str) -> None:
        """After a commit: wake who waits for these ids, here at once and in other processes within 20 ms."""
        for one in ids:
            self._wake(one)
        self._outgoing.update(ids)
        self._something_to_send.set()

    def watch(self, seen: Callable[[str], None], *, lost: Callable[[], None]) -> None:
        """Call `seen` with every id told by anyone, and `lost` when notices may have been missed."""
        self._watchers.append(seen)
        self._lost.append(lost)

    @contextlib.asynccontextmanager
    async def waiting_for(self, one: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when `one` is told; enter before the first read, so nothing slips between."""
        event = asyncio.Event()
        self._waiters[one].add(event)
        self.waiting += 1
        try:
            yield event
        finally:
            self.waiting -= 1
            self._waiters[one].discard(event)
            if not self._waiters[one]:
                del self._waiters[one]

    async def _listen_for_ever(self, connected: asyncio.Event) -> None:
        while True:
            try:
                await self._listen_once(connected)
            except Exception as error:  # noqa: BLE001 - nobody would start this loop again, whatever ended it
                log.warning("hub_reconnects", error=type(error).__name__)
            self._wake_all()
            await asyncio.sleep(_RECONNECT_AFTER_S)

    async def _listen_once(self, connected: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._url, timeout=5.0, command_timeout=5.0)
        try:
            # Or a lost connection would be noticed by the next probe only.
            connection.add_termination_listener(lambda _connection: self._something_to_send.set())
            await connection.add_listener(_CHANNEL, self._heard)
            self._wake_all()
            connected.set()
            while True:
                # Not wait_for: up to Python 3.11 it can swallow the cancellation that stops us.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROBE_EVERY_S):
                        await self._something_to_send.wait()
                await self._send(connection)
                await asyncio.sleep(_COALESCE_S)
        finally:
            connection.terminate()

    async def _send(self, connection: asyncpg.Connection) -> None:
        self._something_to_send.clear()
        ids, self._outgoing = sorted(self._outgoing), set()
        payloads = [" ".join(ids[i : i + _IDS_A_NOTICE]) for i in range(0, len(ids), _IDS_A_NOTICE)]
        # With nothing to say this is the probe of a connection that may be half open.
        await connection.execute(
            "SELECT pg_notify($1, said) FROM unnest($2::text[]) AS said", _CHANNEL, payloads
        )

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        for one in str(payload).split(" "):
            self._wake(one)

    def _wake(self, one: str) -> None:
        for event in self._waiters.get(one, ()):
            event.set()
        for seen in self._watchers:
            seen(one)

    def _wake_all(self) -> None:
        for events in self._waiters.values():
            for event in events:
                event.set()
        for lost in self._lost:
            lost()
