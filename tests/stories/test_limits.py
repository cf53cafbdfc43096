"""Daily limits: exact whatever happens at once, and given back by whoever ends uncharged."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from gateway.payments import limits_sql
from gateway.payments.accepted import Accepted
from gateway.payments.limits import DailyLimits, Tier, tier_of
from gateway.payments.orders import Order
from gateway.payments.pay import accept
from merchants.ids import new_id
from merchants.money import Money
from merchants.payer import PayerFacts
from tests.town import PATIENT_DOUBT, Supermarket, Town, a_town, cny


@pytest.fixture
async def town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    """One where no amount asks for a confirmation."""
    async with a_town(database_url, core_database_url, STEP_UP_ABOVE="") as opened:
        yield opened


SOMEBODY = PayerFacts(id="w-1", person_id="p-1", issuer="demo-bank")


@pytest.mark.parametrize(
    ("code_kind", "factors", "certificate", "tier"),
    [
        ("store_code", 0, False, Tier.STATIC),
        ("store_code", 3, True, Tier.STATIC),
        ("a_kind_of_tomorrow", 3, True, Tier.STATIC),
        ("payment_code", 1, False, Tier.C),
        ("payment_code", 1, True, Tier.C),
        ("order_code", 2, False, Tier.B),
        ("offline_payment_code", 2, True, Tier.A),
    ],
)
def test_the_tier_is_the_code_kinds_and_then_the_verifications(
    code_kind: str, factors: int, *, certificate: bool, tier: Tier
) -> None:
    assert tier_of(code_kind, replace(SOMEBODY, factors=factors, certificate=certificate)) is tier


def test_a_tier_by_agreement_and_a_currency_without_limits_take_nothing() -> None:
    limits = DailyLimits.read("CNY=50000/100000/500000/-,JPY=1000000/-/-/-")
    known_for_sure = replace(SOMEBODY, factors=2, certificate=True)

    def allowance(payer: PayerFacts, currency: str, kind: str = "payment_code") -> int | None:
        taken = limits.allowance(
            code_kind=kind, payer=payer, amount=Money(700, currency), now=datetime.now(UTC)
        )
        return taken.limit_minor if taken else None

    assert allowance(SOMEBODY, "CNY") == 100_000
    assert allowance(known_for_sure, "CNY") is None
    assert allowance(known_for_sure, "CNY", "store_code") == 50_000
    assert allowance(SOMEBODY, "EUR") is None
    assert allowance(SOMEBODY, "JPY", "store_code") == 1_000_000


async def test_of_a_hundred_parallel_payments_of_10_against_500_exactly_fifty_are_paid(
    database_url: str, core_database_url: str
) -> None:
    patient = a_town(
        database_url,
        core_database_url,
        DAILY_LIMITS="CNY=50000/50000/50000/50000",
        **PATIENT_DOUBT,
    )
    async with patient as town:
        shop = await town.supermarket()
        payer = await town.payer(1_000_000)
        codes = [await town.code(payer) for _ in range(100)]
        answers = await asyncio.gather(*(shop.ask(1_000, code=code, wait_s=30) for code in codes))
        states = [one.body["state"] for one in answers]
        assert (states.count("succeeded"), states.count("declined")) == (50, 50)
        assert {one.body["reason"]["code"] for one in answers if one.body["state"] == "declined"} == {
            "payer_limit_exceeded"
        }
        assert await town.balance(f"payer:{payer.id}") == 1_000_000 - 50_000
        print("100 parallel payments of 10.00 against 500.00:", states.count("succeeded"), "paid")  # noqa: T201 - the figure


async def test_what_ends_uncharged_is_given_back_and_what_is_refunded_is_not(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(490_000)
    paid = await shop.ask(490_000, code=await town.code(payer))
    assert paid.body["state"] == "succeeded", paid.body
    too_much = await shop.ask(10_001, code=await town.code(payer), merchant_order_no="A-1")
    assert too_much.body["reason"]["code"] == "payer_limit_exceeded"
    poor = await shop.ask(10_000, code=await town.code(payer), merchant_order_no="A-1")
    assert poor.body["reason"]["code"] == "insufficient_funds"
    canceled = await shop.till.post(f"/v1/payments/{paid.body['id']}/cancel", {})
    assert canceled.body["state"] == "canceled"
    again = await shop.ask(490_000, code=await town.code(payer))
    assert again.body["state"] == "succeeded", again.body
    refund = {"merchant_refund_no": "R-1", "amount": cny(490_000)}
    refunded = await shop.office.post(f"/v1/payments/{again.body['id']}/refunds", refund)
    assert refunded.body["state"] == "succeeded"
    after = await shop.ask(10_001, code=await town.code(payer))
    assert after.body["reason"]["code"] == "payer_limit_exceeded"


async def test_a_payer_over_the_limit_cannot_confirm_an_order_and_another_can(town: Town) -> None:
    shop = await town.supermarket()
    shown = await shop.ask(500_001)
    payload, path = shown.body["next_action"]["qr_payload"], f"/wallet/v1/payments/{shown.body['id']}/confirm"
    limited, agreed = await town.payer(600_000), await town.payer(600_000)
    said = [{"id": one.id, "person_id": one.person_id} for one in (limited, agreed)]
    scans = [
        (await town.wallet.post("/wallet/v1/scans", {"code": payload, "payer": who})).body for who in said
    ]
    refused = await town.wallet.post(path, {"scan_id": scans[0]["id"], "payable": cny(500_001)})
    assert (refused.status, refused.body["code"]) == (409, "payer_limit_exceeded")
    paid = await town.wallet.post(
        path, {"scan_id": scans[1]["id"], "payable": cny(500_001), "factors": 2, "certificate": True}
    )
    assert (paid.status, paid.body["state"]) == (200, "succeeded"), paid.body


async def test_a_new_day_begins_at_midnight_in_shanghai(town: Town) -> None:
    shop = await town.supermarket()
    payer = await town.payer(2_000_000)
    # 16:00 UTC is midnight in Shanghai.
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    moments = [midnight - timedelta(hours=23), midnight - timedelta(microseconds=1), midnight]
    accepted = [await _accept(town, shop, payer, now=moment) for moment in moments]
    assert [one.payment.reason for one in accepted] == [None, "payer_limit_exceeded", None]


async def _accept(town: Town, shop: Supermarket, payer: PayerFacts, *, now: datetime) -> Accepted:
    """Accepted as if it were `now`, and sent to nobody."""
    order = Order(
        payment_id=new_id("pay", shop.merchant.partner_no), partner_id=shop.merchant.partner_id,
        client_id="cli_test", merchant_id=shop.merchant.id, store_id=None, terminal_id=None,
        merchant_order_no=f"N-{now.isoformat()}", amount=Money(300_000, "CNY"), code=await town.code(payer),
        description=None, expires_in_s=300,
    )  # fmt: skip
    async with town.pool.acquire() as conn, conn.transaction():
        return await accept(town.replica.parts.payments, conn, order, now=now)


async def test_days_long_over_are_swept_and_today_is_kept(pool: asyncpg.Pool) -> None:
    await pool.execute(
        """INSERT INTO gateway.payer_days (issuer, payer_id, day, tier, currency, taken_minor)
           VALUES ('b', 'w', current_date - 40, 'tier_c', 'CNY', 1), ('b', 'w', current_date, 'tier_c', 'CNY', 1)"""
    )
    await pool.execute(
        """INSERT INTO gateway.till_refund_days (partner_id, terminal_id, day, currency, taken_minor)
           VALUES ('m', 't', current_date - 40, 'CNY', 1), ('m', 't', current_date, 'CNY', 1)"""
    )
    async with pool.acquire() as conn:
        assert [await limits_sql.sweep(conn, limit=10) for _ in range(2)] == [2, 0]
