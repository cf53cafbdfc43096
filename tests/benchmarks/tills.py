"""Tills that ask to be paid as fast as they are answered, in a process of their own.

Run as `python -m tests.benchmarks.tills JOB`, a file with a `Job`; prints a `Tally`. Speaks HTTP with a protocol
of a few lines, because the load shares two cores with what it loads.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvloop

# For the last answer, after the time is over.
_PATIENCE_S = 40.0


class Till(msgspec.Struct, frozen=True):
    """One till: its token, and the codes that its customers will show."""

    token: str
    codes: list[str]


class Job(msgspec.Struct, frozen=True):
    """Ask for `amount_minor` from `connections` connections in all, for so long.

    Attributes:
        run: makes order numbers and keys of this run its own.
        rate_per_s: asks so often, whatever the answers take; 0 asks again as soon as it is answered.
    """

    url: str
    tills: list[Till]
    connections: int
    seconds: float
    run: str
    amount_minor: int = 12_800
    rate_per_s: float = 0.0


class Tally(msgspec.Struct, frozen=True):
    """What came of it: payments that succeeded in the time, other answers, milliseconds each took."""

    succeeded: int
    others: dict[str, int]
    took_ms: list[float]

    def percentile_ms(self, percent: float) -> float:
        in_order = sorted(self.took_ms)
        return in_order[min(len(in_order) - 1, int(len(in_order) * percent / 100))]


class _Connection(asyncio.Protocol):
    """Asks, waits for the whole answer, asks again; `ended` is set when its time is over."""

    def __init__(self, requests: Iterator[bytes], shift: "_Shift", *, after_s: float) -> None:
        self._requests = requests
        self._shift = shift
        self._answer = b""
        self._asked_at = time.perf_counter()
        # At a rate the tills ask one after another, not all at once; the pause is added before the first question too.
        self._due = self._asked_at + after_s - shift.pause_s
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.WriteTransport = transport
        self._ask_when_due()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if blank and len(body) >= _content_length(head):
            self._shift.count(head, body, asked_at=self._asked_at)
            self._answer = b""
            self._ask_when_due()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError())

    def _ask_when_due(self) -> None:
        pause_s = self._shift.pause_s
        self._due = max(self._due + pause_s, time.perf_counter()) if pause_s else time.perf_counter()
        if self._due >= self._shift.until:
            self.ended.set_result(None)
        elif pause_s:
            asyncio.get_running_loop().call_later(self._due - time.perf_counter(), self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))


class _Shift:
    """All connections' work from the first question to the end of the time."""

    def __init__(self, job: Job) -> None:
        self.until = time.perf_counter() + job.seconds
        self.pause_s = job.connections / job.rate_per_s if job.rate_per_s else 0.0
        self._succeeded = 0
        self._others: dict[str, int] = {}
        self._took_ms: list[float] = []

    def count(self, head: bytes, body: bytes, *, asked_at: float) -> None:
        now = time.perf_counter()
        if now > self.until:
            return
        self._took_ms.append((now - asked_at) * 1000)
        if head[9:12] == b"201" and b'"state":"succeeded"' in body:
            self._succeeded += 1
        else:
            what = head[9:12].decode() + (" " + body[:200].decode(errors="replace"))
            self._others[what] = self._others.get(what, 0) + 1

    def tally(self) -> Tally:
        return Tally(self._succeeded, self._others, self._took_ms)


def _content_length(head: bytes) -> int:
    return int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])


def _requests(job: Job, number: int) -> Iterator[bytes]:
    """Endless in intent; a till whose customers have run out is a job that was cut too small."""
    till = job.tills[number % len(job.tills)]
    head = (
        "POST /v1/payments HTTP/1.1\r\n"
        f"Host: {urlsplit(job.url).netloc}\r\nAuthorization: Bearer {till.token}\r\n"
        "Content-Type: application/json\r\n"
    )
    for nth, code in enumerate(till.codes[number // len(job.tills) :: _sharing(job, number)]):
        order = f"{job.run}-{number}-{nth}"
        body = (
            f'{{"code":"{code}","amount":{{"amount_minor":{job.amount_minor},"currency":"CNY"}},'
            f'"merchant_order_no":"{order}"}}'
        )
        yield f"{head}Idempotency-Key: {order}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _sharing(job: Job, number: int) -> int:
    """How many connections show this connection's till's codes."""
    return len(range(number % len(job.tills), job.connections, len(job.tills)))


def _itself(connection: _Connection) -> _Connection:
    return connection


async def _work(job: Job) -> Tally:
    host, _, port = urlsplit(job.url).netloc.partition(":")
    shift = _Shift(job)
    connections = [
        _Connection(_requests(job, number), shift, after_s=number * shift.pause_s / job.connections)
        for number in range(job.connections)
    ]
    for one in connections:
        await asyncio.get_running_loop().create_connection(partial(_itself, one), host, int(port))
    async with asyncio.timeout(job.seconds + _PATIENCE_S):
        await asyncio.gather(*(one.ended for one in connections))
    return shift.tally()


if __name__ == "__main__":
    todo = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    print(msgspec.json.encode(uvloop.run(_work(todo))).decode(), flush=True)
