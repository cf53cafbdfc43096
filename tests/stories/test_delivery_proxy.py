"""A bank that leaves only by a forward proxy: deliveries go through it, and its troubles are not the partner's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.scripted import listening
from webhooks.address_guard import AddressPolicy
from webhooks.sender import Attempt, Reason, Sender

STRICT = AddressPolicy(plain_http=True)


@asynccontextmanager
async def _a_proxy(answer: bytes, asked: list[bytes]) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(answer)
        await writer.drain()

    async with listening(serve) as url:
        yield url


async def _through(proxy: str, url: str) -> Attempt:
    async with Sender(STRICT, proxy=proxy) as sender:
        return await sender.send(url, b"{}", {"webhook-id": "evt_1"})


async def test_the_proxy_resolves_the_name_and_decides_about_the_address() -> None:
    asked: list[bytes] = []
    async with _a_proxy(b"HTTP/1.1 204 No Content\r\n\r\n", asked) as proxy:
        attempt = await _through(proxy, "http://only.the.proxy.knows/hook")
    assert attempt.reason is Reason.DELIVERED
    assert asked == [b"POST http://only.the.proxy.knows/hook HTTP/1.1"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", Reason.PROXY_REFUSED),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", Reason.PROXY_REFUSED),
        (b"HTTP/1.1 407 Who Are You\r\ncontent-length: 0\r\n\r\n", Reason.INTERNAL_ERROR),
    ],
)
async def test_a_proxy_that_will_not_connect_is_told_apart_from_one_that_does_not_know_us(
    answer: bytes, reason: Reason
) -> None:
    asked: list[bytes] = []
    async with _a_proxy(answer, asked) as proxy:
        attempt = await _through(proxy, "https://shop.example/hook")
    assert attempt.reason is reason
    assert asked == [b"CONNECT shop.example:443 HTTP/1.1"]


async def test_a_proxy_that_is_not_there_costs_the_partner_no_attempt() -> None:
    assert (await _through("http://127.0.0.1:9", "https://shop.example/hook")).reason is Reason.INTERNAL_ERROR


async def test_a_url_that_is_refused_never_reaches_the_proxy() -> None:
    asked: list[bytes] = []
    async with _a_proxy(b"", asked) as proxy:
        attempt = await _through(proxy, "http://127.0.0.1/hook")
    assert attempt.reason is Reason.URL_REFUSED
    assert asked == []
