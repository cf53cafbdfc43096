"""Every way an endpoint can misbehave, on a real socket: each has a reason of its own in the log."""

import asyncio
import datetime as dt
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from webhooks.address_guard import AddressPolicy
from webhooks.sender import DEADLINE_S as OWN_DEADLINE_S
from webhooks.sender import Attempt, Reason, Sender

DESK = AddressPolicy(plain_http=True, loopback=True)
# Where the deadline is what ends it; elsewhere a busy machine has time.
DEADLINE_S = 0.4
_PATIENT_S = 30.0
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
    return head + await reader.readexactly(int(fields[b"content-length"]))


@asynccontextmanager
async def _listening(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    handling: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)


async def _attempt(behaviour: Behaviour, *, deadline_s: float = _PATIENT_S) -> Attempt:
    async with _listening(behaviour) as port, Sender(DESK, deadline_s=deadline_s) as sender:
        return await sender.send(f"http://127.0.0.1:{port}/hook", b"{}", {"webhook-id": "evt_1"})


def _says(answer: bytes) -> Behaviour:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(answer)
        await writer.drain()
        await reader.read()

    return behaviour


def _says_for_ever(first: bytes, then: bytes, every_s: float) -> Behaviour:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(first)
        while True:
            writer.write(then)
            await writer.drain()
            await asyncio.sleep(every_s)

    return behaviour


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        (OK, Reason.DELIVERED, 200),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Reason.DELIVERED, 204),
        (b"HTTP/1.0 202 Fine\r\ncontent-length: 0\r\n\r\n", Reason.DELIVERED, 202),
        (b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Reason.GONE, 410),
        (b"HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n", Reason.THROTTLED, 429),
        (b"HTTP/1.1 503 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", Reason.THROTTLED, 503),
        (b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", Reason.STATUS_5XX, 503),
        (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", Reason.STATUS_5XX, 500),
        (b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", Reason.STATUS_4XX, 404),
        (b"HTTP/1.1 302 There\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
         Reason.REDIRECT_REFUSED, 302),
        (b"HTTP/1.1 304 Same\r\n\r\n", Reason.REDIRECT_REFUSED, 304),
        (b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n", Reason.STATUS_UNKNOWN, 999),
    ],
)  # fmt: skip
async def test_each_class_of_answer_has_its_reason(answer: bytes, reason: Reason, status: int) -> None:
    attempt = await _attempt(_says(answer))
    assert (attempt.reason, attempt.status) == (reason, status)


async def test_retry_after_is_handed_on() -> None:
    attempt = await _attempt(_says(b"HTTP/1.1 429 Slow\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n"))
    assert attempt.retry_after_s == 120.0


async def test_an_answer_that_comes_late_but_inside_the_deadline_is_delivered() -> None:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        await asyncio.sleep(DEADLINE_S)
        writer.write(OK)
        await reader.read()

    assert (await _attempt(behaviour)).reason is Reason.DELIVERED


async def test_hanging_before_the_headers_ends_at_the_deadline() -> None:
    async def behaviour(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        await reader.read()

    attempt = await _attempt(behaviour, deadline_s=DEADLINE_S)
    assert attempt.reason is Reason.HEADERS_TIMED_OUT
    assert attempt.status is None
    # Longer only by what the machine is busy with: the sender's own deadline would have come after this.
    assert DEADLINE_S * 1000 <= attempt.duration_ms < OWN_DEADLINE_S * 500


async def test_drip_fed_headers_end_at_the_deadline() -> None:
    drip = _says_for_ever(b"HTTP/1.1 200 OK\r\nx-drip: ", b"x", 0.02)
    assert (await _attempt(drip, deadline_s=DEADLINE_S)).reason is Reason.HEADERS_UNFINISHED


@pytest.mark.parametrize(
    ("first", "then", "reason"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000, Reason.RESPONSE_MALFORMED),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            (b"1;" + b"e" * 4_000 + b"\r\nx\r\n") * 20,
            Reason.BODY_CUT_SHORT,
        ),
    ],
    ids=["interim answers", "chunk extensions"],
)
async def test_an_endless_envelope_is_hung_up_on_long_before_the_deadline(
    first: bytes, then: bytes, reason: Reason
) -> None:
    attempt = await _attempt(_says_for_ever(first, then, 0), deadline_s=120.0)
    assert attempt.reason is reason
    assert attempt.duration_ms < 60_000


async def test_a_drip_fed_body_is_no_delivery_though_its_status_was_fine() -> None:
    drip = _says_for_ever(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", b"x", 0.02)
    attempt = await _attempt(drip, deadline_s=DEADLINE_S)
    assert (attempt.reason, attempt.status) == (Reason.BODY_TIMED_OUT, 200)
    assert set(attempt.response) == {ord("x")}


async def test_an_endless_body_is_cut_and_only_its_beginning_kept() -> None:
    endless = _says_for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536, 0)
    attempt = await _attempt(endless)
    assert attempt.reason is Reason.DELIVERED_BODY_CUT
    assert attempt.response == b"x" * 4096


async def test_a_compressed_bomb_is_never_unpacked() -> None:
    bomb = b"\x1f\x8b\x08\x00" + b"\x00" * 1000
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    attempt = await _attempt(_says(head + bomb))
    assert attempt.reason is Reason.DELIVERED_BODY_ENCODED
    assert attempt.response == bomb


async def test_a_body_that_ends_early_is_no_delivery() -> None:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()

    assert (await _attempt(behaviour)).reason is Reason.BODY_CUT_SHORT


async def test_a_connection_closed_without_an_answer_is_reset() -> None:
    async def behaviour(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await _request(reader)

    assert (await _attempt(behaviour)).reason is Reason.CONNECTION_RESET


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello, this is HTTP/0.9\r\n\r\n",
        b"\x16\x03\x01\x00\xff" * 20 + b"\r\n\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_malformed(garbage: bytes) -> None:
    assert (await _attempt(_says(garbage))).reason is Reason.RESPONSE_MALFORMED


async def test_a_refused_connection_is_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else can take the port meanwhile
        async with Sender(DESK) as sender:
            attempt = await sender.send(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"{}", {})
    assert attempt.reason is Reason.CONNECTION_REFUSED


async def test_a_name_that_does_not_resolve_or_hangs_is_told_apart() -> None:
    async def unknown(_host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def hanging(_host: str) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    for resolve, deadline_s, reason in (
        (unknown, _PATIENT_S, Reason.DNS_FAILED),
        (hanging, 0.1, Reason.DNS_TIMED_OUT),
    ):
        async with Sender(DESK, deadline_s=deadline_s, resolve=resolve) as sender:
            assert (await sender.send("http://shop.example/", b"{}", {})).reason is reason


async def test_a_name_that_turns_out_to_be_inside_is_refused_and_never_connected_to() -> None:
    connections = 0

    async def count(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1

    async def inside(_host: str) -> list[str]:
        return ["1.1.1.1", "127.0.0.1"]

    async with _listening(count) as port:
        policy = AddressPolicy(plain_http=True, ports=frozenset({port}))
        async with Sender(policy, resolve=inside) as sender:
            attempt = await sender.send(f"http://rebinding.example:{port}/", b"{}", {})
            literal = await sender.send(f"http://127.0.0.1:{port}/", b"{}", {})
    assert (attempt.reason, literal.reason) == (Reason.ADDRESS_REFUSED, Reason.URL_REFUSED)
    assert connections == 0


@pytest.fixture
def _proxy_in_the_environment() -> Iterator[None]:
    os.environ["http_proxy"] = "http://127.0.0.1:9"
    yield
    del os.environ["http_proxy"]


@pytest.mark.usefixtures("_proxy_in_the_environment")
async def test_host_and_body_arrive_as_given_and_no_proxy_of_the_environment_is_used() -> None:
    arrived: list[bytes] = []

    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await _request(reader))
        writer.write(OK)
        await reader.read()

    async def here(_host: str) -> list[str]:
        return ["127.0.0.1"]

    async with _listening(behaviour) as port, Sender(DESK, resolve=here) as sender:
        attempt = await sender.send(f"http://shop.example:{port}/h?a=1", b'{"a":1}', {"webhook-id": "evt_1"})
    assert attempt.reason is Reason.DELIVERED
    head, _, body = arrived[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /h?a=1 HTTP/1.1\r\n")
    assert f"Host: shop.example:{port}".encode() in head
    assert b"webhook-id: evt_1" in head
    assert body == b'{"a":1}'


async def test_a_kept_connection_that_was_closed_under_us_is_not_the_receivers_failure() -> None:
    requests = 0

    async def one_answer_a_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await _request(reader)
        requests += 1
        writer.write(OK)
        await reader.readexactly(1)  # the next request begins: hang up on it

    async with _listening(one_answer_a_connection) as port, Sender(DESK) as sender:
        for _ in range(3):
            attempt = await sender.send(f"http://127.0.0.1:{port}/", b"{}", {})
            assert attempt.reason is Reason.DELIVERED
    assert requests == 3


def _certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a self-signed certificate for `name`; the certificate is left in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def test_only_the_certificate_of_the_urls_own_name_is_taken(tmp_path: Path) -> None:
    server = _certificate(tmp_path, "shop.example")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "shop.example.pem"))

    async def here(_host: str) -> list[str]:
        return ["127.0.0.1"]

    async with _listening(_says(OK), tls=server) as port:
        async with Sender(DESK, resolve=here, tls=trusting) as sender:
            good = await sender.send(f"https://shop.example:{port}/", b"{}", {})
            other = await sender.send(f"https://other.example:{port}/", b"{}", {})
        async with Sender(DESK, resolve=here) as sender:
            unknown = await sender.send(f"https://shop.example:{port}/", b"{}", {})
    assert good.reason is Reason.DELIVERED
    assert other.reason is Reason.CERTIFICATE_REFUSED
    assert unknown.reason is Reason.CERTIFICATE_REFUSED


async def test_plain_text_where_tls_was_asked_for_is_a_tls_failure() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()

    async with _listening(plain) as port, Sender(DESK) as sender:
        attempt = await sender.send(f"https://127.0.0.1:{port}/", b"{}", {})
    assert attempt.reason is Reason.TLS_FAILED
