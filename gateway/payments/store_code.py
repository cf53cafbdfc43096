"""Payments by sticker: no order stands behind the code, so the payer says the amount and we issue the order number.

A scan shows whom the payer pays, and with an amount what the offers take off; it binds and reserves nothing. Paying is
accept and confirmation in one: the payer sits in front of the wallet and has said yes to this very amount. The till,
which asked for nothing, is told by webhook and on its terminal's list.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.payments import discounts, limits, sql, velocity
from gateway.payments import store_code_sql as own_sql
from gateway.payments.accepted import Accepted
from gateway.payments.confirm import Consent
from gateway.payments.errors import AmountChanged, DeclinedByRisk, ScanNotFound
from gateway.payments.legs import fee_minor
from gateway.payments.needs import Needs
from gateway.payments.orders import Order, refuse, row, taken
from gateway.payments.pay import agreed, transfer_of
from gateway.payments.payment import State, Terms
from gateway.payments.store_code_sql import StoreScan
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection
from merchants.ids import BANK, new_id, partner_no_of
from merchants.keyring import Purpose
from merchants.merchant import PayingContext, paying_context
from merchants.money import Money
from merchants.offers.cart import Cart
from merchants.offers.quote import Quote
from merchants.payer import PayerFacts
from qr import store_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a payer sees of a sticker; a quote once an amount is known."""

    scan: StoreScan
    place: PayingContext
    quote: Quote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """What the payer agreed to pay by which scan; `client_id` and `issuer` of the wallet that says so."""

    client_id: str
    issuer: str
    scan_id: str
    amount: Money
    description: str | None
    consent: Consent


async def scan(
    needs: Needs,
    conn: Connection,
    *,
    scan_id: str,
    scanned: str,
    payer: PayerFacts,
    amount: Money | None,
    now: datetime,
) -> Shown:
    """Show a payer whom a sticker stands for, and what this amount would cost.

    Raises:
        QrError: the code is not ours, not valid or revoked.
        MerchantsError: nobody is paid there now.
        CurrencyNotTaken, AmountAboveLimit: of the amount, if there is one.
    """
    code = await store_codes.find(
        conn,
        scheme=needs.order_codes,
        scanned=scanned,
        verify_key=lambda key_id: needs.keyring.verify_key(Purpose.STORE_QR, key_id),
    )
    view = StoreScan(
        id=scan_id, payer=payer, partner_id=code.partner_id, merchant_id=code.merchant_id,
        store_id=code.store_id, terminal_id=code.terminal_id, store_code_id=code.id,
    )  # fmt: skip
    place = await _place(conn, view)
    quote = None
    if amount is not None:
        refuse(amount, place)
        quote = await discounts.quote(needs, conn, cart=_cart(view, amount, place), payer=payer, now=now)
    await own_sql.insert_scan(conn, view)
    return Shown(scan=view, place=place, quote=quote)


async def pay(needs: Needs, conn: Connection, paying: Paying, *, now: datetime) -> Accepted:
    """Store the payment and its debit, in the caller's transaction; the payer has confirmed.

    Raises:
        ScanNotFound: no such scan by this payer, or it is too old, or was paid by.
        CodeRevoked: the sticker was taken back since.
        MerchantsError: nobody is paid there now.
        CurrencyNotTaken, AmountAboveLimit
        DeclinedByRisk: a velocity rule fired; nothing happened.
        PayerLimitExceeded: it does not fit into the payer's day for stickers; nothing happened.
        AmountChanged: the payer would be charged another amount than was shown; nothing is reserved.
        WalletCoreUnavailable, IssuerNotServed
    """
    seen = await own_sql.use_scan(conn, issuer=paying.issuer, scan_id=paying.scan_id)
    if seen is None or seen.payer.id != paying.consent.payer.id:
        raise ScanNotFound
    await store_codes.refuse_revoked(conn, partner_id=seen.partner_id, code_id=seen.store_code_id)
    place = await _place(conn, seen)
    refuse(paying.amount, place)
    needs.cores.check_available(paying.issuer)
    return await _accept(needs, conn, paying, seen, place, now=now)


async def _accept(
    needs: Needs, conn: Connection, paying: Paying, seen: StoreScan, place: PayingContext, *, now: datetime
) -> Accepted:
    consent, order = paying.consent, _order(paying, seen)
    payer = consent.proving(seen.payer)
    await _judge(needs, conn, order, payer)
    quote = await discounts.reserve_best(
        needs, conn, payment_id=order.payment_id, offers_version=place.offers_version,
        cart=_cart(seen, order.amount, place), payer=payer, now=now,
    )  # fmt: skip
    payable = Money(quote.payable_minor, quote.currency)
    if consent.payable != payable or consent.quote not in {None, quote.hash}:
        raise AmountChanged(payable_minor=quote.payable_minor, quote=quote.hash)
    allowance = needs.limits.allowance(code_kind=store_codes.KIND, payer=payer, amount=payable, now=now)
    terms = agreed(
        _terms(order, place, consent), quote, payer, merchant_id=order.merchant_id, allowance=allowance
    )
    values = row(order, place, terms, direction="store_code", state=State.PROCESSING)
    values |= {"discount_minor": quote.discount_minor, "issuer": payer.issuer, "payer_id": payer.id}
    values["fee_minor"] -= quote.fee_waived_minor
    transfer = transfer_of(
        terms, order.payment_id, order.merchant_order_no, payable.currency, n=1, confirmed=True
    )
    payment = await sql.insert(
        conn, values, expires_at=None, first=transfer, look_after_s=needs.patience.query_after_s
    )
    if payment is None:
        raise await taken(conn, order)
    await limits.take(conn, payment, allowance, payer)
    if payment.terminal_id is not None:
        await own_sql.number_for_terminal(conn, payment)
    instruction = transfers.fresh(
        transfer, partner_id=payment.partner_id, owner_id=payment.id, n=1, purpose="payment"
    )
    return Accepted(payment=payment, instruction=instruction)


async def _judge(needs: Needs, conn: Connection, order: Order, payer: PayerFacts) -> None:
    """Velocity: who pays by a sticker has confirmed already, so only a decline matters; it undoes this transaction."""
    asked = velocity.asked(order, payer)
    hit = await velocity.judge(needs.velocity, conn, asked)
    if hit is not None and hit.rule.action == "decline":
        needs.running.start(velocity.tell(needs.pool, asked, hit))
        raise DeclinedByRisk


def _order(paying: Paying, seen: StoreScan) -> Order:
    """An order of our own making: its number is the payment's, whose partner the scan tells."""
    payment_id = new_id("pay", partner_no_of(seen.partner_id) or BANK)
    return Order(
        payment_id=payment_id,
        partner_id=seen.partner_id,
        client_id=paying.client_id,
        merchant_id=seen.merchant_id,
        store_id=seen.store_id,
        terminal_id=seen.terminal_id,
        merchant_order_no="S-" + payment_id.partition("_")[2],
        amount=paying.amount,
        code=None,
        description=paying.description,
        expires_in_s=0,
    )


def _terms(order: Order, place: PayingContext, consent: Consent) -> Terms:
    return Terms(
        merchant_name=place.short_name,
        partner_no=place.partner_no,
        fee_basis_points=place.fee_basis_points,
        code_kind=store_codes.KIND,
        store_name=place.store_name,
        description=order.description,
        consent=consent.statement,
    )


def _cart(seen: StoreScan, amount: Money, place: PayingContext) -> Cart:
    return Cart(
        partner_id=seen.partner_id,
        merchant_id=seen.merchant_id,
        store_id=seen.store_id,
        order_minor=amount.amount_minor,
        currency=amount.currency,
        code_kind=store_codes.KIND,
        fee_minor=fee_minor(amount.amount_minor, place.fee_basis_points),
    )


async def _place(conn: Connection, seen: StoreScan) -> PayingContext:
    return await paying_context(
        conn,
        partner_id=seen.partner_id,
        merchant_id=seen.merchant_id,
        terminal_id=seen.terminal_id,
        store_id=seen.store_id,
    )
