"""A day's sales under offers of every kind, refunds among them: the same sums at the consumer, here and at the core.

What partners were told by `discount.*`, what the offers' figures say and what the core booked come from three places;
they have to agree to the fen, account by account, in money and in points.
"""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from merchants.offers import life
from merchants.offers.funding import Funding, Share
from merchants.offers.offer import Deal, Stacking
from merchants.offers.terms import (
    AmountOff,
    Cashback,
    Coupon,
    FeeWaiver,
    FirstPurchase,
    PercentOff,
    Points,
    Programme,
)
from merchants.payer import PayerFacts
from tests.builders import a_deal
from tests.campaigns import BANKER, NOW, agreed, proposed
from tests.processes import City
from tests.prove.shoppers import until_final
from tests.receivers import Receiver, receiving
from tests.town import Supermarket, Town, cny

# Account and unit.
Holding = tuple[str, str]

_TILLS: Final = 12
_LEDGER: Final = """
    SELECT account, unit, -sum(amount_minor)::bigint AS given FROM ledger.entries
     WHERE (account LIKE 'funder:%' OR account = 'bank:offers') AND transfer_id NOT LIKE 'house:%'
     GROUP BY account, unit
"""
_UNDELIVERED: Final = """
    SELECT EXISTS (SELECT FROM webhooks.deliveries WHERE state IN ('pending', 'sending'))
"""


@dataclass(slots=True, kw_only=True)
class Sums:
    """What came of it; `faults` has a line for everything that differs."""

    payments: int = 0
    refunds: int = 0
    cancels: int = 0
    events: int = 0
    given: Mapping[Holding, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        given = ", ".join(
            f"{minor} {unit.partition('.')[2] or unit}" for (_, unit), minor in self.given.items()
        )
        return (
            f"{self.payments} payments, {self.refunds} refunds, {self.cancels} cancels, {self.events} events; "
            f"given by account: {given}; {len(self.faults)} faults"
        )


async def run(city: City, *, payments: int, chance: random.Random, within_s: float) -> Sums:
    """Sell, refund, cancel; then add up at all three places."""
    town, sums = city.town, Sums(payments=payments)
    shop, brand = await town.supermarket(), await town.supermarket()
    offers = await _agree(town, shop, brand)
    async with AsyncExitStack() as stack:
        ours, theirs = [await _subscribed(stack, one) for one in (shop, brand)]
        payers = [await town.payer(100_000_000) for _ in range(max(4, payments // 8))]
        await _claim_coupons(town, offers["coupon"], payers)
        sold = await _sell(town, shop, payers, payments, chance)
        await until_final(town.pool, within_s=within_s)
        await _take_back(shop, sold, sums, chance)
        await until_final(town.pool, within_s=within_s)
        await _until_delivered(town.pool, within_s=within_s)
        figures = [(await shop.office.get(f"/v1/offers/{one}/figures")).body for one in offers.values()]
        sums.given = await booked(city)
        told, brands = _events(ours), _events(theirs)
        sums.events = len(told) + len(brands)
        sums.faults += differences("figures and ledger", of_figures(figures), sums.given)
        sums.faults += differences("events and ledger", _of_events(told), sums.given)
        brands_own = {
            one: minor for one, minor in sums.given.items() if one[0] == f"funder:{brand.merchant.id}"
        }
        sums.faults += differences(
            "the brand's events and ledger", _of_events(brands, of=brands_own), brands_own
        )
        sums.faults += _per_offer(figures, told)
    return sums


def _deals(brand_id: str) -> dict[str, Deal]:
    """One of every kind; the percentage is a brand's in part, and odd amounts leave odd fens everywhere."""
    third = Funding(
        shares=(
            Share(funder="bank", basis_points=3_333),
            Share(funder="partner", basis_points=3_333),
            Share(funder="other", basis_points=3_334, partner_id=brand_id),
        ),
        rounding="bank",
    )
    terms = {
        "amount": AmountOff(off_minor=101, min_spend_minor=2_000),
        "percent": PercentOff(off_basis_points=777, cap_minor=999),
        "cashback": Cashback(back_basis_points=313),
        "points": Points(programme=Programme(name="club"), points=3, per_minor=70, worth_minor=100),
        "first": FirstPurchase(first_with="partner", gives=AmountOff(off_minor=333)),
        "coupon": Coupon(gives=AmountOff(off_minor=257), handed_out="claimed", per_person=2),
        "fee": FeeWaiver(waived_basis_points=5_000),
    }
    by_bank = Funding(shares=(Share(funder="bank", basis_points=10_000),), rounding="bank")
    funding = {"percent": third, "fee": by_bank}
    stacking = {"amount": Stacking(group="off"), "first": Stacking(group="off")}
    return {
        name: a_deal(
            name=name,
            terms=one,
            funding=funding.get(name, a_deal().funding),
            stacking=stacking.get(name, Stacking()),
        )
        for name, one in terms.items()
    }


async def _agree(town: Town, shop: Supermarket, brand: Supermarket) -> dict[str, str]:
    offers = {}
    partner_id, brand_id = shop.merchant.partner_id, brand.merchant.partner_id
    async with town.pool.acquire() as conn, conn.transaction():
        for name, deal in _deals(brand_id).items():
            if not deal.funding.others:
                offers[name] = (await agreed(conn, partner_id, deal)).id
                continue
            asked = await proposed(conn, partner_id, deal)
            await life.fund(conn, funder_id=brand_id, offer_id=asked.id, hash_=asked.hash, actor="cli_brand")
            accepted = await life.accept(
                conn,
                partner_id=None,
                offer_id=asked.id,
                hash_=asked.hash,
                side="bank",
                actor=BANKER,
                now=NOW,
            )
            offers[name] = accepted.id
    return offers


async def _subscribed(stack: AsyncExitStack, shop: Supermarket) -> Receiver:
    receiver = await stack.enter_async_context(receiving())
    wish = {"url": receiver.url, "event_types": ["discount.*"]}
    made = await shop.office.post("/v1/webhook-endpoints", wish)
    assert made.status == 201, made.body
    return receiver


async def _claim_coupons(town: Town, offer_id: str, payers: Sequence[PayerFacts]) -> None:
    for payer in payers[::2]:
        claim = {"offer_id": offer_id, "payer": {"id": payer.id, "person_id": payer.person_id}}
        claimed = await town.wallet.post("/wallet/v1/coupons", claim)
        assert claimed.status == 201, claimed.body


async def _sell(
    town: Town, shop: Supermarket, payers: Sequence[PayerFacts], payments: int, chance: random.Random
) -> list[dict[str, Any]]:
    tills = asyncio.Semaphore(_TILLS)

    async def one(payer: PayerFacts, amount_minor: int) -> dict[str, Any]:
        async with tills:
            paid = await shop.ask(amount_minor, code=await town.code(payer), wait_s=10)
        assert paid.status in {201, 202}, paid.body
        body: dict[str, Any] = paid.body
        return body

    customers = [(chance.choice(payers), chance.randint(300, 20_000)) for _ in range(payments)]
    return list(await asyncio.gather(*(one(*customer) for customer in customers)))


async def _take_back(
    shop: Supermarket, sold: Sequence[Mapping[str, Any]], sums: Sums, chance: random.Random
) -> None:
    """A tenth is canceled; of the rest half comes back, in one to three parts, and of half of these all of it."""
    tills = asyncio.Semaphore(_TILLS)

    async def one(payment: Mapping[str, Any], plan: Sequence[int] | None) -> None:
        path = f"/v1/payments/{payment['id']}"
        async with tills:
            if plan is None:
                canceled = await shop.office.post(f"{path}/cancel", {})
                assert canceled.status in {200, 202}, canceled.body
                sums.cancels += 1
            for amount_minor in plan or ():
                wish = {"merchant_refund_no": uuid.uuid4().hex, "amount": cny(amount_minor)}
                refunded = await shop.office.post(f"{path}/refunds", wish)
                assert refunded.status in {201, 202}, refunded.body
                sums.refunds += 1

    await asyncio.gather(*(one(payment, _plan(payment["order"]["amount_minor"], chance)) for payment in sold))


def _plan(order_minor: int, chance: random.Random) -> list[int] | None:
    """The refunds of one payment; None to cancel it."""
    if chance.random() < 0.1:
        return None
    if chance.random() < 0.5:
        return []
    cuts = sorted(chance.sample(range(1, order_minor), chance.randint(0, 2)))
    parts = [end - start for start, end in zip([0, *cuts], [*cuts, order_minor], strict=True)]
    return parts if chance.random() < 0.5 else parts[:-1]


async def _until_delivered(pool: asyncpg.Pool, *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while await pool.fetchval(_UNDELIVERED):  # noqa: ASYNC110 - the last delivery is nobody's event
            await asyncio.sleep(0.05)


async def booked(city: City) -> dict[Holding, int]:
    """What each funder's account has given in all, what came back counted in; by the core's entries."""
    connection = await asyncpg.connect(city.core_database_url)
    try:
        rows = await connection.fetch(_LEDGER)
    finally:
        await connection.close()
    return {(row["account"], row["unit"]): row["given"] for row in rows if row["given"]}


def _events(receiver: Receiver) -> list[dict[str, Any]]:
    """Each once, however often it was delivered."""
    return list({one.event_id: one.json for one in receiver.arrived}.values())


def _latest(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of every discount that was redeemed, what was said of it last: what came back is told cumulatively."""
    latest: dict[tuple[str, str], Mapping[str, Any]] = {}
    for event in events:
        data = event["data"]
        if event["type"] not in {"discount.redeemed", "discount.clawed_back"}:
            continue
        key = data["payment_id"], data["offer_id"]
        known = latest.get(key)
        if known is None or known["clawed_back"]["amount_minor"] <= data["clawed_back"]["amount_minor"]:
            latest[key] = data
    return list(latest.values())


def _of_events(events: Iterable[Mapping[str, Any]], of: Iterable[Holding] | None = None) -> Counter[Holding]:
    given: Counter[Holding] = Counter()
    for data in _latest(events):
        if data["benefit"] != "fee_waiver":
            for share in data.get("shares", ()):
                unit = share["share"]["currency"]
                net = share["share"]["amount_minor"] - share["clawed_back"]["amount_minor"]
                given[share["account"], unit] += net
    return given if of is None else Counter({one: given[one] for one in of})


def of_figures(figures: Iterable[Mapping[str, Any]]) -> Counter[Holding]:
    """A waived fee is no leg: nobody pays it."""
    given: Counter[Holding] = Counter()
    for one in figures:
        if one["benefit"] != "fee_waiver":
            for funder in one["funders"]:
                net = funder["paid"]["amount_minor"] - funder["clawed_back"]["amount_minor"]
                given[funder["account"], funder["paid"]["currency"]] += net
    return given


def _per_offer(figures: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every offer's sums, and its budget: what was given and did not come back."""
    latest, faults = _latest(events), []
    for one in figures:
        mine = [data for data in latest if data["offer_id"] == one["offer_id"]]
        for name in ("discount", "clawed_back"):
            said = sum(data[name]["amount_minor"] for data in mine)
            if said != one[name]["amount_minor"]:
                faults.append(f"{one['offer_id']}: {name} {one[name]['amount_minor']}, events say {said}")
        net = one["discount"]["amount_minor"] - one["clawed_back"]["amount_minor"]
        if one["budget_left"]["amount_minor"] != a_deal().budgets.total_minor - net:
            faults.append(f"{one['offer_id']}: {net} given, budget left {one['budget_left']['amount_minor']}")
        if one["payments"] != len(mine):
            faults.append(f"{one['offer_id']}: {one['payments']} payments, events say {len(mine)}")
        if not mine:
            faults.append(f"{one['offer_id']}: gave nothing, so it proves nothing")
    return faults


def differences(what: str, said: Mapping[Holding, int], booked: Mapping[Holding, int]) -> list[str]:
    return [
        f"{what}: {one} is {said.get(one, 0)} and {booked.get(one, 0)}"
        for one in sorted({*said, *booked})
        if said.get(one, 0) != booked.get(one, 0)
    ]
