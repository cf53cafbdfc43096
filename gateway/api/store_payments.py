"""Payments by store code: the wallet makes them, the till is told."""

from typing import Final

from gateway.api import payment_examples
from gateway.api.vouched import DEED_PROBLEMS, EXAMPLE, consent_of, issuer_of
from gateway.door.caller import Caller
from gateway.door.operation import Answer, Call, operation
from gateway.parts import Parts
from gateway.payments import errors as payments
from gateway.payments import sql, store_code, store_code_sql
from gateway.payments.confirm import Consent
from gateway.payments.payment import Payment
from gateway.payments.view import applied_offers, for_merchant, for_wallet
from gateway.payments.waiting import carry_out, settled_within, until
from gateway.wallet import errors as wallet
from gateway.wire import payments as wire
from gateway.wire.money import Amount, PositiveAmount
from merchants import errors as merchants
from merchants.money import Money
from merchants.shops import terminal
from qr import errors as qr

PLACE_PROBLEMS: Final = (
    merchants.MerchantNotFound,
    merchants.MerchantNotActive,
    merchants.StoreNotFound,
    merchants.StoreClosed,
    merchants.TerminalNotFound,
    merchants.TerminalRetired,
)
# A till asks again at once; more than this at one time is nobody's queue.
_AT_ONCE: Final = 20


def shown(seen: store_code.Shown) -> wire.StoreScan:
    """A scan of a store code as the wallet sees it."""
    quote = seen.quote
    currency = seen.place.currency
    return wire.StoreScan(
        id=seen.scan.id,
        merchant_name=seen.place.short_name,
        store_name=seen.place.store_name,
        currency=currency,
        order=None if quote is None else Amount(amount_minor=quote.order_minor, currency=currency),
        discount=None if quote is None else Amount(amount_minor=quote.discount_minor, currency=currency),
        payable=None if quote is None else Amount(amount_minor=quote.payable_minor, currency=currency),
        offers=[] if quote is None else applied_offers(quote),
        quote=None if quote is None else quote.hash,
    )


async def replay_store_payment(call: Call[wire.StorePaymentRequest], resource_id: str) -> Answer:
    """The payment as it is now."""
    return await shown_again(call, resource_id, settled=201)


async def shown_again(
    call: Call[wire.StorePaymentRequest] | Call[wire.Confirmation], payment_id: str, *, settled: int
) -> Answer:
    """To a wallet that repeats what its payer agreed to: as things are now, once they are settled or its time is up."""
    payment = await sql.find_of_payer(call.parts.pool, payment_id=payment_id, issuer=issuer_of(call))
    assert payment is not None, "the key's row was committed with the payment, or with its payer's binding"
    wait_s = call.parts.may_wait_s(call.body.wait_s)
    payment = await settled_within(call.parts.payments, payment, wait_s=wait_s)
    return Answer(settled if payment.settled else 202, for_wallet(payment))


@operation(
    "POST",
    "/wallet/v1/payments",
    summary="Pay by a store code",
    scope="wallet",
    idempotent=True,
    replay=replay_store_payment,
    answers={201: wire.WalletPayment, 202: wire.WalletPayment},
    problems=(
        *DEED_PROBLEMS,
        payments.ScanNotFound,
        qr.CodeRevoked,
        *PLACE_PROBLEMS,
        payments.CurrencyNotTaken,
        payments.AmountAboveLimit,
        payments.AmountChanged,
        payments.PayerLimitExceeded,
        payments.DeclinedByRisk,
        payments.OffersJustChanged,
        wallet.WalletCoreUnavailable,
        wallet.IssuerNotServed,
    ),
    example=wire.StorePaymentRequest(
        scan_id="scn_01939e7c5b7a7c3f9d2e4a6b00000000",
        amount=PositiveAmount(amount_minor=12800, currency="CNY"),
        payable=PositiveAmount(amount_minor=10800, currency="CNY"),
        payer=EXAMPLE,
    ),
    answer_examples=payment_examples.BY_STORE_CODE,
)
async def create_store_payment(call: Call[wire.StorePaymentRequest]) -> Answer:
    """The payer typed an amount and agreed to it. There is no order behind a store code: we issue its number.

    The till learns of it by webhook, and on its terminal's list.
    """
    async with call.claim.transaction() as conn:
        paying = _paying(call, await consent_of(call, conn, of=call.body.scan_id))
        accepted = await store_code.pay(call.parts.payments, conn, paying, now=call.now)
        call.claim.settle(accepted.payment.id)
    if accepted.payment.terminal_id is not None:
        call.parts.hub.tell(accepted.payment.terminal_id)
    wait_s = call.parts.may_wait_s(call.body.wait_s)
    payment = await carry_out(call.parts.payments, accepted, wait_s=wait_s)
    return Answer(201 if payment.settled else 202, for_wallet(payment))


@operation(
    "GET",
    "/v1/terminals/{terminal_id}/payments",
    summary="Hear of payments by a terminal's store code",
    scope="query",
    answers={200: wire.TerminalPayments},
    problems=(merchants.TerminalNotFound,),
    answer_example=wire.TerminalPayments(items=[payment_examples.BY_STICKER], next=1),
)
async def list_terminal_payments(call: Call[None, wire.TerminalQuery]) -> Answer:
    """Waits up to `wait_s` for one that is newer than `after`; none is left out, whichever replica is asked.

    A payment is told as soon as its payer has agreed; `GET /v1/payments/{payment_id}` with `wait_s` tells its end.
    """
    terminal_id, after = call.path["terminal_id"], call.query.after
    partner_id = await _own(call.parts, call.caller, terminal_id)

    async def read() -> list[tuple[int, Payment]]:
        return await store_code_sql.of_terminal(
            call.parts.pool, partner_id=partner_id, terminal_id=terminal_id, after=after, limit=_AT_ONCE
        )

    wait_s = 0.0 if after is None else call.parts.may_wait_s(call.query.wait_s)
    rows = await until(call.parts.payments, terminal_id, read, bool, wait_s=wait_s)
    within = call.parts.payments.resolved_within
    body = wire.TerminalPayments(
        items=[for_merchant(payment, resolved_within=within) for _, payment in rows],
        next=rows[-1][0] if rows else after or 0,
    )
    return Answer(200, body)


async def _own(parts: Parts, caller: Caller, terminal_id: str) -> str:
    """The partner of this terminal, which is the caller's.

    Raises:
        TerminalNotFound: a till asks for another, or it is another partner's.
    """
    partner_id = caller.partner_id
    assert partner_id is not None, "the scope `query` is granted to partners and tills alone"
    if caller.terminal_id not in {None, terminal_id}:
        raise merchants.TerminalNotFound
    async with parts.pool.acquire() as conn:
        await terminal.find(conn, partner_id=partner_id, terminal_id=terminal_id)
    return partner_id


def _paying(call: Call[wire.StorePaymentRequest], consent: Consent) -> store_code.Paying:
    body = call.body
    return store_code.Paying(
        client_id=call.caller.client_id,
        issuer=issuer_of(call),
        scan_id=body.scan_id,
        amount=Money(body.amount.amount_minor, body.amount.currency),
        description=body.description,
        consent=consent,
    )
