"""One payment killed after accept, one before conclude; after the restart both end, and everybody is told."""

import asyncio
import time
from dataclasses import dataclass

from merchants.payer import PayerFacts
from tests.processes import City
from tests.prove.books import reckon
from tests.prove.shoppers import until_final
from tests.receivers import Receiver, receiving
from tests.town import Answered, Supermarket

# How long the core keeps the reply back: far longer than it takes to kill.
_SLOW_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended, and how long after the restart."""

    state: str
    charged_minor: int
    final_after_s: float
    told_after_s: float


async def after_accept(city: City, *, within_s: float) -> Ended:
    """The core refuses connections, which holds the payment between accept and its debit; then the kill."""
    async with receiving() as receiver:
        shop = await _supermarket(city, receiver)
        payer = await city.town.payer(10_000)
        await city.core.kill()
        asked = await shop.ask(1_000, code=await city.town.code(payer), wait_s=0)
        assert (asked.status, asked.body["state"]) == (202, "processing"), asked.body
        await asyncio.gather(city.gateway.kill(), city.worker.kill())
        await city.core.start()
        assert await city.town.balance(f"payer:{payer.id}") == 10_000, "killed before the debit"
        return await _restarted(city, receiver, shop, payer, asked.body["id"], within_s=within_s)


async def before_conclude(city: City, *, within_s: float) -> Ended:
    """The core has debited and keeps its reply back; then the kill."""
    async with receiving() as receiver:
        shop = await _supermarket(city, receiver)
        payer = await city.town.payer(10_000, behaviour="slow", seconds=_SLOW_S)
        asked = await shop.ask(1_000, code=await city.town.code(payer), wait_s=0)
        assert (asked.status, asked.body["state"]) == (202, "processing"), asked.body
        async with asyncio.timeout(10):
            while await city.town.balance(f"payer:{payer.id}") == 10_000:
                pass
        await asyncio.gather(city.gateway.kill(), city.worker.kill())
        return await _restarted(city, receiver, shop, payer, asked.body["id"], within_s=within_s)


async def _supermarket(city: City, receiver: Receiver) -> Supermarket:
    shop = await city.town.supermarket()
    made = await shop.office.post(
        "/v1/webhook-endpoints", {"url": receiver.url, "event_types": ["payment.*"]}
    )
    assert made.status == 201, made.body
    return shop


async def _restarted(
    city: City, receiver: Receiver, shop: Supermarket, payer: PayerFacts, payment_id: str, *, within_s: float
) -> Ended:
    await city.start(city.gateway, city.worker)
    began = time.monotonic()
    final_after_s = await until_final(city.town.pool, within_s=within_s)
    ended: Answered = await shop.till.get(f"/v1/payments/{payment_id}")
    async with asyncio.timeout(within_s):
        arrived = await receiver.wait_for(1)
    told_after_s = time.monotonic() - began
    assert [one.json["type"] for one in arrived] == [f"payment.{ended.body['state']}"]
    assert arrived[0].json["data"]["payment"]["id"] == payment_id
    reckoning = await reckon(city.town.pool, city.core_database_url)
    assert not reckoning.faults, reckoning.faults
    return Ended(
        state=ended.body["state"],
        charged_minor=10_000 - await city.town.balance(f"payer:{payer.id}"),
        final_after_s=final_after_s,
        told_after_s=told_after_s,
    )
