"""Payments, from the till's side and the payer's, against a real core."""

import asyncio

import pytest

from tests.town import Town, cny


async def test_a_till_scans_a_code_and_is_paid(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000)
    paid = await shop.ask(12_800, code=await town.code(payer))
    assert (paid.status, paid.body["state"]) == (201, "succeeded"), paid.body
    assert paid.body["paid"] == cny(12_800)
    assert await town.balance(f"payer:{payer.id}") == 20_000 - 12_800
    fee = paid.body["fee"]["amount_minor"]
    assert await town.balance(f"merchant:{shop.merchant.id}") == 12_800 - fee


async def test_a_decline_is_told_with_its_reason_and_the_order_may_be_paid_by_somebody_else(
    town: Town,
) -> None:
    shop = await town.supermarket()
    poor, rich = await town.payer(100), await town.payer(20_000)
    declined = await shop.ask(5_000, code=await town.code(poor), merchant_order_no="A-1")
    assert declined.body["state"] == "declined"
    assert declined.body["reason"]["code"] == "insufficient_funds"
    paid = await shop.ask(5_000, code=await town.code(rich), merchant_order_no="A-1")
    assert paid.body["state"] == "succeeded"
    again = await shop.ask(5_000, code=await town.code(rich), merchant_order_no="A-1")
    assert (again.status, again.body["code"]) == (409, "order_paid")


async def test_fifty_copies_of_one_request_are_one_debit_and_fifty_same_answers(crowded_town: Town) -> None:
    town = crowded_town
    shop = await town.supermarket()
    payer = await town.payer(20_000)
    body = {"amount": cny(700), "merchant_order_no": "A-1", "code": await town.code(payer)}
    answers = await asyncio.gather(*(shop.till.post("/v1/payments", body, key="one") for _ in range(50)))
    assert {one.status for one in answers} == {201}
    assert len({one.body["id"] for one in answers}) == 1
    assert sum("Idempotency-Replayed" in one.headers for one in answers) == 49
    assert await town.balance(f"payer:{payer.id}") == 20_000 - 700


async def test_a_hundred_tills_scan_one_code_and_one_is_paid(crowded_town: Town) -> None:
    town = crowded_town
    shop = await town.supermarket()
    payer = await town.payer(1_000_000)
    code = await town.code(payer)
    answers = await asyncio.gather(*(shop.ask(100, code=code) for _ in range(100)))
    assert sorted(one.status for one in answers) == [201] + [409] * 99
    assert {one.body["code"] for one in answers if one.status == 409} == {"code_used"}
    assert await town.balance(f"payer:{payer.id}") == 1_000_000 - 100


@pytest.mark.parametrize("behaviour", ["reply_lost", "error_500", "error_404", "html"])
async def test_a_core_that_debits_and_then_misbehaves_is_asked_until_the_truth_is_known(
    town: Town, behaviour: str
) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour=behaviour)
    paid = await shop.ask(5_000, code=await town.code(payer))
    assert paid.body["state"] == "succeeded", paid.body
    assert await town.balance(f"payer:{payer.id}") == 15_000


async def test_a_core_that_stays_silent_has_its_payment_reversed_and_a_late_debit_refused(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour="late_arrival", seconds=2.0)
    asked = await shop.ask(5_000, code=await town.code(payer), wait_s=0)
    assert (asked.status, asked.body["state"]) == (202, "processing")
    ended = await shop.till.get(f"/v1/payments/{asked.body['id']}?wait_s=20")
    assert ended.body["state"] == "reversed", ended.body
    assert await town.balance(f"payer:{payer.id}") == 20_000


async def test_late_success_is_waited_for(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(20_000, behaviour="late_success", seconds=0.7)
    asked = await shop.ask(5_000, code=await town.code(payer))
    assert asked.body["state"] == "succeeded"


async def test_a_shop_shows_its_code_and_the_first_to_confirm_pays(crowded_town: Town) -> None:
    town = crowded_town
    shop = await town.supermarket()
    shown = await shop.ask(3_000, description="tea")
    assert (shown.status, shown.body["state"]) == (201, "requires_payer")
    payload = shown.body["next_action"]["qr_payload"]
    payers = [await town.payer(10_000) for _ in range(20)]
    scans = []
    for payer in payers:
        who = {"id": payer.id, "person_id": payer.person_id}
        scanned = await town.wallet.post("/wallet/v1/scans", {"code": payload, "payer": who})
        assert scanned.status == 200, scanned.body
        assert scanned.body["payable"] == cny(3_000)
        scans.append(scanned.body)
    answers = await asyncio.gather(
        *(
            town.wallet.post(
                f"/wallet/v1/payments/{scan['payment_id']}/confirm",
                {"scan_id": scan["id"], "payable": scan["payable"], "quote": scan["quote"]},
            )
            for scan in scans
        )
    )
    assert sorted(one.status for one in answers) == [200] + [409] * 19, [one.body for one in answers]
    left = [await town.balance(f"payer:{payer.id}") for payer in payers]
    assert sorted(left) == [7_000] + [10_000] * 19
    paid = await shop.till.get(f"/v1/payments/{shown.body['id']}")
    assert paid.body["state"] == "succeeded"


async def test_a_payer_who_declines_closes_only_their_own_view(town: Town) -> None:
    shop = await town.supermarket()
    shown = await shop.ask(3_000)
    payload = shown.body["next_action"]["qr_payload"]
    first, second = await town.payer(10_000), await town.payer(10_000)
    scans = [
        (
            await town.wallet.post(
                "/wallet/v1/scans", {"code": payload, "payer": {"id": one.id, "person_id": one.person_id}}
            )
        ).body
        for one in (first, second)
    ]
    path = f"/wallet/v1/payments/{shown.body['id']}"
    declined = await town.wallet.post(f"{path}/decline", {"scan_id": scans[0]["id"]})
    assert declined.status == 204, declined.body
    late = await town.wallet.post(f"{path}/confirm", {"scan_id": scans[0]["id"], "payable": cny(3_000)})
    assert (late.status, late.body["code"]) == (404, "scan_not_found")
    paid = await town.wallet.post(f"{path}/confirm", {"scan_id": scans[1]["id"], "payable": cny(3_000)})
    assert (paid.status, paid.body["state"]) == (200, "succeeded")


async def test_a_core_that_wants_the_payers_word_gets_it_from_the_wallet(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000, behaviour="confirmation_required")
    asked = await shop.ask(3_000, code=await town.code(payer), wait_s=0)
    path = f"/wallet/v1/payments/{asked.body['id']}"
    seen = await town.wallet.get(f"{path}?wait_s=5")
    while seen.body["state"] == "processing":
        seen = await town.wallet.get(f"{path}?wait_s=5")
    assert seen.body["state"] == "requires_confirmation"
    wrong = await town.wallet.post(f"{path}/confirm", {"payable": cny(2_999)})
    assert (wrong.status, wrong.body["code"]) == (409, "amount_changed")
    paid = await town.wallet.post(f"{path}/confirm", {"payable": cny(3_000)})
    assert (paid.status, paid.body["state"]) == (200, "succeeded"), paid.body
    assert await town.balance(f"payer:{payer.id}") == 7_000


async def test_cancel_ends_uncharged_at_each_moment(town: Town) -> None:
    shop = await town.supermarket()
    unpaid = await shop.ask(3_000)
    canceled = await shop.till.post(f"/v1/payments/{unpaid.body['id']}/cancel", {})
    assert (canceled.status, canceled.body["state"]) == (200, "canceled")

    slow = await town.payer(10_000, behaviour="slow", seconds=0.4)
    asked = await shop.ask(3_000, code=await town.code(slow), wait_s=0)
    canceled = await shop.till.post(f"/v1/payments/{asked.body['id']}/cancel", {})
    assert (canceled.status, canceled.body["state"]) == (200, "canceled"), canceled.body

    payer = await town.payer(10_000)
    paid = await shop.ask(3_000, code=await town.code(payer))
    canceled = await shop.till.post(f"/v1/payments/{paid.body['id']}/cancel", {})
    assert (canceled.status, canceled.body["state"]) == (200, "canceled"), canceled.body
    assert [await town.balance(f"payer:{one.id}") for one in (slow, payer)] == [10_000, 10_000]


async def test_an_unknown_order_that_was_canceled_cannot_be_paid_any_more(town: Town) -> None:
    shop = await town.supermarket()
    closed = await shop.till.post("/v1/payments/cancel", {"merchant_order_no": "A-9"})
    assert (closed.status, closed.body["state"]) == (200, "canceled")
    payer = await town.payer(10_000)
    late = await shop.ask(3_000, code=await town.code(payer), merchant_order_no="A-9")
    assert (late.status, late.body["code"]) == (409, "order_canceled")
    assert await town.balance(f"payer:{payer.id}") == 10_000


async def test_a_cancel_that_the_core_refuses_ends_with_everything_refunded(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000, behaviour="reversal_refused")
    paid = await shop.ask(3_000, code=await town.code(payer))
    canceled = await shop.till.post(f"/v1/payments/{paid.body['id']}/cancel", {})
    assert canceled.body["state"] == "succeeded"
    assert canceled.body["reason"]["code"] == "reversal_refused"
    assert canceled.body["refunded"] == cny(3_000)
    refunds = await shop.office.get(f"/v1/payments/{paid.body['id']}/refunds")
    refund_id = refunds.body["items"][0]["id"]
    async with town.replica.parts.hub.waiting_for(refund_id) as told:
        while (await shop.office.get(f"/v1/payments/{paid.body['id']}/refunds")).body["items"][0][
            "state"
        ] == "processing":
            await asyncio.wait_for(told.wait(), 5)
    assert await town.balance(f"payer:{payer.id}") == 10_000


async def test_partial_refunds_sum_to_the_payment_and_not_a_fen_more(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    paid = await shop.ask(1_000, code=await town.code(payer))
    path = f"/v1/payments/{paid.body['id']}/refunds"
    first = await shop.office.post(path, {"merchant_refund_no": "R-1", "amount": cny(333)})
    assert (first.status, first.body["state"]) == (201, "succeeded"), first.body
    too_much = await shop.office.post(path, {"merchant_refund_no": "R-2", "amount": cny(668)})
    assert (too_much.status, too_much.body["code"]) == (422, "refund_above_remainder")
    assert too_much.body["remaining_minor"] == 667
    rest = await shop.office.post(path, {"merchant_refund_no": "R-2", "amount": cny(667)})
    assert rest.body["state"] == "succeeded"
    again = await shop.office.post(path, {"merchant_refund_no": "R-2", "amount": cny(667)})
    assert again.body["id"] == rest.body["id"]
    assert await town.balance(f"payer:{payer.id}") == 10_000
    assert await town.balance(f"merchant:{shop.merchant.id}") == 0


async def test_sixty_four_parallel_refunds_and_cancels_never_give_back_more_than_was_paid(
    crowded_town: Town,
) -> None:
    town = crowded_town
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    paid = await shop.ask(1_000, code=await town.code(payer))
    path = f"/v1/payments/{paid.body['id']}"
    answers = await asyncio.gather(
        *(
            shop.office.post(f"{path}/cancel", {})
            if n % 8 == 0
            else shop.office.post(f"{path}/refunds", {"merchant_refund_no": f"R-{n}", "amount": cny(100)})
            for n in range(64)
        )
    )
    assert all(one.status in {200, 201, 202, 409, 422} for one in answers), [one.body for one in answers]
    ended = await shop.till.get(f"{path}?wait_s=10")
    assert ended.body["state"] in {"canceled", "succeeded"}
    assert await town.balance(f"payer:{payer.id}") == 10_000


async def test_another_partners_payment_is_not_found(town: Town) -> None:
    ours, theirs = await town.supermarket(), await town.supermarket()
    payer = await town.payer(10_000)
    paid = await ours.ask(1_000, code=await town.code(payer))
    for person in (theirs.office, theirs.till):
        for call in (
            person.get(f"/v1/payments/{paid.body['id']}"),
            person.post(f"/v1/payments/{paid.body['id']}/cancel", {}),
        ):
            answer = await call
            assert (answer.status, answer.body["code"]) == (404, "payment_not_found")
