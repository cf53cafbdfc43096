"""Customers at tills: the load of the proofs. A till repeats what was not answered, and remembers what it was told."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import asyncpg

from merchants.payer import PayerFacts
from tests.town import Answered, Person, Supermarket, Town, cny

# Longer than any outage that a proof makes.
_INSISTS_FOR_S: Final = 150.0
_HANGS_UP_AFTER_S: Final = 20.0
_NO_ANSWER = (aiohttp.ClientError, OSError, TimeoutError)
# Refusals that promise to have left nothing behind.
_NOTHING: Final = {"nothing_happened", "wallet_core_unavailable"}

_UNDER_WAY: Final = """
    SELECT EXISTS (SELECT FROM gateway.transfers WHERE state <> 'final')
        OR EXISTS (SELECT FROM gateway.payments WHERE state IN ('processing', 'reversing', 'capturing'))
"""


@dataclass(slots=True, kw_only=True)
class Errand:
    """One order, and what its till was told about it.

    Attributes:
        told: the latest state it was told, or the code it was refused with.
        canceling: the till asked to cancel, whatever came of it.
        told_nothing_happened: that was the only answer it ever got, and it believed it.
        unanswered: what it gave up on.
    """

    order_no: str
    amount_minor: int
    payment_id: str | None = None
    told: str | None = None
    canceling: bool = False
    cancel_accepted: bool = False
    told_nothing_happened: bool = False
    unanswered: str | None = None


@dataclass(slots=True, kw_only=True)
class Crowd:
    """So many tills at once, each serving one customer after the other.

    Attributes:
        payers: drawn from at random; how their wallets behave is the core's sandbox's to know.
        cancels: the share of orders that are canceled, at a random moment.
        pause_s: between two customers, at most.
        answers: what came back, by status and code.
    """

    town: Town
    shop: Supermarket
    payers: Sequence[PayerFacts]
    chance: random.Random
    cancels: float = 0.1
    pause_s: float = 0.05
    wait_s: int = 2
    errands: list[Errand] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    _stock: list[str] = field(default_factory=list)
    _stopped: bool = False
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def stock_up(self, codes: int) -> None:
        """Have codes at hand, for times when no wallet's backend gets any."""
        self._stock += [await self._code() for _ in range(codes)]

    async def serve(self, *, tills: int, orders: int | None = None) -> None:
        """Until so many orders are done, or until `stop`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(tills):
                group.create_task(self._till(orders))

    def stop(self) -> None:
        """Each till finishes the order it is at."""
        self._stopped = True

    async def until_acknowledged(self, number: int) -> None:
        """Until so many more payments have been acknowledged: a sign that everything works."""
        wanted = self._acknowledged() + number
        await self.until(lambda: self._acknowledged() >= wanted)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until this holds; looked at whenever a till was answered."""
        while not holds():
            self._answered.clear()
            await self._answered.wait()

    def _acknowledged(self) -> int:
        return self.answers["201"] + self.answers["202"]

    async def _till(self, orders: int | None) -> None:
        while not self._stopped and (orders is None or len(self.errands) < orders):
            errand = Errand(order_no=f"K-{uuid.uuid4().hex[:16]}", amount_minor=self.chance.randint(1, 2_000))
            self.errands.append(errand)
            await self._serve(errand)
            await asyncio.sleep(self.chance.random() * self.pause_s)

    async def _serve(self, errand: Errand) -> None:
        paying = asyncio.create_task(self._pay(errand))
        if self.chance.random() < self.cancels:
            await asyncio.wait({paying}, timeout=self.chance.choice((0.0, 0.05, 0.5, 5.0)))
            errand.canceling = True
            await self._cancel(errand)
        await paying

    async def _pay(self, errand: Errand) -> None:
        body = {
            "amount": cny(errand.amount_minor),
            "merchant_order_no": errand.order_no,
            "code": await self._code(),
            "wait_s": self.wait_s,
        }
        answer = await self._insist(errand, "/v1/payments", body)
        if answer is None:
            return
        if answer.status in {201, 202}:
            errand.payment_id, errand.told = answer.body["id"], answer.body["state"]
        else:
            errand.told = answer.body["code"]

    async def _cancel(self, errand: Errand) -> None:
        by_id = errand.payment_id is not None and self.chance.random() < 0.5
        path = f"/v1/payments/{errand.payment_id}/cancel" if by_id else "/v1/payments/cancel"
        body = {"wait_s": self.wait_s} | ({} if by_id else {"merchant_order_no": errand.order_no})
        answer = await self._insist(errand, path, body)
        errand.cancel_accepted = answer is not None and answer.status in {200, 202}

    async def _insist(self, errand: Errand, path: str, body: dict[str, Any]) -> Answered | None:
        """Repeat with the same key until there is a word to go by."""
        key, unclear = uuid.uuid4().hex, False
        loop = asyncio.get_running_loop()
        until = loop.time() + _INSISTS_FOR_S
        while loop.time() < until:
            answer = await self._ask(self.shop.till, path, body, key)
            if answer is None:
                unclear = True
            elif answer.status < 500:
                return answer
            elif answer.status != 503:
                errand.unanswered = f"{path}: {answer.status} {answer.body}"
                return None
            elif answer.body["code"] in _NOTHING and not unclear and not errand.canceling:
                if path == "/v1/payments" and self.chance.random() < 0.3:
                    errand.told_nothing_happened = True
                    return None
            else:
                unclear = True
            await asyncio.sleep(0.1 + self.chance.random() * 0.2)
        errand.unanswered = path
        return None

    async def _ask(self, till: Person, path: str, body: dict[str, Any], key: str) -> Answered | None:
        try:
            async with asyncio.timeout(_HANGS_UP_AFTER_S):
                answer = await till.post(path, body, key=key)
        except _NO_ANSWER as error:
            self.answers[type(error).__name__] += 1
            return None
        code = answer.body.get("code") if answer.status >= 400 else None
        self.answers[f"{answer.status} {code}" if code else str(answer.status)] += 1
        self._answered.set()
        return answer

    async def _code(self) -> str:
        """What a customer shows; their wallet's backend insists as well."""
        payer = self.chance.choice(self.payers)
        if self._stock:
            return self._stock.pop()
        while True:
            try:
                return await self.town.code(payer)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, *_NO_ANSWER):
                await asyncio.sleep(0.2)


async def people(town: Town, number: int, **wallet: Any) -> list[PayerFacts]:
    """Customers whose wallets behave alike, rich enough for every proof."""
    return [await town.payer(100_000_000, **wallet) for _ in range(number)]


async def until_final(pool: asyncpg.Pool, *, within_s: float) -> float:
    """Wait until no payment and no transfer is under way; returns the seconds it took.

    Raises:
        TimeoutError: some are still.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(within_s):
        while await pool.fetchval(_UNDER_WAY):  # noqa: ASYNC110 - the end of the last one is nobody's event
            await asyncio.sleep(0.05)
    return loop.time() - began
