"""A payment is made in the currency of its merchant, and only where the payer's wallet holds it."""

import pytest

from merchants.money import Money, format_amount
from tests.town import Town


async def test_a_wallet_that_holds_another_currency_declines_and_the_order_stays_payable(town: Town) -> None:
    shop = await town.supermarket()
    abroad = await town.payer(1_000_000, currency="JPY")
    declined = await shop.ask(1_000, code=await town.code(abroad), merchant_order_no="A-1")
    assert (declined.body["state"], declined.body["reason"]["code"]) == ("declined", "currency_not_supported")
    assert await town.balance(f"payer:{abroad.id}") == 1_000_000
    paid = await shop.ask(1_000, code=await town.code(await town.payer(1_000)), merchant_order_no="A-1")
    assert paid.body["state"] == "succeeded"


@pytest.mark.parametrize(("currency", "printed"), [("JPY", "1280"), ("KWD", "1.280")])
async def test_a_merchant_is_paid_in_its_own_currency_with_its_digits(
    town: Town, currency: str, printed: str
) -> None:
    shop = await town.supermarket()
    amount = {"amount_minor": 1_280, "currency": currency}
    refused = await shop.till.post("/v1/payments", {"amount": amount, "merchant_order_no": "A-1"})
    assert (refused.status, refused.body["code"]) == (422, "currency_not_taken")
    await town.pool.execute(
        "UPDATE merchants.merchants SET currency = $2 WHERE id = $1", shop.merchant.id, currency
    )
    payer = await town.payer(2_000, currency=currency)
    body = {"amount": amount, "merchant_order_no": "A-1", "code": await town.code(payer)}
    paid = await shop.till.post("/v1/payments", body)
    assert (paid.body["state"], paid.body["paid"]) == ("succeeded", amount)
    assert (paid.body["receipt"]["paid"], paid.body["receipt"]["currency"]) == (printed, currency)
    back = {**amount, "amount_minor": 1}
    refund = await shop.office.post(
        f"/v1/payments/{paid.body['id']}/refunds", {"merchant_refund_no": "R-1", "amount": back}
    )
    assert refund.body["shares"]["to_payer"] == back, refund.body


def test_amounts_are_printed_with_the_currencys_own_digits() -> None:
    printed = [format_amount(Money(1_280, one)) for one in ("CNY", "JPY", "KWD")]
    assert printed == ["12.80", "1280", "1.280"]
