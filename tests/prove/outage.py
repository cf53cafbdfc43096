"""PostgreSQL killed under load: what the tills hear meanwhile, and that nothing else need be started again."""

import asyncio
import time
from collections import Counter
from typing import Final

from gateway.storage.embedded import EmbeddedPostgres
from tests.processes import City
from tests.prove.books import Reckoning, reckon
from tests.prove.shoppers import Crowd, until_final

# All that a till may be told meanwhile; `wallet_core_unavailable` while the core has no database either.
HONEST: Final = {"503 nothing_happened", "503 outcome_unknown", "503 wallet_core_unavailable"}
# So many refusals are heard before the database is started again.
_REFUSALS = 10
_RECOVERED_WITHIN_S = 30.0


async def run(
    city: City, postgres: EmbeddedPostgres, crowd: Crowd, *, outages: int, tills: int, within_s: float
) -> tuple[Reckoning, Counter[str], float]:
    """Returns the books, what was refused during the outages, and the longest recovery in seconds.

    A recovery ends with so many payments acknowledged as there are tills.
    """
    refused: Counter[str] = Counter()
    slowest_s = 0.0
    serving = asyncio.create_task(crowd.serve(tills=tills))
    for _ in range(outages):
        await crowd.until_acknowledged(3 * tills)
        await crowd.stock_up(_REFUSALS * tills)
        before = crowd.answers.copy()
        slowest_s = max(slowest_s, await _outage(postgres, crowd, before, tills))
        refused += _refusals(crowd.answers - before)
    crowd.stop()
    await serving
    await until_final(city.town.pool, within_s=within_s)
    assert [one.kills for one in city.programs] == [0, 0, 0], "only PostgreSQL was started again"
    return await reckon(city.town.pool, city.core_database_url, crowd.errands), refused, slowest_s


async def _outage(postgres: EmbeddedPostgres, crowd: Crowd, before: Counter[str], tills: int) -> float:
    """Kill, listen to what is said meanwhile, start; returns how long the recovery took."""
    await asyncio.to_thread(postgres.kill)
    await crowd.until(lambda: _refusals(crowd.answers - before).total() >= _REFUSALS)
    await _a_read_says_that_nothing_happened(crowd)
    await asyncio.to_thread(postgres.start)
    began = time.monotonic()
    async with asyncio.timeout(_RECOVERED_WITHIN_S):
        await crowd.until_acknowledged(tills)
    return time.monotonic() - began


async def _a_read_says_that_nothing_happened(crowd: Crowd) -> None:
    """Twice: a caller's status is remembered for two seconds, so that another statement fails."""
    acknowledged = next(one.payment_id for one in crowd.errands if one.payment_id)
    for path in (f"/v1/payments/{acknowledged}", "/v1/payments?limit=1"):
        answer = await crowd.shop.office.get(path)
        assert (answer.status, answer.body["code"]) == (503, "nothing_happened"), answer.body


def _refusals(answers: Counter[str]) -> Counter[str]:
    """What was refused for the outage: neither a payment, nor a till's own doing, nor a connection that was cut."""
    return Counter({said: number for said, number in answers.items() if said.startswith("5")})
