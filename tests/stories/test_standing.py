"""After the approval: changes of what is on record, suspension and closing, search, unmasking, retention."""

import asyncio
from typing import Any

import msgspec
import pytest

from merchants.ids import new_id
from merchants.merchant import Kind
from merchants.offers.funding import Share
from merchants.onboarding import bulk, retention
from tests.bank import a_picture
from tests.builders import a_deal
from tests.campaigns import agreed, proposed
from tests.onboarded import SEALING, a_company, an_active_merchant, submitted
from tests.town import Person, Supermarket, Town, cny

_PATIENCE_S = 20.0


async def an_operator(town: Town, *roles: str) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset(roles))


def another_account() -> dict[str, Any]:
    settlement: dict[str, Any] = msgspec.to_builtins(a_company().settlement)
    return {"settlement": {**settlement, "account_number": "7559012345679999"}}


async def test_a_new_account_is_live_once_two_people_agreed_and_not_before(town: Town) -> None:
    shop = await town.supermarket()
    path = f"/v1/merchants/{shop.merchant.id}"
    asked = await shop.office.post(f"{path}/changes", another_account(), key="once")
    assert (asked.status, asked.body["sections"]) == (201, ["settlement"]), asked.body
    assert asked.body["wanted"]["settlement"]["account_number"] == "****9999"
    again = await shop.office.post(f"{path}/changes", another_account(), key="once")
    assert again.body == asked.body
    second = await shop.office.post(f"{path}/changes", {"city": "Guangzhou"})
    assert (second.status, second.body["code"]) == (409, "change_underway")
    case = f"/admin/v1/changes/{asked.body['id']}"
    both = await an_operator(town, "reviewer", "approver")
    assert (await both.post(f"{case}/take", None)).status == 200
    refused = await both.post(f"{case}/approve", {"reason": "seen"})
    assert (refused.status, refused.body["code"]) == (403, "same_person")
    assert (await shop.office.get(path)).body["settlement_account"] == "****0001"
    approver = await an_operator(town, "approver")
    assert (await approver.post(f"{case}/approve", {"reason": "seen"})).status == 200
    assert (await shop.office.get(path)).body["settlement_account"] == "****9999"
    told = await town.pool.fetchval(
        "SELECT type FROM webhooks.events WHERE object_id = $1 ORDER BY sequence DESC LIMIT 1",
        shop.merchant.id,
    )
    assert told == "merchant.changed"


async def test_two_approvers_at_once_change_once_and_an_old_request_is_refused(town: Town) -> None:
    shop = await town.supermarket()
    path = f"/v1/merchants/{shop.merchant.id}/changes"
    asked = (await shop.office.post(path, {"city": "Guangzhou"})).body
    case = f"/admin/v1/changes/{asked['id']}"
    await (await an_operator(town, "reviewer")).post(f"{case}/take", None)
    approvers = [await an_operator(town, "approver") for _ in range(3)]
    said = await asyncio.gather(*(one.post(f"{case}/approve", {"reason": "seen"}) for one in approvers))
    assert sorted(one.status for one in said) == [200, 409, 409]
    for wish, code in (
        ({"city": "Guangzhou"}, "nothing_to_change"),
        ({}, "nothing_to_change"),
        ({"mcc": "6011"}, "application_faulty"),
        ({"licence": msgspec.to_builtins(a_company().licence)}, "nothing_to_change"),
    ):
        refused = await shop.office.post(path, wish)
        assert (refused.status, refused.body["code"]) == (422, code), wish
    rival = await town.supermarket()
    assert (await rival.office.post(path, {"city": "Beijing"})).status == 404
    assert (await rival.office.get(f"/v1/changes/{asked['id']}")).status == 404


async def open_orders(shop: Supermarket) -> str:
    shown = await shop.ask(1_000)
    assert shown.body["state"] == "requires_payer", shown.body
    return f"/v1/payments/{shown.body['id']}"


async def test_a_closed_shop_is_paid_no_more_its_open_orders_end_and_refunds_go_on(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer(10_000)
    paid = await shop.ask(1_000, code=await town.code(payer))
    held = await shop.ask(500, code=await town.code(payer), capture="manual")
    assert (paid.body["state"], held.body["state"]) == ("succeeded", "authorized")
    order = await open_orders(shop)
    approver = await an_operator(town, "approver")
    closing = f"/admin/v1/merchants/{shop.merchant.id}"
    closed = await approver.post(f"{closing}/close", {"reason": "gives notice"})
    assert (closed.status, closed.body["status"]) == (200, "closed")
    refused = await shop.ask(1_000, code=await town.code(payer))
    assert (refused.status, refused.body["code"]) == (409, "merchant_not_active")
    async with asyncio.timeout(_PATIENCE_S):
        for path in (order, f"/v1/payments/{held.body['id']}"):
            while (await shop.office.get(f"{path}?wait_s=1")).body["state"] not in {"canceled", "expired"}:
                pass
    wish = {"merchant_refund_no": "R-1", "amount": cny(1_000)}
    refund = await shop.office.post(f"/v1/payments/{paid.body['id']}/refunds", wish)
    assert refund.body["state"] == "succeeded", refund.body
    assert await town.balance(f"payer:{payer.id}") == 10_000
    again = await approver.post(f"{closing}/resume", {"reason": "again"})
    assert (again.status, again.body["code"]) == (409, "merchant_cannot_move")


async def test_closing_takes_stickers_back_and_ends_what_a_partner_offers_or_pays_for(town: Town) -> None:
    shop, mall = await town.supermarket(), await town.supermarket()
    brand = msgspec.structs.replace(
        a_deal().funding,
        shares=(
            Share(funder="partner", basis_points=5_000),
            Share(funder="other", basis_points=5_000, partner_id=shop.merchant.id),
        ),
        rounding="partner",
    )
    async with town.pool.acquire() as conn, conn.transaction():
        own = await agreed(conn, shop.merchant.id, a_deal())
        shared = await proposed(conn, mall.merchant.id, msgspec.structs.replace(a_deal(), funding=brand))
        others = await agreed(conn, mall.merchant.id, a_deal())
    sticker = (await shop.office.post("/v1/qr-codes", {"terminal_id": shop.place.terminal.id})).body
    approver = await an_operator(town, "approver")
    path = f"/admin/v1/merchants/{shop.merchant.id}"
    assert (await approver.post(f"{path}/suspend", {"reason": "complaints"})).status == 200
    await town.pool.execute("UPDATE merchants.wind_downs SET due_at = now()")
    assert (await shop.office.get(f"/v1/offers/{own.offer.id}")).body["state"] == "live"
    assert (await approver.post(f"{path}/close", {"reason": "gives notice"})).status == 200
    async with asyncio.timeout(_PATIENCE_S):
        for asker, offer_id in ((shop.office, own.offer.id), (mall.office, shared.offer.id)):
            while (await asker.get(f"/v1/offers/{offer_id}")).body["state"] != "ended":
                pass
        while (await shop.office.get(f"/v1/qr-codes/{sticker['id']}")).body["state"] != "revoked":
            pass
    assert (await mall.office.get(f"/v1/offers/{others.offer.id}")).body["state"] == "live"
    ended = await town.pool.fetch("SELECT object_id, actor FROM merchants.audit WHERE deed = 'offer.ended'")
    assert {(row["object_id"], row["actor"]) for row in ended} == {
        (own.offer.id, "system"),
        (shared.offer.id, "system"),
    }


async def test_orders_that_cannot_be_ended_keep_nobody_behind_them_waiting(town: Town) -> None:
    """As many as are looked at together, for whatever reason: here the database refuses to let go of them."""
    shop = await town.supermarket()
    stuck = [await open_orders(shop) for _ in range(50)]
    free = [await open_orders(shop) for _ in range(3)]
    ids = ", ".join(f"'{path.rpartition('/')[2]}'" for path in stuck)
    await town.pool.execute(
        f"""CREATE FUNCTION gateway.hold_on() RETURNS trigger LANGUAGE plpgsql AS
              $$BEGIN RAISE lock_not_available; END$$;
            CREATE TRIGGER held BEFORE UPDATE ON gateway.payments FOR EACH ROW WHEN (OLD.id IN ({ids}))
            EXECUTE FUNCTION gateway.hold_on()"""
    )
    try:
        approver = await an_operator(town, "approver")
        path = f"/admin/v1/merchants/{shop.merchant.id}/suspend"
        assert (await approver.post(path, {"reason": "complaints"})).status == 200
        async with asyncio.timeout(_PATIENCE_S):
            for order in free:
                while (await shop.office.get(f"{order}?wait_s=1")).body["state"] != "canceled":
                    pass
        assert (await shop.office.get(stuck[0])).body["state"] == "requires_payer"
    finally:
        await town.pool.execute("DROP FUNCTION gateway.hold_on CASCADE")
    await town.pool.execute("UPDATE merchants.wind_downs SET due_at = now()")
    async with asyncio.timeout(_PATIENCE_S):
        while (await shop.office.get(f"{stuck[0]}?wait_s=1")).body["state"] != "canceled":
            pass


async def test_a_merchant_that_cannot_be_wound_down_keeps_no_other_waiting(town: Town) -> None:
    broken, sound = await town.supermarket(), await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        offers = [await agreed(conn, one.merchant.id, a_deal()) for one in (broken, sound)]
    await town.pool.execute(
        "UPDATE merchants.offer_versions SET deal = '{}' WHERE offer_id = $1", offers[0].offer.id
    )
    approver = await an_operator(town, "approver")
    for one in (broken, sound):
        path = f"/admin/v1/merchants/{one.merchant.id}/close"
        assert (await approver.post(path, {"reason": "gives notice"})).status == 200
    async with asyncio.timeout(_PATIENCE_S):
        while (await sound.office.get(f"/v1/offers/{offers[1].offer.id}")).body["state"] != "ended":
            pass


async def test_a_change_is_not_approved_of_a_merchant_that_was_closed_meanwhile(town: Town) -> None:
    shop = await town.supermarket()
    asked = await shop.office.post(f"/v1/merchants/{shop.merchant.id}/changes", another_account())
    case = f"/admin/v1/changes/{asked.body['id']}"
    assert (await (await an_operator(town, "reviewer")).post(f"{case}/take", None)).status == 200
    approver = await an_operator(town, "approver")
    closing = await approver.post(f"/admin/v1/merchants/{shop.merchant.id}/close", {"reason": "notice"})
    assert closing.status == 200
    refused = await approver.post(f"{case}/approve", {"reason": "seen"})
    assert (refused.status, refused.body["code"]) == (409, "merchant_not_active")
    shown = await shop.office.get(f"/v1/merchants/{shop.merchant.id}")
    assert shown.body["settlement_account"] == "****0001"


async def test_another_trade_is_taken_with_its_permit_alone(town: Town) -> None:
    shop, reviewer = await town.supermarket(), await an_operator(town, "reviewer")
    asked = await shop.office.post(f"/v1/merchants/{shop.merchant.id}/changes", {"mcc": "5912"})
    assert (asked.status, asked.body["needs"]) == (201, ["qualification"]), asked.body
    case = f"/v1/changes/{asked.body['id']}"
    refused = await reviewer.post(f"/admin{case}/take", None)
    assert (refused.status, refused.body["code"]) == (409, "permit_not_shown")
    for page in (1, 2):
        shown = await shop.office.send(
            "PUT", f"{case}/documents/qualification?page={page}", a_picture(size=(40, 30 + page)), "image/png"
        )
        assert (shown.status, shown.body["page"]) == (200, page), shown.body
    assert len((await shop.office.get(f"{case}/documents")).body["items"]) == 2
    assert (await reviewer.post(f"/admin{case}/take", None)).status == 200
    approver = await an_operator(town, "approver")
    assert (await approver.post(f"/admin{case}/approve", {"reason": "permit seen"})).status == 200
    assert (await shop.office.get(f"/v1/merchants/{shop.merchant.id}")).body["mcc"] == "5912"


async def test_a_suspended_shop_keeps_what_is_held_and_trades_again(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer(10_000)
    held = await shop.ask(500, code=await town.code(payer), capture="manual")
    order = await open_orders(shop)
    approver = await an_operator(town, "approver")
    path = f"/admin/v1/merchants/{shop.merchant.id}"
    assert (await approver.post(f"{path}/suspend", {"reason": "complaints"})).status == 200
    async with asyncio.timeout(_PATIENCE_S):
        while (await shop.office.get(f"{order}?wait_s=1")).body["state"] != "canceled":
            pass
    assert (await shop.office.get(f"/v1/payments/{held.body['id']}")).body["state"] == "authorized"
    assert (await approver.post(f"{path}/resume", {"reason": "cleared"})).status == 200
    paid = await shop.ask(1_000, code=await town.code(payer))
    assert paid.body["state"] == "succeeded"


async def test_an_exact_value_is_found_and_seen_in_clear_with_a_row_on_the_trail_for_each(town: Town) -> None:
    async with town.pool.acquire() as conn, conn.transaction():
        application = await submitted(conn)
    reviewer, auditor = await an_operator(town, "reviewer"), await an_operator(town, "auditor")
    wish = {"field": "account_number", "text": "7559 0123 4567 0001"}
    found = await reviewer.post("/admin/v1/search", wish)
    assert application.id in found.body["ids"]
    near = await reviewer.post("/admin/v1/search", {**wish, "text": "755901234567000"})
    assert near.body["ids"] == []
    assert (await auditor.post("/admin/v1/search", wish)).status == 403
    path = f"/admin/v1/applications/{application.id}/unmask"
    clear = await reviewer.post(path, {"sections": ["settlement"], "reason": "letter"})
    assert clear.body["settlement"]["account_number"] == "7559012345670001"
    assert (clear.body["contact"], clear.body["owners"]) == (None, None)
    assert (await reviewer.post(path, {"sections": ["settlement"]})).status == 400
    trail = await town.pool.fetch("SELECT deed, reason FROM merchants.audit ORDER BY id DESC LIMIT 3")
    assert [row["deed"] for row in trail] == ["particulars.unmasked", "search.made", "search.made"]
    assert trail[0]["reason"] == "letter"


@pytest.mark.parametrize(
    "days", [retention.DAYS_AFTER_NO_ADMISSION - 1, retention.DAYS_AFTER_NO_ADMISSION + 1]
)
async def test_what_nobody_needs_is_erased_after_its_time_and_not_before(town: Town, days: int) -> None:
    async with town.pool.acquire() as conn, conn.transaction():
        application = await submitted(conn)
        await conn.execute(
            "UPDATE merchants.applications SET status = 'withdrawn' WHERE id = $1", application.id
        )
        await conn.execute(
            "UPDATE merchants.applications SET status_since = now() - $2 * interval '1 day' WHERE id = $1",
            application.id,
            days,
        )
        erased = await retention.run_once(conn, SEALING, limit=10)
        left = await conn.fetchval("SELECT count(*) FROM merchants.documents WHERE content IS NOT NULL")
        found = await conn.fetchval("SELECT count(*) FROM merchants.search_index")
    over = days > retention.DAYS_AFTER_NO_ADMISSION
    assert (erased, left > 0, found > 0) == (int(over), not over, not over)
    operator = await an_operator(town, "reviewer")
    shown = (await operator.get(f"/admin/v1/applications/{application.id}")).body["application"]
    assert (shown["contact"] is None, shown["status"]) == (over, "withdrawn")


async def test_papers_of_a_live_merchant_stay_until_the_law_lets_them_go(town: Town) -> None:
    """Its application's own copy goes after a year, with what its partner called the lines of old files."""
    shop = await town.supermarket()
    await town.pool.execute("UPDATE merchants.applications SET status_since = now() - interval '2 years'")
    bulk_id = await a_done_bulk(town)
    assert await kept(town, shop) == (True, True)
    async with town.pool.acquire() as conn, conn.transaction():
        assert await retention.run_once(conn, SEALING, limit=10) == 2
    assert await kept(town, shop) == (True, True)
    assert await town.pool.fetchval("SELECT reference FROM merchants.bulk_lines") == ""
    assert await town.pool.fetchval("SELECT erased_at FROM merchants.bulks WHERE id = $1", bulk_id)
    days = retention.DAYS_AFTER_CLOSING
    for passed, left in ((days - 1, True), (days + 1, False)):
        await town.pool.execute(
            """UPDATE merchants.merchants SET status = 'closed', updated_at = now() - $1 * interval '1 day'""",
            passed,
        )
        async with town.pool.acquire() as conn, conn.transaction():
            await retention.run_once(conn, SEALING, limit=10)
        assert await kept(town, shop) == (left, left)


async def kept(town: Town, shop: Supermarket) -> tuple[bool, bool]:
    """Whether papers and account of a merchant can still be read."""
    row = await town.pool.fetchrow(
        """SELECT EXISTS (SELECT FROM merchants.documents d
                           WHERE d.subject_id = m.application_id AND d.content IS NOT NULL) AS papers,
                  m.settlement_account IS NOT NULL AS account
             FROM merchants.merchants m WHERE m.id = $1""",
        shop.merchant.id,
    )
    assert row is not None
    return row["papers"], row["account"]


async def a_done_bulk(town: Town) -> str:
    """A file of years ago, with a line under its partner's own name for the shop."""
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        made = await bulk.receive(
            conn,
            SEALING,
            bulk_id=new_id("blk", mall.partner_no),
            partner=mall,
            format_="csv",
            lines=[(2, {"short_name": "x"})],
            actor="test",
        )
        await conn.execute(
            """INSERT INTO merchants.bulk_lines (partner_id, bulk_id, line, reference, faults)
               VALUES ($1, $2, 2, 'Ms Wang''s shop', '[{}]')""",
            mall.id,
            made.id,
        )
        await conn.execute(
            "UPDATE merchants.bulks SET state = 'done', updated_at = now() - interval '2 years'"
        )
    return made.id
