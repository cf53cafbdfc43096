"""Checkout pages that are looked at, each told of its own order's end while payments flow."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psutil

from tests.shopping import WebShop, a_web_shop, confirm, scan
from tests.town import Town

# Fewer than a listener's backlog: shoppers do not all come in the same millisecond.
_COME_TOGETHER = 200
_AT_ONCE = 24
_POOR_OF_TEN = 2
_TOLD_WITHIN_S = 60.0
_PHASES = {"paid", "declined", "expired"}

Sessions = list[dict[str, Any]]
# By session, the moment that a page showed its end.
Moments = dict[str, float]
# Opens some pages in another way, and returns once they are open with what waits for their ends.
Beside = Callable[[Sessions], Awaitable[Coroutine[Any, Any, Moments]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How it went.

    Attributes:
        lags_s: from the transaction that ended an attempt to the page that shows it, by the same clock; sorted.
        phases: how the pages ended.
        memory_kib: what a page takes of the replicas' memory.
        paid_in_s: how long the payments took to be asked for.
        processor_ms: what one of them took of the replicas' time, its confirmation and its page's news together.
    """

    pages: int
    phases: Counter[str]
    memory_kib: float
    paid_in_s: float
    processor_ms: float
    wrong: list[str] = field(default_factory=list)
    lags_s: list[float] = field(repr=False)

    def __str__(self) -> str:
        half, most, last = (
            self.lags_s[min(len(self.lags_s) - 1, int(len(self.lags_s) * share))] for share in (0.5, 0.99, 1)
        )
        return (
            f"{self.pages} pages open, {self.memory_kib:.0f} KiB of the gateway's memory each; "
            f"{self.pages / self.paid_in_s:.0f} payments/s, {self.processor_ms:.1f} ms of processor each; "
            f"ended {dict(self.phases)}; shown p50 {half * 1000:.0f} ms, "
            f"p99 {most * 1000:.0f} ms, at most {last * 1000:.0f} ms after the end"
        )


async def run(
    town: Town, *, pages: int, a_second: float, replicas: list[psutil.Process], beside: Beside | None = None
) -> Told:
    """So many pages of so many orders; then each is paid, or declined, at this rate, whatever the answers take.

    Two in ten pay by a wallet that is too empty. `beside` watches the first few as well.
    """
    shop = await a_web_shop(town)
    sessions = await _opened(shop, pages)
    # Before the crowd: a browser that starts takes both processors for seconds, which is nobody's payment.
    watching = asyncio.create_task(await beside(sessions)) if beside else None
    seen = await _scanned(town, shop, sessions)
    before_kib = _memory_kib(replicas)
    shown: dict[str, tuple[str, float]] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        readers = await _look(http, town.public, sessions, shown)
        memory_kib = (_memory_kib(replicas) - before_kib) / pages if replicas else 0.0
        began, worked_s = time.monotonic(), _processor_s(replicas)
        await _pay(town, seen, a_second=a_second)
        paid_in_s = time.monotonic() - began
        await asyncio.wait(readers, timeout=_TOLD_WITHIN_S)
        for one in readers:
            one.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    worked_s = _processor_s(replicas) - worked_s
    also: Moments = {} if watching is None else await watching
    ends = await _ends(town, sessions)
    lags = [at - ends[one][1] for one, (_, at) in shown.items()] + [
        at - ends[one][1] for one, at in also.items()
    ]
    return Told(
        pages=pages,
        phases=Counter(phase for phase, _ in shown.values()),
        memory_kib=memory_kib,
        paid_in_s=paid_in_s,
        processor_ms=worked_s / pages * 1000,
        wrong=[
            f"{one}: shows {shown.get(one, ('nothing',))[0]}, is {truth}"
            for one, (truth, _) in ends.items()
            if shown.get(one, ("nothing",))[0] != truth
        ],
        lags_s=sorted(lags),
    )


async def _opened(shop: WebShop, number: int) -> Sessions:
    return await _some_at_once([lambda: shop.opened(1_000, expires_in_s=3_600) for _ in range(number)])


async def _scanned(town: Town, shop: WebShop, sessions: Sessions) -> Sessions:
    """Everybody has scanned, and looks at the amount."""

    async def one(at: int) -> dict[str, Any]:
        payer = await town.payer(1 if at % 10 < _POOR_OF_TEN else 10_000)
        return await scan(town, payer, (await shop.payment(sessions[at]))["next_action"]["qr_payload"])

    return await _some_at_once([lambda at=at: one(at) for at in range(len(sessions))])  # type: ignore[misc]


async def _look(
    http: aiohttp.ClientSession, public: str, sessions: Sessions, shown: dict[str, tuple[str, float]]
) -> list[asyncio.Task[None]]:
    """Returns once every page has been told what is."""
    readers: list[asyncio.Task[None]] = []
    for first in range(0, len(sessions), _COME_TOGETHER):
        some = sessions[first : first + _COME_TOGETHER]
        began = [asyncio.Event() for _ in some]
        readers += [
            asyncio.create_task(_read(http, public, one, shown, event))
            for one, event in zip(some, began, strict=True)
        ]
        async with asyncio.timeout(_TOLD_WITHIN_S):
            await asyncio.gather(*(one.wait() for one in began))
    return readers


async def _read(
    http: aiohttp.ClientSession,
    public: str,
    session: dict[str, Any],
    shown: dict[str, tuple[str, float]],
    began: asyncio.Event,
) -> None:
    """As EventSource does: it comes back with the last id when the stream breaks."""
    last, url = "", f"{public}{urlsplit(session['url']).path}/events"
    timeout = aiohttp.ClientTimeout(total=None)
    while True:
        async with http.get(url, headers={"Last-Event-ID": last}, timeout=timeout) as stream:
            async for raw in stream.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("id: "):
                    last = line[4:]
                if line.startswith("data: "):
                    began.set()
                    phase = json.loads(line[6:])["phase"]
                    if phase in _PHASES:
                        shown[session["id"]] = (phase, time.time())
                        return


async def _pay(town: Town, seen: Sessions, *, a_second: float) -> None:
    """At this rate, however slow the answers are."""
    began, asked = time.monotonic(), []
    for at, one in enumerate(seen):
        await asyncio.sleep(max(0.0, began + at / a_second - time.monotonic()))
        asked.append(asyncio.create_task(_confirmed(town, one)))
    await asyncio.gather(*asked)


async def _confirmed(town: Town, seen: dict[str, Any]) -> None:
    """Again where the gateway says that nothing happened, as a wallet does."""
    answered = await confirm(town, seen, wait_s=0)
    while answered.status == 503 and answered.body["code"] == "nothing_happened":
        answered = await confirm(town, seen, wait_s=0)
    assert answered.status in {200, 202}, answered.body


async def _ends(town: Town, sessions: Sessions) -> dict[str, tuple[str, float]]:
    """What the latest attempt of each came to, and when, by the database's clock, which is this machine's."""
    rows = await town.pool.fetch(
        """
        SELECT s.id, s.state AS session, p.state, p.updated_at
          FROM gateway.checkout_sessions s JOIN gateway.payments p ON p.id = s.payment_id
         WHERE s.id = ANY($1)
        """,
        [one["id"] for one in sessions],
    )
    phases = {"succeeded": "paid", "declined": "declined"}
    ended_at: Callable[[datetime], float] = datetime.timestamp
    return {row["id"]: (phases.get(row["state"], row["state"]), ended_at(row["updated_at"])) for row in rows}


async def _some_at_once(deeds: list[Callable[[], Awaitable[dict[str, Any]]]]) -> Sessions:
    made: Sessions = [{} for _ in deeds]
    waiting = iter(enumerate(deeds))

    async def work() -> None:
        for at, deed in waiting:
            made[at] = await deed()

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return made


def _memory_kib(replicas: list[psutil.Process]) -> float:
    return sum(float(one.memory_info().rss) for one in replicas) / 1024


def _processor_s(replicas: list[psutil.Process]) -> float:
    return sum(one.cpu_times().user + one.cpu_times().system for one in replicas)
