"""One merchant asks fifty times its share, and the others do not notice."""

import asyncio
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.town import Supermarket, Town

# Each quiet shop's till asks so often, well within its limit.
QUIET_PER_S = 5
LIMITS = "terminal=20/40,merchant=20/40"
NOISY_PER_S = 50 * 20
_CONNECTIONS = 8
# Twice as long is what a neighbour may cost.
MOST = 2.0
_REFUSED, _SERVED = b"HTTP/1.1 429", b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Two times of the same length: without and with the noise."""

    quiet_p99_ms: float
    noisy_p99_ms: float
    errors: int
    asked: int
    noise: int
    refused: int

    @property
    def ratio(self) -> float:
        return self.noisy_p99_ms / self.quiet_p99_ms

    def __str__(self) -> str:
        return (
            f"p99 {self.quiet_p99_ms:.1f} ms alone, {self.noisy_p99_ms:.1f} ms beside the noise ({self.ratio:.2f}x); "
            f"{self.asked} asked, {self.errors} errors; noise {self.noise}, of which {self.refused} refused"
        )


async def run(town: Town, *, shops: int, seconds: float, rounds: int) -> list[Round]:
    """Shops pay all the time; in every second time somebody else asks for far more than they may."""
    quiet = [await town.supermarket() for _ in range(shops)]
    noisy = await town.supermarket()
    await _crowd(quiet, seconds=1.0)
    return [await _round(town, quiet, noisy, seconds) for _ in range(rounds)]


async def _round(town: Town, quiet: list[Supermarket], noisy: Supermarket, seconds: float) -> Round:
    alone, errors = await _crowd(quiet, seconds=seconds)
    noise = asyncio.create_task(_noise(town, noisy, seconds))
    beside, more = await _crowd(quiet, seconds=seconds)
    sent, refused = await noise
    return Round(
        quiet_p99_ms=_p99(alone),
        noisy_p99_ms=_p99(beside),
        errors=errors + more,
        asked=len(alone) + len(beside),
        noise=sent,
        refused=refused,
    )


async def _crowd(shops: list[Supermarket], *, seconds: float) -> tuple[list[float], int]:
    """Every till asks to be paid at its own even pace; how long each answer took, and how many were none."""
    took: list[float] = []
    errors = 0

    async def till(shop: Supermarket, offset_s: float) -> None:
        nonlocal errors
        begun, number = time.perf_counter() + offset_s, 0
        while (due := begun + number / QUIET_PER_S) < begun + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent = time.perf_counter()
            answered = await shop.ask(100)
            took.append(time.perf_counter() - sent)
            errors += answered.status != 201
            number += 1

    await asyncio.gather(*(till(shop, at / QUIET_PER_S / len(shops)) for at, shop in enumerate(shops)))
    return took, errors


async def _noise(town: Town, shop: Supermarket, seconds: float) -> tuple[int, int]:
    """As many plain requests as fifty shares, written straight onto a few sockets to cost little."""
    address = urlsplit(town.public)
    asked = (
        f"GET /v1/payments HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {shop.till.token}\r\n\r\n"
    ).encode()
    counts = await asyncio.gather(
        *(_line(address.hostname or "", address.port or 80, asked, seconds) for _ in range(_CONNECTIONS))
    )
    return sum(sent for sent, _ in counts), sum(refused for _, refused in counts)


async def _line(host: str, port: int, asked: bytes, seconds: float) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection(host, port)
    begun, sent, refused = time.perf_counter(), 0, 0
    every_s = _CONNECTIONS / NOISY_PER_S
    while (due := begun + sent * every_s) < begun + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(length)
        sent += 1
        refused += head.startswith(_REFUSED)
        assert head.startswith((_REFUSED, _SERVED)), head
    writer.close()
    return sent, refused


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000
