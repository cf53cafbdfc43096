"""The console's page of what a payment holds: shown before it is taken, taken once, let go only while it is held."""

from merchants.offers.offer import Budgets
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.town import Supermarket, Town
from tests.visiting import hidden
from tests.visitors import Visitor, a_visitor


async def held(town: Town, shop: Supermarket, amount_minor: int = 12_800) -> str:
    """The console's address of a payment whose amount is held."""
    code = await town.code(await town.payer(20_000))
    asked = await shop.ask(amount_minor, code=code, capture="manual")
    assert asked.body["state"] == "authorized", asked.body
    return f"/console/payments/{asked.body['id']}"


async def at_the_console(town: Town, shop: Supermarket) -> Visitor:
    visitor = await a_visitor(town, shop.merchant)
    assert (await visitor.sign_in()).status == 303
    return visitor


async def test_a_capture_says_who_pays_what_before_it_is_made_and_is_made_once(town: Town) -> None:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        deal = a_deal(budgets=Budgets(total_minor=1_000_000, daily_minor=1_000_000))
        await agreed(conn, shop.merchant.partner_id, deal)
    visitor = await at_the_console(town, shop)
    page = await held(town, shop)
    assert f"{page}/capture" in (await visitor.get(page)).text
    whole = (await visitor.get(f"{page}/capture")).text
    assert "Capture CN¥128.00" in whole
    part = (await visitor.get(f"{page}/capture?amount=96.00")).text
    # Three quarters of 108.00 and of 20.00; what is left of both goes back.
    for sum_ in ("CN¥81.00", "CN¥15.00", "CN¥96.00", "CN¥27.00", "CN¥5.00"):
        assert sum_ in part, sum_
    form = {**hidden(part, f"{page}/capture"), "amount": "96.00"}
    again = [await visitor.send(f"{page}/capture", form) for _ in range(2)]
    assert [(one.status, one.leads_to) for one in again] == [(303, page)] * 2
    paid = (await shop.office.get(f"/v1/payments/{page.rpartition('/')[2]}")).body
    assert [paid[one]["amount_minor"] for one in ("authorized", "order", "paid")] == [12_800, 9_600, 8_100]
    shown = (await visitor.get(page)).text
    assert "CN¥32.00" in shown.partition("Let go")[2][:80]
    over = await visitor.send(f"{page}/let-go", {**form, "key": "another"})
    assert over.status == 409, "what is captured is not undone by a page that was drawn before"
    assert "Nothing is held here" in over.text


async def test_an_amount_that_cannot_be_taken_is_said_beside_it_and_kept(town: Town) -> None:
    shop = await town.supermarket()
    visitor = await at_the_console(town, shop)
    page = f"{await held(town, shop)}/capture"
    for amount, status in (("128.01", 422), ("a lot", 400)):
        for answer in (
            await visitor.get(f"{page}?amount={amount}"),
            await visitor.press(page, page, amount=amount),
        ):
            assert answer.status == status, answer.text
            field = answer.text.partition('<input id="amount"')[2].partition(">")[0]
            assert f'value="{amount}"' in field
            assert 'aria-invalid="true"' in field


async def test_what_is_held_is_let_go_whole_and_by_its_own_merchant_alone(town: Town) -> None:
    shop, other = await town.supermarket(), await town.supermarket()
    visitor, stranger = await at_the_console(town, shop), await at_the_console(town, other)
    page = await held(town, shop)
    assert (await stranger.get(f"{page}/capture")).status == 404
    for deed, typed in (("capture", {"amount": "1.00"}), ("let-go", {})):
        assert (await stranger.press("/console/stores", f"{page}/{deed}", **typed)).status == 404
    gone = await visitor.press(f"{page}/capture", f"{page}/let-go")
    assert gone.leads_to == page
    payment = (await shop.office.get(f"/v1/payments/{page.rpartition('/')[2]}")).body
    assert payment["state"] in {"canceled", "reversed"}
    assert "Nothing is held here" in (await visitor.get(f"{page}/capture")).text


async def test_what_is_on_its_way_back_is_not_offered_to_be_taken(town: Town) -> None:
    shop = await town.supermarket()
    visitor = await at_the_console(town, shop)
    page = await held(town, shop)
    payment_id = page.rpartition("/")[2]
    await town.pool.execute(
        "UPDATE gateway.payments SET expires_at = NULL, reason = 'authorization_expired' WHERE id = $1",
        payment_id,
    )
    assert f"{page}/capture" not in (await visitor.get(page)).text
    assert "Nothing is held here" in (await visitor.get(f"{page}/capture")).text
    shown = await shop.office.post(f"/v1/payments/{payment_id}/capture/preview", {})
    assert (shown.status, shown.body["code"]) == (409, "not_capturable")
