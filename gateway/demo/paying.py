"""Money moves: a till scans a customer, part of it goes back, a customer scans a shop."""

from dataclasses import dataclass

from gateway.client import FINAL, Till
from gateway.demo import pictures
from gateway.demo.checks import asked, cny, expect, refused, yuan
from gateway.demo.inbox import Inbox
from gateway.demo.joining import Bank, Shop
from gateway.demo.sandbox import Stage
from gateway.wire.payments import (
    PayerFacts,
    Payment,
    PaymentRequest,
    RefundPreviewRequest,
    RefundRequest,
)

LAN = PayerFacts(id="wallet-lan", person_id="person-lan", factors=2)
MEI = PayerFacts(id="wallet-mei", person_id="person-mei", factors=2)
_BALANCE_MINOR = 50_000
_ORDER_MINOR, _DISCOUNT_MINOR, _PAID_MINOR = 12_800, 2_000, 10_800
_BANK_SHARE_MINOR, _PARTNER_SHARE_MINOR = 1_200, 800
# Half up, as the fee plan says: 0.38 % of 128.00 is 0.4864.
_FEE_MINOR = 49
_REFUND_MINOR, _REFUND_TO_PAYER_MINOR, _REFUND_TO_FUNDERS_MINOR = 6_400, 5_400, 1_000
_ONLINE_MINOR, _ONLINE_PAID_MINOR = 23_000, 19_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The core's accounts that a payment of this shop touches, as they stood."""

    payer: int
    merchant: int
    bank_offers: int
    partner_funds: int


async def accounts(stage: Stage, shop: Shop, payer: PayerFacts) -> Accounts:
    return Accounts(
        payer=await stage.core.balance(f"payer:{payer.id}"),
        merchant=await stage.core.balance(f"merchant:{shop.merchant_id}"),
        bank_offers=await stage.core.balance("bank:offers"),
        partner_funds=await stage.core.balance(f"funder:{shop.merchant_id}"),
    )


async def show_payment_code(stage: Stage, bank: Bank, payer: PayerFacts, *, drawn: bool = True) -> str:
    """The wallet gets a code for its user; the phone shows a picture of it, which the till's scanner reads."""
    issued = await bank.wallet.payment_code(payer)
    stage.narrator.say(f"the wallet's backend gets a one-time code for {payer.id}; the phone shows it")
    if drawn:
        stage.narrator.qr(issued.code)
    code = pictures.scanned(pictures.drawn(issued.code))
    expect("what the scanner read", code, issued.code)
    stage.narrator.checked(f"the till's scanner reads the picture: {code[:4]} … {code[-4:]}, 19 digits")
    return code


async def pay_at_the_till(stage: Stage, bank: Bank, shop: Shop, till: Till, inbox: Inbox) -> Payment:
    """128.00 becomes 108.00, and every account and every webhook says so."""
    await stage.core.set_wallet(LAN.id, balance_minor=_BALANCE_MINOR)
    before = await accounts(stage, shop, LAN)
    code = await show_payment_code(stage, bank, LAN)
    payment = await _charge(stage, till, code)
    await _check_accounts(stage, before, await accounts(stage, shop, LAN))
    await _once(stage, till, code)
    await _check_webhooks(stage, inbox, payment)
    return payment


async def _charge(stage: Stage, till: Till, code: str) -> Payment:
    """One call, a final answer."""
    payment = await till.pay(
        PaymentRequest(amount=asked(_ORDER_MINOR), merchant_order_no="T7-000123", code=code)
    )
    if payment.state not in FINAL:  # on a machine that is very busy
        payment = await till.wait(payment.id)
    expect("the payment's state", payment.state, "succeeded")
    expect("the discount", payment.discount, cny(_DISCOUNT_MINOR))
    expect("what the customer paid", payment.paid, cny(_PAID_MINOR))
    expect("the fee", payment.fee, cny(_FEE_MINOR))
    offers = ", ".join(one.title for one in payment.offers)
    stage.narrator.checked(
        f"{yuan(_ORDER_MINOR)} becomes {yuan(payment.paid)}: {offers}; fee {yuan(payment.fee)}"
    )
    return payment


async def _check_accounts(stage: Stage, before: Accounts, after: Accounts) -> None:
    """The core's books say the same as the till's receipt."""
    expect("the customer's account", after.payer - before.payer, -_PAID_MINOR)
    expect("the supermarket's account", after.merchant - before.merchant, _ORDER_MINOR - _FEE_MINOR)
    expect("the bank's share", before.bank_offers - after.bank_offers, _BANK_SHARE_MINOR)
    await stage.core.check_books()
    stage.narrator.checked(
        f"in the core's books: customer −{yuan(_PAID_MINOR)}, bank −{yuan(_BANK_SHARE_MINOR)}, "
        f"supermarket's campaign −{yuan(_PARTNER_SHARE_MINOR)}, fee {yuan(_FEE_MINOR)}"
    )


async def _check_webhooks(stage: Stage, inbox: Inbox, payment: Payment) -> None:
    """The consumer hears of payment and discount, and refuses what somebody changed."""
    paid = await inbox.expect("payment.succeeded", payment.id)
    expect("the webhook's amount", paid.data["payment"]["paid"]["amount_minor"], _PAID_MINOR)
    redeemed = await inbox.expect("discount.redeemed", payment.id)
    expect("the webhook's discount", redeemed.data["discount"]["amount_minor"], _DISCOUNT_MINOR)
    shares = [one["share"]["amount_minor"] for one in redeemed.data["shares"]]
    expect("the funders' shares", sorted(shares), sorted([_BANK_SHARE_MINOR, _PARTNER_SHARE_MINOR]))
    await inbox.refuses(stage.http, paid.headers, paid.body.replace(str(_PAID_MINOR), "1"))
    stage.narrator.checked("the same webhook with another amount: the consumer refuses it")


async def _once(stage: Stage, till: Till, code: str) -> None:
    """A photo of the code is worth nothing."""
    again = PaymentRequest(amount=asked(100), merchant_order_no="T7-000124", code=code)
    await refused(till.pay(again), "code_used")
    stage.narrator.checked("the same code again: code_used")


async def refund_half(stage: Stage, shop: Shop, payment: Payment, inbox: Inbox) -> None:
    """Half the order goes back, and with it half of the discount, to who paid it."""
    before = await accounts(stage, shop, LAN)
    preview = await shop.office.preview_refund(payment.id, RefundPreviewRequest(amount=asked(_REFUND_MINOR)))
    refund = await shop.office.refund(
        payment.id, RefundRequest(merchant_refund_no="T7-000123-R1", amount=asked(_REFUND_MINOR))
    )
    expect("the refund's state", refund.state, "succeeded")
    expect("the refund, as it was previewed", refund.shares, preview)
    expect("what the customer gets", refund.shares.to_payer, cny(_REFUND_TO_PAYER_MINOR))
    expect("what the funders get", refund.shares.to_funders, cny(_REFUND_TO_FUNDERS_MINOR))
    after = await accounts(stage, shop, LAN)
    expect("the customer's account", after.payer - before.payer, _REFUND_TO_PAYER_MINOR)
    expect("the bank's part of it", after.bank_offers - before.bank_offers, _BANK_SHARE_MINOR // 2)
    expect(
        "the supermarket's part of it", after.partner_funds - before.partner_funds, _PARTNER_SHARE_MINOR // 2
    )
    stage.narrator.checked(
        f"of {yuan(_REFUND_MINOR)} the customer gets {yuan(refund.shares.to_payer)}, "
        f"the funders {yuan(refund.shares.to_funders)} of their discount"
    )
    await inbox.expect("refund.succeeded", payment.id)
    clawed_back = await inbox.expect("discount.clawed_back", payment.id)
    expect(
        "the webhook's claw-back", clawed_back.data["clawed_back"]["amount_minor"], _REFUND_TO_FUNDERS_MINOR
    )


async def pay_online(stage: Stage, bank: Bank, shop: Shop, inbox: Inbox) -> None:
    """The shop shows an order code; the wallet scans it from the picture, shows the amount, confirms."""
    await stage.core.set_wallet(MEI.id, balance_minor=_BALANCE_MINOR)
    order = await shop.office.pay(
        PaymentRequest(amount=asked(_ONLINE_MINOR), merchant_order_no="WEB-2001", description="龙井茶 2 盒")
    )
    expect("the order's state", order.state, "requires_payer")
    payload = await _show_order_code(stage, bank, shop, order)
    await _confirm(stage, bank, order, payload)
    payment = await shop.office.wait(order.id)
    expect("the shop's view", (payment.state, payment.paid), ("succeeded", cny(_ONLINE_PAID_MINOR)))
    left = await stage.core.balance(f"payer:{MEI.id}")
    expect("the payer's account", left, _BALANCE_MINOR - _ONLINE_PAID_MINOR)
    stage.narrator.checked(f"confirmed in the wallet: {yuan(payment.order)} becomes {yuan(payment.paid)}")
    await inbox.expect("payment.succeeded", payment.id)


async def _show_order_code(stage: Stage, bank: Bank, shop: Shop, order: Payment) -> str:
    """What the phone reads from the gateway's own picture; a code that somebody changed is worth nothing."""
    code = await shop.office.qr_code(order.id)
    stage.narrator.say("the shop's page shows a signed EMVCo code")
    stage.narrator.qr(code.payload)
    payload = pictures.scanned(await shop.office.picture(code.id))
    expect("what the phone's camera read", payload, code.payload)
    await refused(bank.wallet.scan(pictures.forged(payload, amount="130.00"), MEI), "code_forged")
    stage.narrator.checked("the camera reads the picture; with another amount in it: code_forged")
    return payload


async def _confirm(stage: Stage, bank: Bank, order: Payment, payload: str) -> None:
    """The payer agrees to exactly what the wallet shows."""
    scan = await bank.wallet.scan(payload, MEI)
    expect("what the payer is shown", scan.payable, cny(_ONLINE_PAID_MINOR))
    stage.narrator.say(
        f"the wallet shows {scan.merchant_name}: {yuan(scan.order)}, to pay {yuan(scan.payable)}"
    )
    confirmed = await bank.wallet.confirm(
        order.id, MEI, payable=asked(_ONLINE_PAID_MINOR), scan_id=scan.id, quote=scan.quote
    )
    expect("the payer's view", (confirmed.state, confirmed.payable), ("succeeded", cny(_ONLINE_PAID_MINOR)))
