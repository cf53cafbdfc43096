"""The core debits and its reply is lost: silence is no decline, and in the end everybody agrees."""

from gateway.client import Till
from gateway.demo.checks import StoryBroken, asked, expect, yuan
from gateway.demo.inbox import TYPES, Inbox
from gateway.demo.joining import Bank, Shop
from gateway.demo.paying import show_payment_code
from gateway.demo.sandbox import Stage
from gateway.wire.payments import PayerFacts, PaymentRequest

JUN = PayerFacts(id="wallet-jun", person_id="person-jun", factors=2)
_BALANCE_MINOR = 50_000
_ORDER_MINOR = 6_600


async def lose_the_reply(stage: Stage, bank: Bank, till: Till, inbox: Inbox) -> None:
    """The till gets a handle, not a guess; the worker asks the core until it knows."""
    await stage.core.set_wallet(JUN.id, balance_minor=_BALANCE_MINOR, behaviour="reply_lost")
    stage.narrator.say("a wallet whose core moves the money and then closes the connection without a word")
    code = await show_payment_code(stage, bank, JUN, drawn=False)
    first = await till.pay(
        PaymentRequest(amount=asked(_ORDER_MINOR), merchant_order_no="T7-000125", code=code, wait_s=0)
    )
    expect("the first answer", first.state, "processing")
    assert first.resolves_by is not None
    stage.narrator.checked(
        f"the till is told: {first.state}, known by {first.resolves_by:%H:%M:%S} UTC at the latest"
    )
    payment = await till.wait(first.id)
    charged = {"succeeded": _ORDER_MINOR, "reversed": 0}
    if payment.state not in charged:
        raise StoryBroken(f"a payment in doubt ended {payment.state}")
    left = await stage.core.balance(f"payer:{JUN.id}")
    expect("what the customer was charged", _BALANCE_MINOR - left, charged[payment.state])
    stage.narrator.checked(
        f"it ends {payment.state}, and the customer is charged {yuan(_BALANCE_MINOR - left)}"
    )
    await inbox.expect(f"payment.{payment.state}", payment.id)


async def close_the_books(stage: Stage, shop: Shop, inbox: Inbox) -> None:
    """Nothing was made, nothing lost: the ledger's sum is zero, and every event of the feed has arrived."""
    feed = [one async for one in shop.office.all_events(TYPES)]
    await inbox.expect_all({one.id for one in feed})
    stage.narrator.checked(f"all {len(feed)} events of the feed were delivered, each with a good signature")
    sums = await stage.core.check_books()
    told = ", ".join(f"{yuan(minor)} {unit}" for unit, minor in sums.items())
    stage.narrator.checked(f"the sum of all entries in the core's ledger is {told}")
