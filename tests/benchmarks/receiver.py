"""A partner's consumer that costs as little as can be: takes every POST, and tells a GET how many there were.

`GET /arrived` tells which webhooks came since it was asked last, and when by the machine's monotonic clock. With
`PORT SILENT_PORT` it listens at a second port as well, where it takes connections and requests and never says a word.

Run as `python -m tests.benchmarks.receiver PORT [SILENT_PORT]`.
"""

import asyncio
import sys
import time

import uvloop

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection; answers each request when its body is complete."""

    count = 0
    arrived: list[tuple[bytes, float]] = []  # noqa: RUF012  # one process, one list

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment] # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while True:
            head, blank, rest = self._unread.partition(b"\r\n\r\n")
            length = _content_length(head)
            if not blank or len(rest) < length:
                return
            self._unread = rest[length:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"POST"):
            Receiver.count += 1
            Receiver.arrived.append((head, time.monotonic()))
            self._transport.write(_TAKEN)
        else:
            told = _TOLD.get(head.split(b" ", 2)[1], _count)()
            self._transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(told)}\r\n\r\n{told}".encode())


class Silent(asyncio.Protocol):
    """Takes whatever comes and never answers; `GET /hang-up` ends all its connections."""

    held: set[asyncio.BaseTransport] = set()  # noqa: RUF012  # one process, one set

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        Silent.held.add(transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        Silent.held.discard(self._transport)


def _hang_up() -> str:
    for one in tuple(Silent.held):
        one.close()
    return ""


def _arrived() -> str:
    """A line for each, since the last time."""
    came, Receiver.arrived = Receiver.arrived, []
    return "\n".join(f"{_event_id(head)} {at}" for head, at in came)


def _count() -> str:
    return str(Receiver.count)


_TOLD = {b"/arrived": _arrived, b"/hang-up": _hang_up}


def _event_id(head: bytes) -> str:
    return head.partition(b"webhook-id: ")[2].partition(b"\r\n")[0].decode()


def _content_length(head: bytes) -> int:
    found = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return int(found or 0)


async def _serve(port: int, silent_port: int | None = None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", port)
    if silent_port is not None:
        await loop.create_server(Silent, "127.0.0.1", silent_port)
    print("receiving", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    port, *more = (int(each) for each in sys.argv[1:])
    uvloop.run(_serve(port, *more))
