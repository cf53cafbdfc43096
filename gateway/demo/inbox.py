"""What the partner's consumer printed, for the story to wait for."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp

from gateway.client.webhook import Verifier, WebhookRefused
from gateway.demo.checks import StoryBroken, expect, yuan
from gateway.demo.narration import Narrator
from gateway.demo.processes import Child
from gateway.demo.sandbox import Stage
from gateway.wire.money import Amount

TYPES = ("payment.*", "refund.*", "discount.*")
"""What the supermarket's book-keeping subscribes to."""
# First attempts come within a second; this leaves room for the second one, five seconds later.
_WITHIN_S = 20.0
# As many as somebody scrolls through.
_MOST_ARRIVALS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One verified event, with the request it came in."""

    type: str
    data: dict[str, Any]
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payment_id(self) -> str | None:
        """The payment it is about, wherever this kind of event names it."""
        refund, payment = self.data.get("refund", {}), self.data.get("payment", {})
        found = self.data.get("payment_id") or refund.get("payment_id") or payment.get("id")
        return None if found is None else str(found)


@dataclass(slots=True, kw_only=True)
class Arrival:
    """What came under one webhook id, however often.

    Attributes:
        refused: how often it was turned down: 400 for a bad signature, 503 while the consumer was out of order.
        done: it was taken in the end.
    """

    id: str
    type: str
    data: dict[str, Any]
    at: datetime
    verified: bool
    times: int = 0
    refused: int = 0
    done: bool = False


@dataclass(slots=True, kw_only=True)
class Inbox:
    """Everything the consumer has verified so far.

    Attributes:
        aloud: tell of every event as it comes, not only of those the story waits for.
        arrivals: every request since, one entry an id, newest last; a forgery has an entry of its own.
        forged: how many forgeries it was sent; it has to refuse those and nothing else.
        fault: what must not be, found while nobody waited.
    """

    url: str
    verifier: Verifier
    narrator: Narrator
    received: list[Received] = field(default_factory=list)
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    aloud: bool = False
    listening: bool = False
    forged: int = 0
    refused: int = 0
    fault: str | None = None
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def opened(self) -> None:
        """The consumer listens."""
        await self._until("its listening", lambda: self.listening)

    async def expect(self, kind: str, payment_id: str) -> Received:
        """The event of this kind about this payment, once it is here.

        Raises:
            StoryBroken: it did not come.
        """
        wanted = (kind, payment_id)
        await self._until(f"{kind} of {payment_id}", lambda: self._find(wanted) is not None)
        found = self._find(wanted)
        assert found is not None
        self._tell(found)
        return found

    async def expect_all(self, ids: set[str]) -> None:
        """Every one of these events has arrived."""
        await self._until("every event", lambda: ids <= {one.id for one in self.received})

    async def something_new(self) -> None:
        """Wait for the consumer's next line."""
        async with self._came:
            await self._came.wait()

    async def refuses(self, http: aiohttp.ClientSession, headers: dict[str, str], body: str) -> None:
        """The consumer turns this request down.

        Raises:
            StoryBroken: it took it.
        """
        self.forged += 1
        async with http.post(self.url, data=body.encode(), headers=headers) as answer:
            expect("the consumer's answer to a forged webhook", answer.status, 400)
        await self._until("its refusal", lambda: self.refused == self.forged)

    async def read(self, child: Child) -> None:
        """Take in the consumer's lines until it ends."""
        assert child.process.stdout is not None
        async for line in child.process.stdout:
            async with self._came:
                self._take(json.loads(line))
                self._came.notify_all()

    def _take(self, line: dict[str, Any]) -> None:
        match line:
            case {"listening": _}:
                self.listening = True
            case {"verified": True, "event": event, "headers": headers, "body": body}:
                self._check(headers, body)
                done = line["answered"] < HTTPStatus.BAD_REQUEST
                self._note(headers["webhook-id"], event, verified=True, done=done)
                if done and line["first"]:
                    self.received.append(
                        Received(type=event["type"], data=event["data"], headers=headers, body=body)
                    )
                    if self.aloud:
                        self._tell(self.received[-1])
            case {"verified": False, "why": why, "body": body}:
                self.refused += 1
                self._note(f"refused-{self.refused}", _readable(body), verified=False, done=False)
                if self.refused > self.forged:
                    self.fault = f"the consumer refused a webhook of the gateway's: {why}"
            case _:
                self.fault = f"the consumer printed {line}"

    def _note(self, key: str, event: dict[str, Any], *, verified: bool, done: bool) -> None:
        now = datetime.now(UTC)
        made = Arrival(id=key, type=event["type"], data=event["data"], at=now, verified=verified)
        entry = self.arrivals.setdefault(key, made)
        entry.times += 1
        entry.refused += not done
        entry.done = entry.done or done
        while len(self.arrivals) > _MOST_ARRIVALS:
            del self.arrivals[next(iter(self.arrivals))]

    def _tell(self, one: Received) -> None:
        self.narrator.heard("consumer", f"verified {one.type}  {_summary(one)}")

    def _check(self, headers: dict[str, str], body: str) -> None:
        """By the client too: two checks that know nothing of each other have to agree."""
        try:
            self.verifier.verify(headers, body.encode())
        except WebhookRefused as error:
            self.fault = f"the client refuses what the public package verified: {type(error).__name__}"

    def _find(self, wanted: tuple[str, str]) -> Received | None:
        return next((one for one in self.received if (one.type, one.payment_id) == wanted), None)

    async def _until(self, what: str, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(_WITHIN_S), self._came:
                await self._came.wait_for(lambda: self.fault is not None or holds())
        except TimeoutError:
            raise StoryBroken(f"the consumer did not tell of {what} within {_WITHIN_S:.0f} s") from None
        if self.fault is not None:
            raise StoryBroken(self.fault)


@asynccontextmanager
async def consuming(stage: Stage, *, url: str, secret: str) -> AsyncIterator[Inbox]:
    """The partner's consumer, in a process of its own; what it prints is read until the end."""
    child = await stage.processes.start(
        "consumer",
        *("gateway.demo.consumer", str(stage.consumer_port)),
        environ={"WEBHOOK_SECRET": secret},
        piped=True,
    )
    inbox = Inbox(url=url, verifier=Verifier(secret), narrator=stage.narrator)
    reading = asyncio.create_task(inbox.read(child))
    try:
        yield inbox
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


# Where a payment's money has moved, or is held.
MOVED = frozenset({"authorized", "capturing", "succeeded", "reversing", "reversed"})


def _readable(body: str) -> dict[str, Any]:
    """What a refused body claims to be; nobody acts on it."""
    try:
        claimed = json.loads(body)
    except ValueError:
        claimed = None
    if not isinstance(claimed, dict):
        claimed = {}
    kind, data = claimed.get("type"), claimed.get("data")
    return {"type": kind if isinstance(kind, str) else "", "data": data if isinstance(data, dict) else {}}


def _summary(one: Received) -> str:
    """The amounts a book-keeper looks for."""
    payment = one.data.get("payment")
    subject = payment or one.data.get("refund", {}).get("shares") or one.data
    if payment and payment["state"] not in MOVED:
        subject = {**payment, "paid": None}  # what would have been paid is no amount for the books
    amounts = (
        (name, subject.get(name))
        for name in ("order", "discount", "paid", "to_payer", "to_funders", "clawed_back")
    )
    told = (f"{name} {yuan(Amount(**amount))}" for name, amount in amounts if amount)
    return " · ".join(told)
