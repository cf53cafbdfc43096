"""A core whose replies are lost, late or nonsense after the debit, and tills that cancel at random."""

import random

from tests.processes import City
from tests.prove.books import Reckoning, reckon
from tests.prove.shoppers import Crowd, people, until_final

_PAYERS = 100


async def crowd_of(city: City, chance: random.Random, *, scale: float) -> Crowd:
    """Of the wallets 20 % lose the reply, 5 % make it a 500, a 404 or a page of HTML, 5 % are late.

    One in a hundred refuses to be reversed: only those try what "cancel accepted" is worth.

    Args:
        scale: of the times in which late wallets are late.
    """
    town, each = city.town, _PAYERS // 100
    payers = [
        *await people(town, 69 * each),
        *await people(town, 20 * each, behaviour="reply_lost"),
        *await people(town, 2 * each, behaviour="error_500"),
        *await people(town, 2 * each, behaviour="error_404"),
        *await people(town, 1 * each, behaviour="html"),
        *await people(town, 2 * each, behaviour="late_success", seconds=6.0 * scale),
        *await people(town, 1 * each, behaviour="late_success", seconds=50.0 * scale),
        *await people(town, 1 * each, behaviour="late_arrival", seconds=6.0 * scale),
        *await people(town, 1 * each, behaviour="late_arrival", seconds=30.0 * scale),
        *await people(town, 1 * each, behaviour="reversal_refused"),
    ]
    shop = await town.supermarket()
    return Crowd(town=town, shop=shop, payers=payers, chance=chance, cancels=0.15, wait_s=1)


async def run(
    city: City, *, orders: int, tills: int, chance: random.Random, scale: float
) -> tuple[Reckoning, Crowd]:
    """Serve so many orders, let all end, and compare."""
    crowd = await crowd_of(city, chance, scale=scale)
    await crowd.serve(tills=tills, orders=orders)
    await until_final(city.town.pool, within_s=75.0)
    return await reckon(city.town.pool, city.core_database_url, crowd.errands), crowd
