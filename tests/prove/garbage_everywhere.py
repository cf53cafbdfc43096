"""schemathesis over every operation, once as each principal, at both doors: the long form of test_schemathesis."""

import asyncio
import random

from tests.garbage import Verdict, operations_of, throw
from tests.inhabitants import inhabited
from tests.town import Town

# Enough for every case that the schemas' limits make, and as many random ones again.
_WITHIN_S = 240
_EXAMPLES = 20


async def every_operation(town: Town, *, chance: random.Random) -> dict[str, Verdict]:
    """What came of it, by principal; who is known goes where the token opens, who is not goes everywhere."""
    people = await inhabited(town)
    verdicts = {}
    for name, who in people.by_name.items():
        operations = operations_of(who.listener, scopes=who.scopes)
        chance.shuffle(operations)
        verdicts[name] = await asyncio.to_thread(
            throw,
            url=who.url,
            token=who.token,
            ids=people.ids,
            only=operations,
            examples=_EXAMPLES,
            within_s=_WITHIN_S,
            seed=chance.getrandbits(32),
        )
        print(f"{name}: {verdicts[name].cases} requests, {len(verdicts[name].failures)} failures", flush=True)
    return verdicts
