"""A partner's consumer that costs as little as can be: takes every POST, and tells a GET how many there were.

Run as `python -m tests.benchmarks.receiver PORT`.
"""

import asyncio
import sys

import uvloop

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection; answers each request when its body is complete."""

    count = 0

    def __init__(self) -> None:
        self._arrived = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment] # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        while True:
            head, blank, rest = self._arrived.partition(b"\r\n\r\n")
            length = _content_length(head)
            if not blank or len(rest) < length:
                return
            self._arrived = rest[length:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"POST"):
            Receiver.count += 1
            self._transport.write(_TAKEN)
        else:
            told = str(Receiver.count)
            self._transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(told)}\r\n\r\n{told}".encode())


def _content_length(head: bytes) -> int:
    found = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return int(found or 0)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
    print("receiving", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
