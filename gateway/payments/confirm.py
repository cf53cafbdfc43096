"""The payer's side: scan a shop's code, confirm, decline.

A scan binds nobody. The first confirm binds, conditionally on the order still waiting for a payer; a decline of a
scanned order closes the payer's own view and nothing else. Where the core itself asked for a confirmation, the payer
is bound already and decides about the payment.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from gateway.payments import discounts, events, followed, limits, reserved, scans_sql, sql, velocity
from gateway.payments.accepted import Accepted
from gateway.payments.errors import (
    AmountChanged,
    DeclinedByRisk,
    NotConfirmable,
    PaymentNotFound,
    ScanNotFound,
)
from gateway.payments.needs import Needs
from gateway.payments.pay import agreed, instruct
from gateway.payments.payment import Payment, Scan, State, Terms
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection
from merchants.keyring import Purpose
from merchants.merchant import PayingContext, paying_context
from merchants.money import Money
from merchants.offers.cart import Cart
from merchants.offers.quote import Quote
from merchants.payer import PayerFacts
from qr import codes
from webhooks import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the payer agreed to: this amount, seen under this quote.

    Attributes:
        payer: as vouched for now, with the factors that proved this consent.
        statement: the wallet's signature under all of it, kept with the payment.
    """

    payable: Money
    quote: str | None
    payer: PayerFacts
    statement: str

    def proving(self, payer: PayerFacts) -> PayerFacts:
        """The payer of a scan, verified as for the consent."""
        return replace(payer, factors=self.payer.factors, certificate=self.payer.certificate)


async def scan(
    needs: Needs, conn: Connection, *, scan_id: str, scanned: str, payer: PayerFacts, now: datetime
) -> tuple[Payment, Quote]:
    """Show a payer what an order's code asks for; binds nobody and reserves nothing.

    Raises:
        QrError: the code is not ours, not valid or not alive.
        NotConfirmable: somebody pays it already, or it ended.
    """
    code = await codes.find_order(
        conn,
        scheme=needs.order_codes,
        scanned=scanned,
        verify_key=lambda key_id: needs.keyring.verify_key(Purpose.QR, key_id),
    )
    payment = await sql.find(conn, partner_id=code.partner_id, payment_id=code.payment_id)
    if payment is None:
        raise PaymentNotFound
    if payment.state is not State.REQUIRES_PAYER:
        raise NotConfirmable(payment.state)
    quote = await discounts.quote(needs, conn, cart=cart_of(payment), payer=payer, now=now)
    await scans_sql.insert_scan(
        conn,
        issuer=payer.issuer,
        scan_id=scan_id,
        payment=payment,
        payer=payer,
        quote=quote.hash,
        payable_minor=quote.payable_minor,
    )
    return payment, quote


async def confirm_scanned(
    needs: Needs,
    conn: Connection,
    *,
    payment_id: str,
    scan_id: str,
    issuer: str,
    consent: Consent,
    now: datetime,
) -> Accepted:
    """Bind this payer to the order and store the debit; everybody after the first is refused.

    Raises:
        ScanNotFound: no such view of this order by this payer, or the payer declined.
        AmountChanged: offers moved since the scan; nothing is reserved.
        DeclinedByRisk: a velocity rule fired; the order stays payable.
        PayerLimitExceeded: it does not fit into the payer's day; the order stays payable.
        NotConfirmable: another payer was first, or the order ended.
        MerchantsError: the merchant may not be paid any more.
    """
    seen = await scans_sql.hold_scan(conn, issuer=issuer, scan_id=scan_id, payment_id=payment_id)
    if seen is None or seen.payer.id != consent.payer.id:
        raise ScanNotFound
    payment = await _still_open(conn, seen)
    place = await _place(conn, payment)
    needs.cores.check_available(issuer)
    payer = consent.proving(seen.payer)
    await _judge(needs, conn, payment, payer)
    quote = await discounts.reserve_best(
        needs,
        conn,
        payment_id=payment.id,
        offers_version=place.offers_version,
        cart=cart_of(payment),
        payer=payer,
        now=now,
    )
    payable = Money(quote.payable_minor, quote.currency)
    if consent.payable != payable or quote.hash != (consent.quote or seen.quote):
        raise AmountChanged(payable_minor=quote.payable_minor, quote=quote.hash)
    allowance = needs.limits.allowance(
        code_kind=payment.terms.code_kind, payer=payer, amount=payable, now=now
    )
    await limits.take(conn, payment, allowance, payer)
    said = msgspec.structs.replace(payment.terms, consent=consent.statement, confirmed_at=now)
    bound = await sql.bind_payer(
        conn,
        payment,
        issuer=issuer,
        payer_id=payer.id,
        discount_minor=quote.discount_minor,
        fee_minor=payment.fee_minor - quote.fee_waived_minor,
        terms=agreed(said, quote, payer, merchant_id=payment.merchant_id, allowance=allowance),
    )
    if bound is None:
        raise NotConfirmable(State.PROCESSING)
    return Accepted(payment=bound, instruction=await instruct(needs, conn, bound, n=1, confirmed=True))


async def _still_open(conn: Connection, seen: Scan) -> Payment:
    payment = await sql.find(conn, partner_id=seen.partner_id, payment_id=seen.payment_id)
    assert payment is not None, "payments are never deleted"
    if payment.state is not State.REQUIRES_PAYER:
        raise NotConfirmable(payment.state)
    return payment


async def confirm_asked(
    needs: Needs, conn: Connection, *, payment_id: str, issuer: str, consent: Consent, now: datetime
) -> Accepted:
    """The payer confirms what the core asked about; the next transfer says so.

    Raises:
        PaymentNotFound: no payment of this payer.
        NotConfirmable: it is not waiting for a confirmation, or no longer.
        AmountChanged: the payer was shown another amount.
        MerchantsError: the merchant may not be paid any more.
    """
    payment = await sql.lock_of_payer(conn, payment_id=payment_id, issuer=issuer)
    if payment is None or payment.payer_id != consent.payer.id:
        raise PaymentNotFound
    if consent.payable != Money(payment.paid_minor, payment.currency):
        raise AmountChanged(payable_minor=payment.paid_minor, quote="")
    await _place(conn, payment)
    needs.cores.check_available(issuer)
    moved = await sql.confirm_in_time(conn, payment, _confirmed(payment, consent, now=now))
    if moved is None:
        raise NotConfirmable(payment.state)
    n = await transfers.next_n(conn, owner_id=payment.id)
    return Accepted(payment=moved, instruction=await instruct(needs, conn, moved, n=n, confirmed=True))


async def decline_scanned(conn: Connection, *, payment_id: str, scan_id: str, issuer: str) -> None:
    """Close this payer's view; the order stays payable for everybody else.

    Raises:
        ScanNotFound
        NotConfirmable: this payer confirmed before, and is told what became of that.
    """
    closed = await scans_sql.close_scan(conn, issuer=issuer, scan_id=scan_id, payment_id=payment_id)
    if closed is None:
        raise ScanNotFound
    payment = await sql.find(conn, partner_id=closed.partner_id, payment_id=payment_id)
    assert payment is not None, "payments are never deleted"
    if (payment.issuer, payment.payer_id) == (issuer, closed.payer.id):
        raise NotConfirmable(payment.state)


async def decline_asked(needs: Needs, conn: Connection, *, payment_id: str, issuer: str) -> Payment:
    """The payer says no to what the core asked about; nothing was moved.

    Raises:
        PaymentNotFound, NotConfirmable
    """
    payment = await sql.lock_of_payer(conn, payment_id=payment_id, issuer=issuer)
    if payment is None:
        raise PaymentNotFound
    if payment.state is not State.REQUIRES_CONFIRMATION:
        raise NotConfirmable(payment.state)
    declined = await sql.move(conn, payment, State.DECLINED, reason="declined_by_payer")
    assert declined is not None, "the row is locked"
    told = await reserved.settle(conn, declined)
    told += events.of_payment(declined, resolved_within=needs.resolved_within)
    told += await followed.by_checkouts(needs, conn, [declined])
    await outbox.publish(conn, told)
    return declined


def _confirmed(payment: Payment, consent: Consent, *, now: datetime) -> Terms:
    payer = payment.terms.payer
    assert payer is not None, "a payment that wants a confirmation has a payer"
    return msgspec.structs.replace(
        payment.terms, payer=consent.proving(payer), consent=consent.statement, confirmed_at=now
    )


def cart_of(payment: Payment) -> Cart:
    return Cart(
        partner_id=payment.partner_id,
        merchant_id=payment.merchant_id,
        store_id=payment.store_id,
        order_minor=payment.order_minor,
        currency=payment.currency,
        code_kind=payment.terms.code_kind,
        fee_minor=payment.fee_minor,
        lines=payment.terms.lines,
        member_no=payment.terms.member_no,
    )


async def _judge(needs: Needs, conn: Connection, payment: Payment, payer: PayerFacts) -> None:
    """Velocity: who confirms has stepped up already, so only a decline matters; it undoes this transaction.

    Raises:
        DeclinedByRisk
    """
    asked = velocity.confirmed(payment, payer)
    hit = await velocity.judge(needs.velocity, conn, asked)
    if hit is not None and hit.rule.action == "decline":
        needs.running.start(velocity.tell(needs.pool, asked, hit))
        raise DeclinedByRisk


async def _place(conn: Connection, payment: Payment) -> PayingContext:
    """Whom the payment is for, who must still be active when it is confirmed."""
    return await paying_context(
        conn,
        partner_id=payment.partner_id,
        merchant_id=payment.merchant_id,
        terminal_id=payment.terminal_id,
        store_id=payment.store_id,
    )
