"""Each level has its own fee and limit: merchant, store, terminal; two operators settle each."""

from typing import Any

import pytest

from tests.town import Person, Supermarket, Town, cny


async def an_operator(town: Town, *roles: str) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset(roles))


async def settle(town: Town, place: str, terms: dict[str, Any]) -> None:
    """One proposes, another approves."""
    reviewer, approver = await an_operator(town, "reviewer"), await an_operator(town, "approver")
    asked = await reviewer.post(f"/admin/v1/{place}/terms", terms)
    assert (asked.status, asked.body["change"]["status"]) == (201, "under_review"), asked.body
    case = f"/admin/v1/changes/{asked.body['change']['id']}"
    alone = await reviewer.post(f"{case}/approve", {"reason": "I think so"})
    assert alone.status == 403
    approved = await approver.post(f"{case}/approve", {"reason": "as agreed"})
    assert approved.status == 200, approved.body


async def fee_of_a_payment(town: Town, shop: Supermarket, amount_minor: int = 10_000) -> int:
    paid = await shop.ask(amount_minor, code=await town.code(await town.payer()))
    assert paid.body["state"] == "succeeded", paid.body
    return int(paid.body["fee"]["amount_minor"])


async def test_the_nearest_fee_counts_and_the_smallest_limit(town: Town) -> None:
    shop = await town.supermarket()
    store, terminal = f"stores/{shop.place.store.id}", f"terminals/{shop.place.terminal.id}"
    assert await fee_of_a_payment(town, shop) == 38
    await settle(town, store, {"fee_basis_points": 100, "payment_limit": cny(20_000)})
    assert await fee_of_a_payment(town, shop) == 100
    await settle(town, terminal, {"fee_basis_points": 0, "payment_limit": cny(50_000)})
    assert await fee_of_a_payment(town, shop) == 0
    beyond = await shop.ask(20_001, code=await town.code(await town.payer()))
    assert beyond.status >= 400, beyond.body
    shown = (await shop.office.get(f"/v1/{store}")).body
    assert (shown["fee_basis_points"], shown["payment_limit"]) == (100, cny(20_000))
    await settle(town, terminal, {"fee_basis_points": None, "payment_limit": None})
    assert await fee_of_a_payment(town, shop) == 100
    events = await town.feed(shop.office)
    assert [one["type"] for one in events].count("merchant.changed") == 3


@pytest.mark.parametrize("kind", ["store", "terminal"])
async def test_a_place_that_is_not_there_or_would_not_change_is_told_so(town: Town, kind: str) -> None:
    shop, reviewer = await town.supermarket(), await an_operator(town, "reviewer")
    mine = getattr(shop.place, kind).id
    nobodys = f"{mine[:4]}{'0' * 32}"
    wish = {"fee_basis_points": 30, "payment_limit": None}
    gone = await reviewer.post(f"/admin/v1/{kind}s/{nobodys}/terms", wish)
    assert (gone.status, gone.body["code"]) == (404, f"{kind}_not_found")
    same = {"fee_basis_points": None, "payment_limit": None}
    refused = await reviewer.post(f"/admin/v1/{kind}s/{mine}/terms", same)
    assert (refused.status, refused.body["code"]) == (422, "nothing_to_change")
    assert (await reviewer.post(f"/admin/v1/{kind}s/{mine}/terms", wish)).status == 201
    second = await reviewer.post(f"/admin/v1/{kind}s/{mine}/terms", wish)
    assert (second.status, second.body["code"]) == (409, "change_underway")
    dollars = {**wish, "payment_limit": {"amount_minor": 5, "currency": "USD"}}
    foreign = await reviewer.post(f"/admin/v1/{kind}s/{mine}/terms", dollars)
    assert foreign.status == 422, foreign.body
