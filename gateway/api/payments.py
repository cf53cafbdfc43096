"""Payments for tills, shops and their systems."""

import contextlib
from dataclasses import replace
from functools import partial

from gateway.api import payment_examples
from gateway.door.caller import Caller
from gateway.door.operation import Answer, Call, operation
from gateway.parts import Parts
from gateway.payments import cancel, sql
from gateway.payments import errors as payments
from gateway.payments.accept_together import NothingStored, accept_together, may_go_together
from gateway.payments.accepted import Accepted, Ask
from gateway.payments.errors import OrderNumberFreed
from gateway.payments.orders import Order
from gateway.payments.pay import accept
from gateway.payments.payment import Payment, State
from gateway.payments.together import NotBegun
from gateway.payments.view import for_merchant
from gateway.payments.waiting import carry_out, settled_within
from gateway.storage.hub import DELIVERIES
from gateway.wallet import errors as wallet
from gateway.wire import payments as wire
from gateway.wire.money import PositiveAmount
from merchants import errors as merchants
from merchants.ids import new_id, partner_no_of
from merchants.money import Money
from merchants.offers.cart import Line
from qr import codes, credentials
from qr import errors as qr
from qr.signed_code import Form

_CODE_PROBLEMS = (
    qr.CodeMalformed,
    qr.CodeForeign,
    qr.CodeOfOtherEnvironment,
    qr.CodeUnknown,
    qr.CodeUsed,
    qr.CodeExpired,
    qr.CodeRevoked,
    qr.CodeNeedsNetwork,
    qr.TooManyWrongCodes,
)
PLACE_PROBLEMS = (
    merchants.MerchantNotFound,
    merchants.MerchantNotActive,
    merchants.StoreNotFound,
    merchants.StoreClosed,
    merchants.TerminalNotFound,
    merchants.TerminalRetired,
)
# Attempts that fail at the very moment of the next one, thrice in a row, are somebody's loop.
TRIES = 3
ORDER_PROBLEMS = (payments.OrderExists, payments.OrderPaid, payments.OrderCanceled)


async def replay_payment(call: Call[wire.PaymentRequest], resource_id: str) -> Answer:
    """A repeated request joins the first: it waits as long as it was told to and gets the same payment."""
    payment = await found(call.parts, call.caller, resource_id)
    if payment.state is not State.REQUIRES_PAYER:
        payment = await settled_within(
            call.parts.payments, payment, wait_s=call.parts.may_wait_s(call.body.wait_s)
        )
    return answer(call.parts, payment)


@operation(
    "POST",
    "/v1/payments",
    summary="Ask to be paid",
    scope="pay",
    idempotent=True,
    replay=replay_payment,
    answers={201: wire.Payment, 202: wire.Payment},
    problems=(
        *_CODE_PROBLEMS,
        *PLACE_PROBLEMS,
        *ORDER_PROBLEMS,
        payments.AmountAboveLimit,
        payments.CurrencyNotTaken,
        payments.OffersJustChanged,
        wallet.WalletCoreUnavailable,
        wallet.IssuerNotServed,
        merchants.UnknownCurrency,
    ),
    example=wire.PaymentRequest(
        amount=PositiveAmount(amount_minor=12800, currency="CNY"),
        merchant_order_no="T7-000123",
    ),
    answer_examples=payment_examples.ASKED,
)
async def create_payment(call: Call[wire.PaymentRequest]) -> Answer:
    """With a customer's `code` the payment is made at once: 201 when it is settled within `wait_s`, else 202.

    202 is no failure: the outcome is not known yet, and `GET` with `wait_s` or a webhook tells it. Without a code
    the answer is a payment that `requires_payer`, with a signed QR code to show.
    """
    order = _order(call)
    try:
        accepted = await _accepted(call, order)
    except qr.CodeUnknown:
        async with call.parts.pool.acquire() as conn:
            await codes.count_wrong_code(conn, merchant_id=order.merchant_id, terminal_id=order.terminal_id)
            await credentials.count_wrong_code(conn, scheme=call.parts.payment_codes, code=order.code or "")
        raise
    payment = await carry_out(call.parts.payments, accepted, wait_s=call.parts.may_wait_s(call.body.wait_s))
    return answer(call.parts, payment)


async def _accepted(call: Call[wire.PaymentRequest], order: Order) -> Accepted:
    """Accept: together with others where it is plain, else alone."""
    together = await _accepted_together(call, order)
    return await _accepted_alone(call, order) if together is None else together


async def _accepted_together(call: Call[wire.PaymentRequest], order: Order) -> Accepted | None:
    """None where the order has to be accepted alone; nothing of it is stored then."""
    needs, terms = call.parts.payments, call.claim.terms(order.payment_id)
    ask = Ask(
        order=order,
        key_tenant=terms.tenant,
        key_operation=terms.operation,
        key=terms.key,
        fingerprint=terms.fingerprint,
        key_id=call.caller.key_id,
        proof=call.caller.proof,
        now=call.now,
    )
    accepted = None
    if may_go_together(needs, ask):
        try:
            accepted = await needs.acceptances.write(ask, partial(accept_together, needs))
        except (NothingStored, NotBegun) as error:
            call.claim.not_done()
            raise (error.__cause__ or error) from None
    if accepted is None:
        call.claim.not_done()
    else:
        call.claim.done()
    return accepted


async def _accepted_alone(call: Call[wire.PaymentRequest], order: Order) -> Accepted:
    """In a transaction, and once more if the order's attempt failed in that very moment: its number is free again."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(OrderNumberFreed):
            async with call.claim.transaction(order.payment_id) as conn:
                return await accept(call.parts.payments, conn, order, now=call.now)
    async with call.claim.transaction(order.payment_id) as conn:
        return await accept(call.parts.payments, conn, order, now=call.now)


@operation(
    "GET",
    "/v1/payments/{payment_id}",
    summary="Read a payment, waiting for its end",
    scope="query",
    answers={200: wire.Payment},
    problems=(payments.PaymentNotFound,),
    answer_examples=payment_examples.READ,
)
async def read_payment(call: Call[None, wire.PaymentQuery]) -> Answer:
    """With `wait_s` the answer comes as soon as the payment is settled: a till needs no loop."""
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    wait_s = call.parts.may_wait_s(call.query.wait_s)
    if wait_s and not payment.settled:
        payment = await settled_within(call.parts.payments, payment, wait_s=wait_s)
    return Answer(200, for_merchant(payment, resolved_within=call.parts.payments.resolved_within))


async def replay_cancel(call: Call[wire.Waiting | wire.CancelOrder], resource_id: str) -> Answer:
    """The payment as it is now."""
    payment = await found(call.parts, call.caller, resource_id)
    payment = await settled_within(
        call.parts.payments, payment, wait_s=call.parts.may_wait_s(call.body.wait_s)
    )
    return answer(call.parts, payment, settled=200)


@operation(
    "POST",
    "/v1/payments/{payment_id}/cancel",
    summary="Cancel a payment",
    scope="cancel",
    idempotent=True,
    replay=replay_cancel,
    answers={200: wire.Payment, 202: wire.Payment},
    problems=(payments.PaymentNotFound, payments.PartiallyRefunded, payments.NotCancelable),
    example=wire.Waiting(),
    answer_examples=payment_examples.CANCELED,
)
async def cancel_payment(call: Call[wire.Waiting]) -> Answer:
    """Once accepted, the customer ends uncharged, whatever the wallet core says late."""
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    async with call.claim.transaction(payment.id) as conn:
        accepted = await cancel.cancel(
            call.parts.payments, conn, partner_id=payment.partner_id, payment_id=payment.id
        )
    return await _canceled(call.parts, accepted, call.body.wait_s)


@operation(
    "POST",
    "/v1/payments/cancel",
    summary="Cancel by order number",
    scope="cancel",
    idempotent=True,
    replay=replay_cancel,
    answers={200: wire.Payment, 202: wire.Payment},
    problems=(payments.PartiallyRefunded, payments.NotCancelable, merchants.MerchantNotFound),
    example=wire.CancelOrder(merchant_order_no="T7-000123"),
    answer_examples=payment_examples.CANCELED,
)
async def cancel_order(call: Call[wire.CancelOrder]) -> Answer:
    """The way out for a till that lost every reply. An unknown number is closed: no payment can come under it."""
    caller = call.caller
    partner_id = partner_of(caller)
    tombstone_id = new_id("pay", partner_no_of(partner_id) or 0)
    async with call.claim.transaction(tombstone_id) as conn:
        accepted = await cancel.cancel_order(
            call.parts.payments,
            conn,
            partner_id=partner_id,
            merchant_id=payee(caller, call.body.merchant_id),
            client_id=caller.client_id,
            merchant_order_no=call.body.merchant_order_no,
            tombstone_id=tombstone_id,
            terminal_id=caller.terminal_id,
        )
        call.claim.settle(accepted.payment.id)
    return await _canceled(call.parts, accepted, call.body.wait_s)


async def found(parts: Parts, caller: Caller, payment_id: str) -> Payment:
    """The caller's payment: a till's own, a partner's any.

    Raises:
        PaymentNotFound: there is none, or it is not theirs.
    """
    payment = await sql.find(parts.pool, partner_id=partner_of(caller), payment_id=payment_id)
    if payment is None or caller.terminal_id not in {None, payment.terminal_id}:
        raise payments.PaymentNotFound
    return payment


def answer(parts: Parts, payment: Payment, *, settled: int = 201) -> Answer:
    """202 while the outcome is not known; a code that waits for its payer is all that was asked for."""
    done = payment.settled or payment.state is State.REQUIRES_PAYER
    body = for_merchant(payment, resolved_within=parts.payments.resolved_within)
    return Answer(settled if done else 202, body)


async def _canceled(parts: Parts, accepted: Accepted, wait_s: float) -> Answer:
    parts.hub.tell(accepted.payment.id, DELIVERIES)
    payment = await carry_out(parts.payments, accepted, wait_s=parts.may_wait_s(wait_s))
    if accepted.instruction is None and not payment.settled:
        # Somebody else undoes it already, and is waited for.
        payment = await settled_within(parts.payments, payment, wait_s=parts.may_wait_s(wait_s))
    return answer(parts, payment, settled=200)


def _order(call: Call[wire.PaymentRequest]) -> Order:
    body, caller = call.body, call.caller
    partner_id = partner_of(caller)
    order = Order(
        payment_id=new_id("pay", partner_no_of(partner_id) or 0),
        partner_id=partner_id,
        client_id=caller.client_id,
        merchant_id=payee(caller, body.merchant_id),
        store_id=body.store_id,
        terminal_id=body.terminal_id,
        merchant_order_no=body.merchant_order_no,
        amount=Money(body.amount.amount_minor, body.amount.currency),
        code=body.code,
        description=body.description,
        expires_in_s=body.expires_in_s,
        qr_form=Form(body.qr_form),
        capture=body.capture,
        give_up_after_s=body.give_up_after_s,
        lines=tuple(
            Line(sku=one.sku, amount_minor=one.amount_minor, category=one.category) for one in body.items
        ),
        member_no=body.membership_no,
    )
    if caller.terminal_id is None:
        return order
    if body.terminal_id not in {None, caller.terminal_id}:
        raise merchants.TerminalNotFound
    return replace(order, store_id=store_asked_for(caller, body.store_id), terminal_id=caller.terminal_id)


def payee(caller: Caller, asked: str | None) -> str:
    """The merchant to be paid: the till's own, the one a partner names, or the partner itself."""
    if caller.terminal_id is not None and asked not in {None, caller.merchant_id}:
        raise merchants.MerchantNotFound
    return asked or caller.merchant_id or partner_of(caller)


def store_asked_for(caller: Caller, asked: str | None) -> str | None:
    """The till's own store, or the one a partner names."""
    if caller.store_id is not None and asked not in {None, caller.store_id}:
        raise merchants.StoreNotFound
    return caller.store_id or asked


def partner_of(caller: Caller) -> str:
    """Scopes of payments are granted to clients of a partner alone."""
    assert caller.partner_id is not None
    return caller.partner_id
