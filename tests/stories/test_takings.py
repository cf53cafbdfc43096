"""A shift's takings: lists with totals, numbers that are found again, and a receipt to print."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from gateway.payments.receipt import masked
from tests.town import Supermarket, Town, cny


def _at(moment: datetime) -> str:
    return quote(moment.isoformat())


async def _shift(town: Town, shop: Supermarket) -> list[dict[str, Any]]:
    """Two paid payments, one of them refunded in part, and one declined."""
    rich, poor = await town.payer(100_000), await town.payer(10)
    paid = [
        (await shop.ask(minor, code=await town.code(rich), merchant_order_no=f"S-{minor}")).body
        for minor in (1_000, 2_500)
    ]
    declined = (await shop.ask(700, code=await town.code(poor))).body
    assert [one["state"] for one in (*paid, declined)] == ["succeeded", "succeeded", "declined"]
    refund = {"merchant_refund_no": "S-2500-R", "amount": cny(500)}
    refunded = await shop.office.post(f"/v1/payments/{paid[1]['id']}/refunds", refund)
    assert refunded.body["state"] == "succeeded"
    return [*paid, declined]


async def test_the_totals_of_a_shift_are_those_of_its_window_and_filters(town: Town) -> None:
    shop, other = await town.supermarket(), await town.supermarket()
    began = datetime.now(UTC) - timedelta(minutes=1)
    paid = await _shift(town, shop)
    await _shift(town, other)
    window = f"from={_at(began)}&to={_at(began + timedelta(days=1))}"
    found = await shop.till.get(f"/v1/payments?{window}&limit=2")
    assert found.status == 200, found.body
    assert [one["id"] for one in found.body["items"]] == [paid[2]["id"], paid[1]["id"]]
    fee = sum(one["fee"]["amount_minor"] for one in paid[:2])
    assert found.body["totals"] == [
        {
            "count": 3,
            "succeeded": 2,
            "order": cny(3_500),
            "discount": cny(0),
            "paid": cny(3_500),
            "fee": cny(fee),
            "refunded": cny(500),
        }
    ]
    rest = await shop.till.get(f"/v1/payments?{window}&limit=2&cursor={found.body['next']}")
    assert [one["id"] for one in rest.body["items"]] == [paid[0]["id"]]
    assert rest.body["totals"] is None
    before = await shop.till.get(f"/v1/payments?from={_at(began - timedelta(days=1))}&to={_at(began)}")
    assert (before.body["items"], before.body["totals"]) == ([], [])
    by_state = await shop.office.get(f"/v1/payments?{window}&state=declined")
    assert (by_state.body["totals"][0]["count"], by_state.body["totals"][0]["paid"]) == (1, cny(0))
    for no_window in ("", f"?from={_at(began - timedelta(days=32))}"):
        assert (await shop.office.get(f"/v1/payments{no_window}")).body["totals"] is None


async def test_refunds_are_found_by_both_numbers_with_their_totals(town: Town) -> None:
    shop, other = await town.supermarket(), await town.supermarket()
    began = datetime.now(UTC) - timedelta(minutes=1)
    await _shift(town, shop)
    await _shift(town, other)
    for number in ("merchant_refund_no=S-2500-R", "merchant_order_no=S-2500"):
        found = await shop.till.get(f"/v1/refunds?{number}&from={_at(began)}")
        assert [one["merchant_refund_no"] for one in found.body["items"]] == ["S-2500-R"], found.body
        [totals] = found.body["totals"]
        assert (totals["count"], totals["order"], totals["to_payer"]) == (1, cny(500), cny(500))
    assert (await shop.till.get("/v1/refunds?merchant_order_no=S-1000")).body["items"] == []


async def test_a_receipt_has_what_a_till_prints_and_only_a_masked_account(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(100_000)
    paid = await shop.ask(12_805, code=await town.code(payer), merchant_order_no="A-1")
    receipt = paid.body["receipt"]
    assert receipt == {
        "merchant_name": shop.merchant.short_name,
        "merchant_number": shop.merchant.merchant_number,
        "store_name": shop.place.store.name,
        "terminal_label": shop.place.terminal.label,
        "payment_id": paid.body["id"],
        "merchant_order_no": "A-1",
        "currency": "CNY",
        "order": "128.05",
        "discount": "0.00",
        "paid": "128.05",
        "refunded": "0.00",
        "offers": [],
        "payer": f"***{payer.id[-4:]}",
        "paid_at": paid.body["created_at"],
    }
    assert payer.id not in str(paid.body)
    shown = await shop.ask(100)
    assert shown.body["receipt"] is None


async def test_a_receipt_tells_when_the_payer_confirmed_and_not_when_the_code_was_shown(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer(100_000)
    shown = await shop.ask(3_000)
    await town.pool.execute("UPDATE gateway.payments SET created_at = created_at - interval '9 minutes'")
    code = shown.body["next_action"]["qr_payload"]
    who = {"id": payer.id, "person_id": payer.person_id, "factors": 2}
    scanned = (await town.wallet.post("/wallet/v1/scans", {"code": code, "payer": who})).body
    wish = {"scan_id": scanned["id"], "payable": scanned["payable"], "quote": scanned["quote"]}
    path = f"/wallet/v1/payments/{shown.body['id']}/confirm"
    assert (await town.wallet.post(path, wish)).status == 200
    paid = (await shop.till.get(f"/v1/payments/{shown.body['id']}")).body
    moments = [datetime.fromisoformat(one) for one in (paid["created_at"], paid["receipt"]["paid_at"])]
    assert moments[1] - moments[0] > timedelta(minutes=8)


def test_a_short_account_hides_at_least_half_of_itself() -> None:
    assert [masked(one) for one in ("wallet-1001", "abcd", "x")] == ["***1001", "***cd", "***"]
