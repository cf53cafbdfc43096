"""Shoppers, shops and clocks do what they like to checkout sessions, in any order and at once."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.checkout.session import State, ending_of
from gateway.payments.payment import REVERSAL_REFUSED, Payment, Terms
from gateway.payments.payment import State as PaymentState
from merchants.payer import PayerFacts
from tests.shopping import WebShop, a_web_shop, confirm, time_is_up, try_again
from tests.town import Town

DEEDS = ("pay", "pay", "pay poor", "retry", "retry", "shop ends", "cancel", "time")


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_a_session_is_completed_if_and_only_if_it_was_paid(
    crowded_town: Town, seed: int
) -> None:
    town, chance = crowded_town, random.Random(seed)
    shop, rich, poor = await a_web_shop(town), await town.payer(10**7), await town.payer(1)
    sessions = [await shop.opened(1_000) for _ in range(12)]
    for session in sessions:
        deeds = chance.choices(DEEDS, k=chance.randint(2, 6))
        for together in (deeds[:2], deeds[2:4], deeds[4:]):
            await asyncio.gather(*(_do(town, shop, session, one, (rich, poor)) for one in together))
    ended = Counter([await _judged(shop, session) for session in sessions])
    assert sum(ended.values()) == len(sessions)
    assert await town.balance(f"payer:{poor.id}") == 1
    books = await town.balance(f"payer:{rich.id}")
    assert books == 10**7 - 1_000 * ended["completed, succeeded"]


async def _do(
    town: Town, shop: WebShop, session: dict[str, Any], deed: str, payers: tuple[PayerFacts, PayerFacts]
) -> None:
    now = await shop.read(session)
    match deed:
        case "pay" | "pay poor":
            payload = (await shop.payment(now))["next_action"]["qr_payload"]
            if payload is not None:
                payer = payers[deed == "pay poor"]
                who = {"id": payer.id, "person_id": payer.person_id}
                seen = await town.wallet.post("/wallet/v1/scans", {"code": payload, "payer": who})
                if seen.status == 200:
                    await confirm(town, seen.body)
        case "retry":
            await try_again(town, session)
        case "shop ends":
            await shop.server.post(f"/v1/checkout-sessions/{session['id']}/expire", None)
        case "cancel":
            await shop.server.post(f"/v1/payments/{now['payment_id']}/cancel", {"wait_s": 5})
        case _:
            await time_is_up(town, session)


async def _judged(shop: WebShop, session: dict[str, Any]) -> str:
    """What a session came to; that what it says, its payment says, and its events, is asserted."""
    now = (
        await shop.ended(session)
        if (await shop.read(session))["state"] == "open"
        else await shop.read(session)
    )
    payment, told = await shop.payment(now), [one["type"] for one in await shop.events(session)]
    assert told == ([] if now["state"] == "open" else [f"checkout.{now['state']}"])
    # Given back later by a cancel, a completed session was paid all the same.
    paid = {"succeeded", "canceled", "reversed", "reversing"}
    assert now["state"] != "completed" or payment["state"] in paid
    assert payment["state"] != "succeeded" or now["state"] == "completed"
    return f"{now['state']}, {payment['state']}"


def test_every_state_of_a_payment_says_what_becomes_of_its_session() -> None:
    completing = {
        state
        for state in PaymentState
        if (ending := ending_of(_payment(state))) is not None and ending.to is State.COMPLETED
    }
    assert completing == {PaymentState.SUCCEEDED}
    refused = ending_of(_payment(PaymentState.SUCCEEDED, REVERSAL_REFUSED))
    assert refused is not None
    assert (refused.to, refused.reason) == (State.EXPIRED, "payment_undone")
    alive = {state for state in PaymentState if ending_of(_payment(state)) is None}
    assert alive == {
        PaymentState.REQUIRES_PAYER, PaymentState.REQUIRES_CONFIRMATION, PaymentState.PROCESSING,
        PaymentState.AUTHORIZED, PaymentState.CAPTURING, PaymentState.REVERSING,
    }  # fmt: skip


def _payment(state: PaymentState, reason: str | None = None) -> Payment:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    terms = Terms(merchant_name="m", partner_no=1, fee_basis_points=38, code_kind="order_code")
    return Payment(
        partner_id="mer_1", id="pay_1", merchant_id="mer_1", store_id=None, terminal_id=None, client_id="cli_1",
        merchant_order_no="W-1", direction="merchant_presented", state=state, reason=reason, sequence=1,
        cancel_accepted=False, currency="CNY", order_minor=1, discount_minor=0, fee_minor=0, issuer=None,
        payer_id=None, refunded_order_minor=0, refunded_paid_minor=0, refunded_legs=(), terms=terms,
        created_at=now, updated_at=now, expires_at=None,
    )  # fmt: skip
