"""Pages that stay true: server-sent events (HTML Living Standard, section 9.2), over the hub's notices.

A stream says the whole state each time, never a difference: a reader that reconnects, to whichever replica, is told
again what it has and misses nothing. The state's own version is the event's id; `Last-Event-ID` spares one that has it.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from gateway.door.endpoint import DATABASE_LOST
from gateway.door.waiting_room import WaitingRoom
from gateway.pages.sheet import HEADERS
from gateway.storage.hub import Hub

log = structlog.get_logger()

# How often a stream with nothing to say gives a sign of life: proxies close what is silent for a minute.
_ALIVE_S = 15.0
# A notice may be lost with the process that owed it; so long a page then shows what was, or longer where so many look
# that looking were a load of its own.
_LOOK_AGAIN_S = 15.0
_LOOKS_A_SECOND = 10
# Who came in a crowd would look again in one, and whose payment has just ended would wait behind it.
_SPREAD = 0.4
# Of a process: when a connection is lost everybody looks at once, and a till's payment needs a connection meanwhile.
_READ_AT_ONCE = 4
# So many times as long as a reading took nothing is read for that page again: a busy partner's day takes a second, and
# pages are left open. No longer than a proxy takes a stream for alive, that is.
_RESTS = 10.0
_RESTS_MOST_S = 40.0
# A browser whose stream broke waits this long before it comes back, to whichever replica.
_RETRY_MS = 1_000


@dataclass(frozen=True, slots=True)
class State:
    """What a page shows now: `data` is one line, `version` differs when it does, `last` ends the stream."""

    version: str
    data: str
    last: bool = False


class Streams:
    """The streams of one process.

    Args:
        room: seats for those who wait, shared with long-polls.
        stopping: set when the process stops: every stream ends, and its reader goes to another replica.
    """

    def __init__(self, hub: Hub, room: WaitingRoom, stopping: asyncio.Event) -> None:
        self._hub = hub
        self._room = room
        self._stopping = stopping
        self._reads = asyncio.Semaphore(_READ_AT_ONCE)

    async def send(
        self,
        request: web.BaseRequest,
        *,
        topic: str,
        reader: str,
        read: Callable[[], Awaitable[State]],
        pace_s: float = 0.0,
    ) -> web.StreamResponse:
        """Tell `read()`'s state now and whenever `topic` is told, until it is the last one.

        A topic that is told all the time is read once in `pace_s`; what is told meanwhile is in that reading.

        Raises:
            WaitingRoomFull, TooManyWaits: no seat is free; `reader` is whose seats are counted.
        """
        with self._room.seat(reader, reading=True):
            async with self._hub.waiting_for(topic) as told:
                # Refused before the stream begins, where there is nothing to read.
                state, took_s = await self._read(read)
                response = await _begun(request)
                seen = request.headers.get("Last-Event-ID", "")
                states = self._states(state, told, read, seen, pace_s=pace_s, took_s=took_s)
                with contextlib.suppress(ConnectionResetError):
                    await _told(response, states)
                    await response.write_eof()
        return response

    async def _states(
        self,
        state: State,
        told: asyncio.Event,
        read: Callable[[], Awaitable[State]],
        seen: str,
        *,
        pace_s: float,
        took_s: float,
    ) -> AsyncIterator[bytes]:
        while True:
            if state.version != seen or state.last:
                yield f"id: {state.version}\ndata: {state.data}\n\n".encode()
                seen = state.version
            else:
                yield b":\n\n"
            rest_s = rested_s(pace_s, took_s=took_s)
            if state.last or await self._stops_within(rest_s):
                return
            look_at = time.monotonic() + self._look_again_s()
            while not told.is_set() and (left_s := look_at - time.monotonic()) > 0:
                if not await self._goes_on(told, within_s=min(left_s, _ALIVE_S)):
                    return
                if not told.is_set():
                    yield b":\n\n"
            told.clear()
            state, took_s = await self._read(read)

    async def _read(self, read: Callable[[], Awaitable[State]]) -> tuple[State, float]:
        """The state, and how long it took to read."""
        async with self._reads:
            began = time.monotonic()
            return await read(), time.monotonic() - began

    async def _stops_within(self, pace_s: float) -> bool:
        """Let this time pass; True when the process stops in it."""
        if pace_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pace_s):
                    await self._stopping.wait()
        return self._stopping.is_set()

    def _look_again_s(self) -> float:
        longest_s = max(_LOOK_AGAIN_S, self._hub.waiting / _LOOKS_A_SECOND)
        return longest_s * random.uniform(1 - _SPREAD, 1)  # noqa: S311 - spreads load, guards nothing

    async def _goes_on(self, told: asyncio.Event, *, within_s: float) -> bool:
        """Wait for a notice, or so long; False when the process stops."""
        waits = [asyncio.ensure_future(one.wait()) for one in (told, self._stopping)]
        try:
            await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return not self._stopping.is_set()


def rested_s(pace_s: float, *, took_s: float) -> float:
    """How long a page that keeps this pace asks for nothing after a reading that took so long."""
    return max(pace_s, min(took_s * _RESTS, _RESTS_MOST_S)) if pace_s else 0.0


async def _told(response: web.StreamResponse, states: AsyncIterator[bytes]) -> None:
    """Until there is no more, or it cannot be read: then the stream ends, and its reader comes back by itself.

    What has begun cannot be refused any more: a refusal would stand in the middle of the stream.
    """
    try:
        async for one in states:
            await response.write(one)
    except ConnectionResetError:
        raise
    except DATABASE_LOST as error:
        log.warning("stream_broke", error=type(error).__name__)
    except Exception as error:  # as the last line of the door, for what has begun
        log.exception("defect", error=type(error).__name__)


async def _begun(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={**HEADERS, "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    await response.write(f"retry: {_RETRY_MS}\n\n".encode())
    return response
