"""Hosts in every notation and names that lie: a listener on every address of this machine is never connected to."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.addresses import CLOSED, ODD_HOSTS
from tests.name_server import NameServer, look_up, name_server
from webhooks.address_guard import AddressPolicy, AddressRefusedError, GuardedResolver
from webhooks.sender import Reason, Sender

PUBLIC = "1.1.1.1"
REFUSED = {Reason.ADDRESS_REFUSED, Reason.URL_REFUSED}


class Listener:
    """Counts connections, whatever address of this machine they come in by."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.came = asyncio.Semaphore(0)

    async def accept(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.came.release()
        writer.close()


@asynccontextmanager
async def listening_everywhere() -> AsyncIterator[Listener]:
    listener = Listener()
    async with contextlib.AsyncExitStack() as stack:
        v4 = await stack.enter_async_context(await asyncio.start_server(listener.accept, "0.0.0.0"))
        listener.port = v4.sockets[0].getsockname()[1]
        with contextlib.suppress(OSError):  # a machine without IPv6 cannot be reached by it
            await stack.enter_async_context(
                await asyncio.start_server(listener.accept, "::", listener.port, family=socket.AF_INET6)
            )
        yield listener


def _policy(listener: Listener) -> AddressPolicy:
    return AddressPolicy(plain_http=True, ports=frozenset({listener.port}))


def _sender(listener: Listener, names: NameServer) -> Sender:
    return Sender(_policy(listener), deadline_s=5.0, resolve=functools.partial(look_up, port=names.port))


async def test_the_listener_would_count_a_connection() -> None:
    async with listening_everywhere() as listener:
        for address in ("127.0.0.1", "127.9.9.9"):
            _reader, writer = await asyncio.open_connection(address, listener.port)
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(30):
            for _ in range(2):
                await listener.came.acquire()
        assert listener.connections == 2


async def test_no_host_in_any_notation_makes_a_connection_to_this_machine() -> None:
    hosts = [f"[{each}]" if ":" in each else each for each in CLOSED] + ODD_HOSTS
    assert len(hosts) >= 150
    async with listening_everywhere() as listener, name_server() as names, _sender(listener, names) as sender:
        for host in hosts:
            attempt = await sender.send(f"http://{host}:{listener.port}/", b"{}", {})
            assert attempt.reason in REFUSED, host
        assert listener.connections == 0


async def test_no_name_with_a_closed_address_among_its_answers_makes_a_connection() -> None:
    async with listening_everywhere() as listener, name_server() as names, _sender(listener, names) as sender:
        for n, closed in enumerate(CLOSED):
            mixed = (closed, PUBLIC) if n % 2 else (PUBLIC, "2606:4700::1111", closed)
            names.zone |= {f"only{n}.test": [[closed]], f"mixed{n}.test": [mixed]}
        for name in names.zone:
            attempt = await sender.send(f"http://{name}:{listener.port}/", b"{}", {})
            assert attempt.reason is Reason.ADDRESS_REFUSED, names.zone[name]
        assert listener.connections == 0


@pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"])
async def test_a_name_that_rebinds_is_asked_for_once_and_checked_each_time(inside: str) -> None:
    async with listening_everywhere() as listener, name_server() as names:
        names.zone["rebinds.test"] = [[PUBLIC], [inside]]
        resolver = GuardedResolver(_policy(listener), functools.partial(look_up, port=names.port))
        checked = await resolver.resolve("rebinds.test", listener.port)
        # What the client connects to is what was checked: it needs no second look-up, and makes none.
        assert [each["host"] for each in checked] == [PUBLIC]
        assert names.asked == {"rebinds.test": 1}
        with pytest.raises(AddressRefusedError):
            await resolver.resolve("rebinds.test", listener.port)
        async with _sender(listener, names) as sender:
            attempt = await sender.send(f"http://rebinds.test:{listener.port}/", b"{}", {})
        assert attempt.reason is Reason.ADDRESS_REFUSED
        assert listener.connections == 0
