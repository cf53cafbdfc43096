"""Random `kill -9` of gateway, worker and core while tills are being used."""

import asyncio
import random
from collections.abc import Sequence

from tests.processes import City, Program
from tests.prove.books import Reckoning, reckon
from tests.prove.shoppers import Crowd, people, until_final

_PAYERS = 20


async def crowd_of(city: City, chance: random.Random) -> Crowd:
    """Customers of one supermarket, among them some whose wallets answer badly."""
    town = city.town
    payers = [
        *await people(town, _PAYERS),
        *await people(town, _PAYERS // 10, behaviour="reply_lost"),
        *await people(town, _PAYERS // 10, behaviour="slow", seconds=0.5),
    ]
    return Crowd(town=town, shop=await town.supermarket(), payers=payers, chance=chance)


async def kill_at_random(
    programs: Sequence[Program], crowd: Crowd, *, kills: int, chance: random.Random
) -> None:
    """Each after a few acknowledged payments or, as often, at once after the one before."""
    for _ in range(kills):
        if chance.random() < 0.5:
            await crowd.until_acknowledged(chance.randint(1, 8))
        await chance.choice(programs).restart()


async def run(
    city: City, *, kills: int, tills: int, chance: random.Random, within_s: float
) -> tuple[Reckoning, float, Crowd]:
    """Kill, let everything end, compare; returns also the seconds from the last restart to the last end."""
    crowd = await crowd_of(city, chance)
    programs = (city.gateway, city.worker, city.core)
    serving = asyncio.create_task(crowd.serve(tills=tills))
    await crowd.until_acknowledged(tills)
    await kill_at_random(programs, crowd, kills=kills, chance=chance)
    crowd.stop()
    final_after_s = await until_final(city.town.pool, within_s=within_s)
    await serving
    # Tills that had no answer yet may have begun another one meanwhile.
    await until_final(city.town.pool, within_s=within_s)
    return await reckon(city.town.pool, city.core_database_url, crowd.errands), final_after_s, crowd
