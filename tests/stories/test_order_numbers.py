"""Numbers that merchants give: one order is paid once, and a key stands for one request."""

import asyncio

from tests.town import Town, cny


async def test_one_key_on_two_payments_refunds_is_refused_and_never_the_others_refund(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    first, second = [(await shop.ask(1_000, code=await town.code(payer))).body for _ in range(2)]
    wish = {"merchant_refund_no": "R-1", "amount": cny(400)}
    given = await shop.office.post(f"/v1/payments/{first['id']}/refunds", wish, key="one")
    assert (given.status, given.body["payment_id"]) == (201, first["id"])
    other = await shop.office.post(f"/v1/payments/{second['id']}/refunds", wish, key="one")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    again = await shop.office.post(f"/v1/payments/{first['id']}/refunds", wish, key="one")
    assert again.body["id"] == given.body["id"]
    assert (await shop.office.get(f"/v1/payments/{second['id']}/refunds")).body["items"] == []


async def test_who_comes_second_is_told_which_payment_stands_or_pays_once_it_failed(
    crowded_town: Town,
) -> None:
    town = crowded_town
    shop = await town.supermarket()
    codes = [await town.code(await town.payer(10)) for _ in range(40)]
    answers = await asyncio.gather(*(shop.ask(500, code=code, merchant_order_no="A-1") for code in codes))
    assert {one.status for one in answers} <= {201, 409}
    for one in answers:
        if one.status == 409:
            assert one.body["code"] == "order_exists"
            assert one.body["payment_id"] is not None
        else:
            assert one.body["state"] == "declined"
    rich = await town.payer(1_000)
    paid = await shop.ask(500, code=await town.code(rich), merchant_order_no="A-1")
    assert paid.body["state"] == "succeeded"


async def test_a_cancel_and_a_payment_of_one_number_at_once_end_uncharged_or_refused(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    for number in range(5):
        order = {"merchant_order_no": f"A-{number}"}
        await asyncio.gather(
            shop.ask(1_000, code=await town.code(payer), **order),
            shop.till.post("/v1/payments/cancel", order),
        )
        ended = (await shop.office.get(f"/v1/payments?merchant_order_no=A-{number}")).body["items"]
        assert {one["state"] for one in ended} <= {"canceled", "reversing"}, ended
    assert await town.balance(f"payer:{payer.id}") == 10_000


async def test_a_used_code_on_an_order_that_is_paid_is_told_of_the_order(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    code = await town.code(payer)
    asked = {"code": code, "merchant_order_no": "A-1"}
    [paid] = [
        one for one in await asyncio.gather(*(shop.ask(500, **asked) for _ in range(8))) if one.status == 201
    ]
    again = await shop.ask(500, **asked)
    assert (again.status, again.body["code"]) == (409, "order_paid")
    assert again.body["payment_id"] == paid.body["id"]
    other = await shop.ask(500, code=code)
    assert (other.status, other.body["code"]) == (409, "code_used"), "another order may not know of it"
    assert await town.balance(f"payer:{payer.id}") == 9_500


async def test_a_used_code_is_told_as_used_where_its_order_failed(town: Town) -> None:
    shop = await town.supermarket()
    code = await town.code(await town.payer(10))
    declined = await shop.ask(500, code=code, merchant_order_no="A-1")
    assert declined.body["state"] == "declined"
    again = await shop.ask(500, code=code, merchant_order_no="A-1")
    assert (again.status, again.body["code"]) == (409, "code_used")
