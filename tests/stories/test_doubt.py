"""What is in doubt is in the operators' queue with its next action, its age and what was tried; a hint only wakes."""

import asyncio

from tests.town import Person, Supermarket, Town, a_town


async def _risk(town: Town) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset({"risk"}))


async def _in_doubt(town: Town, shop: Supermarket, *, seconds: float = 60.0) -> str:
    """A payment whose debit the core has never seen; its id."""
    payer = await town.payer(10_000, behaviour="late_arrival", seconds=seconds)
    asked = await shop.ask(700, code=await town.code(payer), wait_s=0)
    assert asked.body["state"] == "processing"
    return str(asked.body["id"])


async def test_the_queue_shows_next_action_age_and_attempts_oldest_first(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False) as town:
        shop, risk = await town.supermarket(), await _risk(town)
        ids = [await _in_doubt(town, shop) for _ in range(3)]
        await town.replica.parts.payments.running.finish(5.0)
        first = await risk.get("/admin/v1/transfers/in-doubt?limit=2")
        assert first.status == 200, first.body
        rest = await risk.get(f"/admin/v1/transfers/in-doubt?limit=2&cursor={first.body['next']}")
        items = [*first.body["items"], *rest.body["items"]]
        assert [one["owner_id"] for one in items] == ids
        assert rest.body["next"] is None
        oldest = items[0]
        assert (oldest["phase"], oldest["next_action"], oldest["attempts"]) == ("open", "query", 1)
        assert [(one["deed"], one["outcome"]) for one in oldest["latest"]] == [("send", "unknown")]
        assert oldest["moved"][0] == {"amount_minor": 700, "currency": "CNY"}
        assert oldest["age_s"] >= 0
        none = await risk.get("/admin/v1/transfers/in-doubt?older_than_s=900")
        assert none.body["items"] == []


async def test_the_oldest_transfer_in_doubt_is_a_metric_to_sound_an_alarm_by(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False) as town:
        shop = await town.supermarket()
        owner_id = await _in_doubt(town, shop)
        await town.pool.execute(
            "UPDATE gateway.transfers SET created_at = now() - interval '20 min' WHERE owner_id = $1",
            owner_id,
        )
        async with town.http.get(f"{town.operators}/metrics") as response:
            page = await response.text()
        [line] = [one for one in page.splitlines() if one.startswith("gateway_oldest_unresolved_transfer_s")]
        assert 1200 <= float(line.split()[1]) < 1300


async def test_a_hint_wakes_the_resolver_and_changes_nothing_itself(
    database_url: str, core_database_url: str
) -> None:
    # Nobody looks by themselves before an hour is over.
    async with a_town(database_url, core_database_url, QUERY_AFTER_S="3600", WORKER_POLL_S="60") as town:
        shop = await town.supermarket()
        payer = await town.payer(10_000, behaviour="reply_lost")
        asked = await shop.ask(700, code=await town.code(payer), wait_s=0)
        await town.replica.parts.payments.running.finish(5.0)
        state = await shop.till.get(f"/v1/payments/{asked.body['id']}")
        assert state.body["state"] == "processing"
        hint = {"transfer_id": f"{asked.body['id']}.1"}
        waiting = asyncio.create_task(shop.till.get(f"/v1/payments/{asked.body['id']}?wait_s=20"))
        hinted = await town.wallet.post("/wallet/v1/outcomes", hint)
        assert hinted.status == 202
        assert (await waiting).body["state"] == "succeeded"
        foreign = await town.person(kind="wallet", issuer="another-bank")
        refused = await foreign.post("/wallet/v1/outcomes", hint)
        assert (refused.status, refused.body["code"]) == (404, "transfer_not_found")
        again = await town.wallet.post("/wallet/v1/outcomes", hint)
        assert again.status == 202
        assert await town.balance(f"payer:{payer.id}") == 9_300
