"""Garbage at every door: the answer is what `openapi.yaml` says, and money and rows stay whole.

Each run takes other operations of each principal; `make prove ONLY=schemathesis` takes all of them.
"""

import asyncio
import random

import pytest

from tests.garbage import operations_of, throw
from tests.inhabitants import inhabited
from tests.town import Town, a_town

# How many operations of each principal, and for how long: as many as fit into a few seconds.
SAMPLES = {
    "partner": (5, 5),
    "terminal": (2, 2),
    "wallet": (2, 2),
    "operator": (4, 4),
    "nobody": (3, 2),
    "nobody at the operators' door": (2, 1),
}


# schemathesis' own, where it makes tokens up.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_garbage_gets_one_clear_problem_from_every_operation(
    database_url: str, core_database_url: str
) -> None:
    seed, cases = random.SystemRandom().getrandbits(32), 0
    async with a_town(database_url, core_database_url, MAX_WAIT_S="1") as town:
        people = await inhabited(town)
        for name, who in people.by_name.items():
            operations = operations_of(who.listener, scopes=who.scopes)
            number, within_s = SAMPLES[name]
            verdict = await asyncio.to_thread(
                throw,
                url=who.url,
                token=who.token,
                ids=people.ids,
                only=random.Random(seed).sample(operations, number),
                examples=3,
                within_s=within_s,
                seed=seed,
            )
            assert verdict.failures == [], f"seed {seed}\n" + "\n\n".join(verdict.failures)
            cases += verdict.cases
        await whole(town)
    # On a busy machine one of them may get no turn.
    assert cases > 0


async def whole(town: Town) -> None:
    """Nothing was half done: books balance, each payment's rows agree, no key was claimed for nothing."""
    await town.ledger()
    claimed_for_nothing = await town.pool.fetchval(
        "SELECT count(*) FROM gateway.idempotency_keys WHERE resource_id = ''"
    )
    assert claimed_for_nothing == 0
