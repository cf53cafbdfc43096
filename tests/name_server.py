"""A DNS server of the tests' own, which answers differently each time it is asked, and a client that asks it."""

import asyncio
import ipaddress
import itertools
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

_HEADER = struct.Struct("!HHHHHH")
_ANSWER = struct.Struct("!HHHIH")
_TYPES = {4: 1, 6: 28}  # A and AAAA, by the IP version they carry
_POINTER_TO_QUESTION = 0xC00C


@dataclass(slots=True)
class NameServer(asyncio.DatagramProtocol):
    """`zone` has, for each name, the sets of addresses to answer with in turn; the last one stays.

    Attributes:
        asked: how often each name was asked for, A and AAAA together as one.
    """

    zone: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    port: int = 0
    _transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        name, kind, question = _question(data)
        turns = self.zone[name]
        if kind == _TYPES[4]:
            self.asked[name] = self.asked.get(name, 0) + 1
        now = turns[min(self.asked.get(name, 1), len(turns)) - 1]
        found = [each for each in map(ipaddress.ip_address, now) if _TYPES[each.version] == kind]
        records = b"".join(
            _ANSWER.pack(_POINTER_TO_QUESTION, kind, 1, 0, len(each.packed)) + each.packed for each in found
        )
        header = _HEADER.pack(struct.unpack("!H", data[:2])[0], 0x8180, 1, len(found), 0, 0)
        self._transport.sendto(header + question + records, addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()


async def look_up(name: str, port: int) -> list[str]:
    """Every address the server gives for a name, as `getaddrinfo` would ask for both kinds."""
    return [*await _ask(name, _TYPES[4], port), *await _ask(name, _TYPES[6], port)]


_numbers = itertools.cycle(range(1, 1 << 16))


async def _ask(name: str, kind: int, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.connect(("127.0.0.1", port))
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        await loop.sock_sendall(
            asking,
            _HEADER.pack(next(_numbers), 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1),
        )
        answer = await loop.sock_recv(asking, 4096)
    _name, _kind, question = _question(answer)
    place = _HEADER.size + len(question)
    found = []
    for _ in range(_HEADER.unpack_from(answer)[3]):
        length = _ANSWER.unpack_from(answer, place)[4]
        place += _ANSWER.size
        found.append(str(ipaddress.ip_address(answer[place : place + length])))
        place += length
    return found


def _question(message: bytes) -> tuple[str, int, bytes]:
    labels, place = [], _HEADER.size
    while length := message[place]:
        labels.append(message[place + 1 : place + 1 + length].decode())
        place += 1 + length
    kind = struct.unpack_from("!H", message, place + 1)[0]
    return ".".join(labels), kind, message[_HEADER.size : place + 5]
