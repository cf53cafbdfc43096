"""Many payments at once on the last of what an offer has, some of which fail, and processes killed in between.

The storm settles, then latecomers pay one after the other until nothing is given any more: by then everything that fits
must have been given, so a leaked reservation, an overspent fen and a refusal while something fitted all show.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp

from merchants.offers.offer import Budgets, Deal, PersonCaps, Stacking
from merchants.offers.terms import AmountOff, FirstPurchase
from merchants.payer import PayerFacts
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.processes import City, Program
from tests.prove import offer_sums
from tests.prove.books import reckon
from tests.prove.shoppers import until_final
from tests.town import Answered, Supermarket, Town, cny

_AMOUNT_MINOR: Final = 1_000
_LAST_YUAN_MINOR: Final = 100
_OFF_MINOR: Final = 30
# Three times the first, and its best is taken; then this still fits, over and over.
_SMALLER_OFF_MINOR: Final = 7
# Every eighth customer cannot pay: what was reserved for them comes back in the middle of the storm.
_POOR_EVERY: Final = 8
_INSISTS_FOR_S: Final = 90.0
_NO_ANSWER: Final = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scarcity:
    """Something that runs out: the offers that draw on it, and what they can give at most.

    Attributes:
        one_person: all wallets of the storm are one natural person's.
        may_be_lost: a right whose holder fails is nobody's, once the same person has paid without it.
    """

    name: str
    deals: Sequence[Deal]
    most_minor: int
    one_person: bool = False
    may_be_lost: bool = False


@dataclass(slots=True, kw_only=True)
class Storm:
    """What came of it; `faults` has a line for everything that must not be."""

    name: str
    payments: int = 0
    succeeded: int = 0
    latecomers: int = 0
    given_minor: int = 0
    most_minor: int = 0
    leaked: int = 0
    killed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def overspent_minor(self) -> int:
        return max(0, self.given_minor - self.most_minor)

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.payments} at once ({self.succeeded} succeeded, {self.killed} kills) and "
            f"{self.latecomers} latecomers were given {self.given_minor} of {self.most_minor} fen; "
            f"overspent {self.overspent_minor}, {self.leaked} reservations leaked, {len(self.faults)} faults"
        )


def scarcities() -> list[Scarcity]:
    """The last yuan of a budget, of a day's and of a person's cap, with a lesser offer behind; a first purchase."""
    whole = Budgets(total_minor=1_000_000)
    drawn = _LAST_YUAN_MINOR // _OFF_MINOR * _OFF_MINOR
    drawn += _LAST_YUAN_MINOR // _SMALLER_OFF_MINOR * _SMALLER_OFF_MINOR
    budget = Budgets(total_minor=_LAST_YUAN_MINOR)
    day = Budgets(total_minor=whole.total_minor, daily_minor=_LAST_YUAN_MINOR)
    cap = PersonCaps(amount_minor=_LAST_YUAN_MINOR)
    first = FirstPurchase(first_with="partner", gives=AmountOff(off_minor=_OFF_MINOR))
    return [
        Scarcity(name="the last yuan of a budget", deals=_pair(budgets=budget), most_minor=drawn),
        Scarcity(name="the last yuan of a day", deals=_pair(budgets=day), most_minor=drawn),
        Scarcity(
            name="the last yuan of a person's cap",
            deals=_pair(budgets=whole, person_caps=cap),
            most_minor=drawn,
            one_person=True,
        ),
        Scarcity(
            name="a first purchase",
            deals=[a_deal(name="first", terms=first, budgets=whole)],
            most_minor=_OFF_MINOR,
            one_person=True,
            may_be_lost=True,
        ),
    ]


def _pair(**bounds: Any) -> list[Deal]:
    """A discount and a smaller one behind it, each with bounds of its own; a payment gets one of them."""
    one_of = Stacking(group="storm")
    return [
        a_deal(name=f"{off} off", terms=AmountOff(off_minor=off), stacking=one_of, **bounds)
        for off in (_OFF_MINOR, _SMALLER_OFF_MINOR)
    ]


async def run(
    city: City, scarcity: Scarcity, *, payments: int, kills: Sequence[Program], within_s: float
) -> Storm:
    """Pay all at once, kill these in between, let everything end, let latecomers have the rest, compare."""
    shop = await city.town.supermarket()
    offers = await _agree(city.town, shop, scarcity.deals)
    payers = await _payers(city.town, payments, one_person=scarcity.one_person)
    codes = [await city.town.code(payer) for payer in payers]
    storm = Storm(name=scarcity.name, payments=payments, most_minor=scarcity.most_minor, killed=len(kills))
    answered = asyncio.Semaphore(0)
    killing = asyncio.create_task(_kill(kills, answered, every=max(1, payments // (len(kills) + 1))))
    paid = await asyncio.gather(*(_pay(shop, code, answered) for code in codes))
    await killing
    await until_final(city.town.pool, within_s=within_s)
    refused = [one.body for one in paid if one.status not in {201, 202}]
    storm.faults += [f"not taken: {body}" for body in refused]
    last = payers[-1] if scarcity.one_person else None
    storm.latecomers = await _latecomers(city.town, shop, like=last, within_s=within_s)
    await _compare(city, shop, offers, storm, scarcity)
    return storm


async def _agree(town: Town, shop: Supermarket, deals: Sequence[Deal]) -> list[str]:
    async with town.pool.acquire() as conn, conn.transaction():
        return [(await agreed(conn, shop.merchant.partner_id, deal)).id for deal in deals]


async def _payers(town: Town, number: int, *, one_person: bool) -> list[PayerFacts]:
    poor = [not one_person and place % _POOR_EVERY == 0 for place in range(number)]
    payers = [await town.payer(1 if one else 1_000_000) for one in poor]
    if not one_person:
        return payers
    return [replace(one, person_id=payers[0].person_id) for one in payers]


async def _pay(shop: Supermarket, code: str, answered: asyncio.Semaphore) -> Answered:
    """Insist until there is a word: under the same key and number it is the same payment, whoever was killed."""
    body = {
        "amount": cny(_AMOUNT_MINOR),
        "merchant_order_no": f"S-{uuid.uuid4().hex[:16]}",
        "code": code,
        "wait_s": 2,
    }
    key = uuid.uuid4().hex
    async with asyncio.timeout(_INSISTS_FOR_S):
        while True:
            try:
                answer = await shop.till.post("/v1/payments", body, key=key)
                if answer.status < 500:
                    answered.release()
                    return answer
            except _NO_ANSWER:
                pass
            await asyncio.sleep(0.1)


async def _kill(programs: Sequence[Program], answered: asyncio.Semaphore, *, every: int) -> None:
    """One after the other, each after so many more answers."""
    for program in programs:
        for _ in range(every):
            await answered.acquire()
        await program.restart()


async def _latecomers(town: Town, shop: Supermarket, *, like: PayerFacts | None, within_s: float) -> int:
    """Pay one by one until nothing is taken off; how many still got something."""
    for came in range(_LAST_YUAN_MINOR):
        payer = await town.payer(1_000_000)
        if like is not None:
            payer = replace(payer, person_id=like.person_id)
        paid = await _pay(shop, await town.code(payer), asyncio.Semaphore(0))
        await until_final(town.pool, within_s=within_s)
        if paid.body["discount"]["amount_minor"] == 0:
            return came
    return _LAST_YUAN_MINOR


_GIVEN: Final = """
    SELECT COALESCE(sum(discount_minor - returned_minor) FILTER (WHERE state = 'redeemed'), 0)::bigint AS given_minor,
           count(*) FILTER (WHERE state = 'reserved') AS leaked
      FROM merchants.offer_reservations WHERE partner_id = $1
"""
_COUNTED: Final = """
    SELECT offer_id, scope, key, taken_minor, uses FROM merchants.offer_counters WHERE partner_id = $1
    EXCEPT
    SELECT r.offer_id, took.scope, took.key,
           COALESCE(sum(r.discount_minor) FILTER (WHERE r.state = 'redeemed'), 0)::bigint,
           count(*) FILTER (WHERE r.state = 'redeemed')
      FROM merchants.offer_reservations r CROSS JOIN unnest(r.scopes, r.keys) AS took (scope, key)
     WHERE r.partner_id = $1 GROUP BY r.offer_id, took.scope, took.key
"""
_PAID: Final = """
    SELECT count(*) AS succeeded, COALESCE(sum(discount_minor), 0)::bigint AS discount_minor
      FROM gateway.payments WHERE partner_id = $1 AND state = 'succeeded'
"""


async def _compare(
    city: City, shop: Supermarket, offers: Sequence[str], storm: Storm, scarcity: Scarcity
) -> None:
    pool, partner_id = city.town.pool, shop.merchant.partner_id
    given = await pool.fetchrow(_GIVEN, partner_id)
    paid = await pool.fetchrow(_PAID, partner_id)
    assert given is not None and paid is not None, "sums are always there"  # noqa: PT018 - one reason
    storm.given_minor, storm.leaked, storm.succeeded = (
        given["given_minor"],
        given["leaked"],
        paid["succeeded"],
    )
    nobody_got_it = scarcity.may_be_lost and storm.given_minor == 0 and storm.killed > 0
    if storm.given_minor != storm.most_minor and not nobody_got_it:
        storm.faults.append(f"{storm.given_minor} given, {storm.most_minor} fitted")
    if storm.leaked:
        storm.faults.append(f"{storm.leaked} reservations of payments that have ended")
    storm.faults += [
        f"a counter says otherwise: {dict(row)}" for row in await pool.fetch(_COUNTED, partner_id)
    ]
    if paid["discount_minor"] != storm.given_minor:
        storm.faults.append(f"payments say {paid['discount_minor']}, reservations {storm.given_minor}")
    figures = [(await shop.office.get(f"/v1/offers/{one}/figures")).body for one in offers]
    account = f"funder:{partner_id}"
    booked = {one: minor for one, minor in (await offer_sums.booked(city)).items() if one[0] == account}
    said = {one: minor for one, minor in offer_sums.of_figures(figures).items() if one[0] == account}
    storm.faults += offer_sums.differences("figures and ledger", said, booked)
    storm.faults += (await reckon(pool, city.core_database_url)).faults
