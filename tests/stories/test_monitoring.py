"""The bank's people see how it goes: every figure is one of what really happened."""

from collections import Counter
from typing import Any

from gateway.payments import monitoring
from merchants.offers.funding import Funding, Share
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.receivers import receiving
from tests.town import ISSUER, Person, Supermarket, Town, a_town

SHARED = Funding(
    shares=(Share(funder="bank", basis_points=6_000), Share(funder="partner", basis_points=4_000)),
    rounding="bank",
)


async def a_shop_with_an_offer(town: Town) -> Supermarket:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.merchant.partner_id, a_deal(funding=SHARED))
    return shop


async def some_trade(town: Town) -> Supermarket:
    """Two payments with a discount, one small one without, one that the core declines; webhooks arrive."""
    shop = await a_shop_with_an_offer(town)
    payer, poor = await town.payer(50_000), await town.payer(100)
    async with receiving() as receiver:
        assert (await shop.office.post("/v1/webhook-endpoints", {"url": receiver.url})).status == 201
        for amount_minor in (12_800, 12_800, 500):
            paid = await shop.ask(amount_minor, code=await town.code(payer))
            assert paid.body["state"] == "succeeded", paid.body
        refused = await shop.ask(900, code=await town.code(poor))
        assert refused.body["state"] == "declined", refused.body
        await receiver.wait_for(6)
        await _all_delivered(town)
    return shop


async def _all_delivered(town: Town) -> None:
    """The last answer is recorded a moment after it was given."""
    while await town.pool.fetchval("SELECT count(*) FROM webhooks.deliveries WHERE state <> 'delivered'"):
        pass


async def monitored(person: Person) -> Any:
    answered = await person.get("/admin/v1/monitoring")
    assert answered.status == 200, answered.body
    return answered.body


async def test_monitoring_shows_what_happened(town: Town) -> None:
    await some_trade(town)
    auditor = await town.person(kind="operator", operators=True, roles=frozenset({"auditor"}))
    seen = await monitored(auditor)
    assert len(seen["minutes"]) == monitoring.MINUTES
    figures: Counter[str] = Counter()
    for minute in seen["minutes"]:
        figures.update(
            {name: minute[name] for name in ("succeeded", "declined", "lapsed", "open", "delivered")}
        )
        figures.update({f"{one['issuer']} approved": one["approved"] for one in minute["cores"]})
        figures.update({f"{one['issuer']} declined": one["declined"] for one in minute["cores"]})
        figures.update({one["reason"]: one["payments"] for one in minute["declines"]})
        figures.update({one["offer_id"][:3]: one["discount"]["amount_minor"] for one in minute["discounts"]})
    reason = next(one["reason"] for minute in seen["minutes"] for one in minute["declines"])
    assert +figures == {
        "succeeded": 3, "declined": 1, "delivered": 6, reason: 1, "ofr": 4_000,
        f"{ISSUER} approved": 3, f"{ISSUER} declined": 1,
    }  # fmt: skip
    assert [one["title"] for one in seen["offers"]] == [a_deal().name]
    assert 0 < seen["p50_ms"] <= seen["p99_ms"] < 60_000
    assert (seen["in_doubt"], seen["endpoints_behind"]) == (0, 0)


async def test_what_is_in_doubt_is_seen_while_nobody_settles_it(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False) as town:
        shop = await town.supermarket()
        payer = await town.payer(10_000, behaviour="reply_lost")
        asked = await shop.ask(1_000, code=await town.code(payer), wait_s=1)
        assert asked.status == 202, asked.body
        seen = await monitored(await town.person(kind="operator", operators=True, roles=frozenset({"risk"})))
        assert (seen["in_doubt"], seen["minutes"][-1]["open"] + seen["minutes"][-2]["open"]) == (1, 1)
        assert sum(one["undecided"] for minute in seen["minutes"] for one in minute["cores"]) == 1


async def test_many_who_watch_at_once_are_told_of_one_reading(town: Town) -> None:
    monitor = monitoring.Monitor(town.pool)
    first = await monitor.look()
    assert await monitor.look() is first


async def test_the_trail_is_searched_by_object_actor_deed_and_time(town: Town) -> None:
    shop = await town.supermarket()
    risk = await town.person(kind="operator", operators=True, roles=frozenset({"risk"}))
    auditor = await town.person(kind="operator", operators=True, roles=frozenset({"auditor"}))
    merchant = f"/admin/v1/merchants/{shop.merchant.id}"
    assert (await risk.post(f"{merchant}/suspend", {"reason": "Complaints"})).status == 200
    assert (await risk.post(f"{merchant}/resume", {"reason": "Settled"})).status == 200

    async def found(**asked: str) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        answered = await auditor.get(f"/admin/v1/trail?{query}")
        assert answered.status == 200, answered.body
        return [one["deed"] for one in answered.body["items"]]

    both = await found(object_id=shop.merchant.id)
    resumed, suspended = both[0], both[1]
    deed = (await auditor.get(f"/admin/v1/trail?deed={suspended}")).body["items"][0]
    assert (await found(actor=deed["actor"]))[:2] == [resumed, suspended]
    assert await found(actor=deed["actor"], deed=suspended) == [suspended]
    later = (await auditor.get(f"/admin/v1/trail?deed={resumed}")).body["items"][0]["at"]
    assert await found(object_id=shop.merchant.id, **{"from": later}) == [resumed]
    assert resumed not in await found(object_id=shop.merchant.id, to=later)
    assert await found(deed=suspended, to="2020-01-01T00:00:00Z") == []


async def test_merchants_are_found_by_number_code_and_the_beginning_of_a_name(town: Town) -> None:
    shop = await town.supermarket()
    risk = await town.person(kind="operator", operators=True, roles=frozenset({"risk"}))

    async def found(text: str) -> list[str]:
        answered = await risk.get(f"/admin/v1/merchants?text={text}")
        assert answered.status == 200, answered.body
        return [one["id"] for one in answered.body["items"]]

    [everybody] = (await risk.get("/admin/v1/merchants")).body["items"]
    for text in (
        shop.merchant.id,
        everybody["merchant_number"],
        everybody["credit_code"],
        everybody["licence_name"][:3],
        everybody["short_name"],
    ):
        assert await found(text) == [shop.merchant.id], text
    assert await found(everybody["licence_name"][1:]) == []
    assert await found("%25") == []
