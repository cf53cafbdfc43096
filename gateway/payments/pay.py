"""One payment, top to bottom: accept, submit, conclude.

Accept is one transaction, the caller's claim: code redeemed, merchant active and within limits, offers reserved,
payment and transfer stored. Submit tells the wallet core, with no transaction open. Conclude is one transaction:
the state moves, reservations are committed or released, events are published. A process that dies in between leaves
a stored transfer, which `gateway.transfers.resolve` picks up and hands to the same conclude.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from gateway.payments import discounts, events, sql, velocity
from gateway.payments.accepted import Accepted, Memory
from gateway.payments.conclude import conclude
from gateway.payments.legs import fee_minor, payment_legs
from gateway.payments.needs import Needs
from gateway.payments.orders import Order, in_its_way, refuse, row, taken
from gateway.payments.payment import NOBODY_TO_ASK, Allowance, Payment, State, Terms
from gateway.payments.velocity_rules import Hit
from gateway.transfers import sql as transfers
from gateway.transfers.submit import submit
from gateway.transfers.transfer import Connection, Instruction, transfer_id
from gateway.wallet.core import Transfer
from merchants.keyring import Purpose
from merchants.merchant import PayingContext, paying_context
from merchants.money import Money
from merchants.offers.cart import Cart
from merchants.offers.quote import Quote
from merchants.payer import PayerFacts
from qr import codes
from qr.errors import CodeUsed
from qr.order_code import Payee
from webhooks import outbox

# The reason of a payment whose payer must confirm because we want it, not the core.
STEP_UP: Final = "step_up"


async def accept(needs: Needs, conn: Connection, order: Order, *, now: datetime) -> Accepted:
    """Store the payment, in the caller's transaction; whatever is raised leaves nothing behind.

    Raises:
        MerchantsError: the merchant, store or terminal cannot be paid.
        QrError: the code cannot be redeemed, with the reason.
        WalletCoreUnavailable, IssuerNotServed: the payer's core is down; the code stays good.
        OrderExists, OrderPaid, OrderCanceled: the order number is taken.
        AmountAboveLimit, CurrencyNotTaken.
    """
    place = await paying_context(
        conn,
        partner_id=order.partner_id,
        merchant_id=order.merchant_id,
        terminal_id=order.terminal_id,
        store_id=order.store_id,
    )
    refuse(order.amount, place)
    if order.code is None:
        return await _await_payer(needs, conn, order, place, now=now)
    try:
        redeemed = await codes.redeem(
            conn,
            scheme=needs.payment_codes,
            code=order.code,
            payment_id=order.payment_id,
            merchant_id=order.merchant_id,
            terminal_id=order.terminal_id,
        )
    except CodeUsed as used:
        # A till that lost its key repeats order and code: what became of the order is what it has to know.
        raise await in_its_way(conn, order) or used from None
    needs.cores.check_available(redeemed.payer.issuer)
    return await _accept_payer(needs, conn, order, place, redeemed, now=now)


async def submit_and_conclude(
    needs: Needs, instruction: Instruction, *, memory: Memory | None = None
) -> Payment | None:
    """Tell the core and write down what it says; None for an open outcome, which is left to the resolver.

    `memory` is what accept has just stored, where it went together with others.
    """
    core = needs.cores.for_issuer(instruction.transfer.issuer)
    settled = await submit(instruction, core=core, pool=needs.pool, look_again_s=needs.patience.query_after_s)
    return None if settled is None else await conclude(needs, settled, memory=memory)


async def _await_payer(
    needs: Needs, conn: Connection, order: Order, place: PayingContext, *, now: datetime
) -> Accepted:
    """Show a signed code; nobody is bound and nothing reserved until somebody confirms."""
    # Nobody can be charged before a payer is bound: giving up is then to let the order lapse.
    expires_at = now + timedelta(seconds=min(order.expires_in_s, order.give_up_after_s or order.expires_in_s))
    code = await codes.issue_order_code(
        conn,
        scheme=needs.order_codes,
        signer=needs.keyring.signer(Purpose.QR),
        partner_id=order.partner_id,
        partner_no=place.partner_no,
        merchant_id=order.merchant_id,
        payee=Payee(
            merchant_number=place.merchant_number, mcc=place.mcc, name=place.short_name, city=place.city
        ),
        payment_id=order.payment_id,
        amount=order.amount,
        expires_at=expires_at,
        form=order.qr_form,
    )
    terms = msgspec.structs.replace(_terms(order, place, code_kind="order_code"), qr_payload=code.payload)
    values = row(order, place, terms, direction="merchant_presented", state=State.REQUIRES_PAYER)
    payment = await sql.insert(conn, values, expires_at=expires_at)
    if payment is None:
        raise await taken(conn, order)
    return Accepted(payment=payment, instruction=None)


async def _accept_payer(
    needs: Needs,
    conn: Connection,
    order: Order,
    place: PayingContext,
    redeemed: codes.RedeemedCode,
    *,
    now: datetime,
) -> Accepted:
    payer = redeemed.payer
    asked = velocity.asked(order, payer)
    hit = await velocity.judge(needs.velocity, conn, asked)
    if hit is not None:
        await velocity.tell(conn, asked, hit)
    quote = await discounts.reserve_best(
        needs,
        conn,
        payment_id=order.payment_id,
        offers_version=place.offers_version,
        cart=cart_of(order, place, code_kind=redeemed.kind),
        payer=payer,
        now=now,
    )
    drawn = draw_up(needs, order, place, quote, payer=payer, code_kind=redeemed.kind, hit=hit, now=now)
    expires_at = (
        now + timedelta(seconds=needs.confirm_within_s) if drawn.values["reason"] == STEP_UP else None
    )
    payment = await sql.insert(
        conn, drawn.values, expires_at=expires_at, allowance=drawn.terms.allowance, first=drawn.transfer,
        look_after_s=needs.patience.query_after_s,
    )  # fmt: skip
    if payment is None:
        raise await taken(conn, order)
    if payment.state is not State.PROCESSING:
        return await _kept_from_the_core(needs, conn, payment)
    instruction = transfers.fresh(
        drawn.transfer, partner_id=payment.partner_id, owner_id=payment.id, n=1, purpose="payment"
    )
    return Accepted(payment=payment, instruction=instruction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A payment as it is about to be stored: the values of its row, and the transfer that goes to the core."""

    values: dict[str, Any]
    terms: Terms
    transfer: Transfer


def draw_up(
    needs: Needs, order: Order, place: PayingContext, quote: Quote, *, payer: PayerFacts,
    code_kind: codes.CodeKind, hit: Hit | None, now: datetime,
) -> Drawn:  # fmt: skip
    """What is agreed with this payer, and how the payment begins."""
    payable = Money(quote.payable_minor, quote.currency)
    state, reason = _beginning(needs, hit, payable, code_kind)
    allowance = None
    if state is not State.DECLINED:
        allowance = needs.limits.allowance(code_kind=code_kind, payer=payer, amount=payable, now=now)
    terms = agreed(
        _terms(order, place, code_kind=code_kind), quote, payer, merchant_id=order.merchant_id,
        allowance=allowance,
    )  # fmt: skip
    values = row(order, place, terms, direction="consumer_presented", state=state)
    values |= {"discount_minor": quote.discount_minor, "issuer": payer.issuer, "payer_id": payer.id}
    values["fee_minor"] -= quote.fee_waived_minor
    values["reason"] = reason
    transfer = transfer_of(terms, order.payment_id, order.merchant_order_no, quote.currency, n=1)
    return Drawn(values=values, terms=terms, transfer=transfer)


def _beginning(
    needs: Needs, hit: Hit | None, payable: Money, code_kind: codes.CodeKind
) -> tuple[State, str | None]:
    if hit is not None and hit.rule.action == "decline":
        return State.DECLINED, velocity.DECLINED
    if hit is not None or needs.step_up.wanted(payable):
        if code_kind is codes.CodeKind.OFFLINE:
            return State.DECLINED, NOBODY_TO_ASK
        return State.REQUIRES_CONFIRMATION, STEP_UP
    return State.PROCESSING, None


async def _kept_from_the_core(needs: Needs, conn: Connection, payment: Payment) -> Accepted:
    """Declined by us, or waiting for the payer's word: the wallet is told, and of a decline the offers."""
    told = await discounts.settle(conn, payment)
    told += events.of_payment(payment, resolved_within=needs.resolved_within)
    await outbox.publish(conn, told)
    return Accepted(payment=payment, instruction=None)


def cart_of(order: Order, place: PayingContext, *, code_kind: str) -> Cart:
    return Cart(
        partner_id=order.partner_id,
        merchant_id=order.merchant_id,
        store_id=place.store_id,
        order_minor=order.amount.amount_minor,
        currency=order.amount.currency,
        code_kind=code_kind,
        fee_minor=fee_minor(order.amount.amount_minor, place.fee_basis_points),
        lines=order.lines,
        member_no=order.member_no,
    )


def _terms(order: Order, place: PayingContext, *, code_kind: str) -> Terms:
    return Terms(
        merchant_name=place.short_name,
        partner_no=place.partner_no,
        fee_basis_points=place.fee_basis_points,
        code_kind=code_kind,
        store_name=place.store_name,
        merchant_number=place.merchant_number,
        terminal_label=place.terminal_label,
        description=order.description,
        capture=order.capture,
        give_up_after_s=order.give_up_after_s,
        lines=order.lines,
        member_no=order.member_no,
        checkout_id=order.checkout_id,
    )


def agreed(
    terms: Terms, quote: Quote, payer: PayerFacts, *, merchant_id: str, allowance: Allowance | None
) -> Terms:
    """The terms with a payer bound: who it is, what is taken off, and who moves what."""
    fee = fee_minor(quote.order_minor, terms.fee_basis_points) - quote.fee_waived_minor
    return msgspec.structs.replace(
        terms,
        payer=payer,
        legs=payment_legs(quote, payer_id=payer.id, merchant_id=merchant_id, fee_minor=fee),
        offers=tuple(discounts.agreed(one) for one in quote.applied),
        fee_waived_minor=quote.fee_waived_minor,
        allowance=allowance,
    )


async def instruct(
    needs: Needs, conn: Connection, payment: Payment, *, n: int, confirmed: bool = False
) -> Instruction:
    """Store the debit, or the hold, of a payment that is stored already, before it is sent."""
    transfer = transfer_of(
        payment.terms, payment.id, payment.merchant_order_no, payment.currency, n=n, confirmed=confirmed
    )
    return await transfers.insert(
        conn,
        transfer,
        partner_id=payment.partner_id,
        owner_id=payment.id,
        n=n,
        purpose="payment",
        look_after_s=needs.patience.query_after_s,
        give_up_at=payment.give_up_at,
    )


def transfer_of(
    terms: Terms, payment_id: str, order_no: str, unit: str, *, n: int, confirmed: bool = False
) -> Transfer:
    payer = terms.payer
    assert payer is not None, "a payment with the core has a payer"
    return Transfer(
        id=transfer_id(payment_id, n),
        kind="hold" if terms.capture == "manual" else "debit",
        unit=unit,
        legs=terms.legs,
        issuer=payer.issuer,
        confirmed=confirmed,
        factors=payer.factors,
        certificate=payer.certificate,
        statement=terms.merchant_name,
        reference=order_no,
    )
