"""What the wallet app's backend asks: what did my user scan, and what did they decide."""

from gateway.api import payment_examples
from gateway.api.store_payments import PLACE_PROBLEMS, shown, shown_again
from gateway.api.vouched import DEED_PROBLEMS, EXAMPLE, STATEMENT_PROBLEMS, consent_of, issuer_of, payer_of
from gateway.door.operation import Answer, Call, operation
from gateway.payments import confirm, sql, store_code
from gateway.payments import errors as payments
from gateway.payments.payment import State
from gateway.payments.view import applied_offers, for_wallet
from gateway.payments.waiting import carry_out, settled_within
from gateway.storage.hub import DELIVERIES
from gateway.wallet import errors as wallet
from gateway.wire import payments as wire
from gateway.wire.money import Amount, PositiveAmount
from merchants import errors as merchants
from merchants.ids import BANK, new_id
from merchants.keyring import Purpose
from merchants.money import Money
from qr import errors as qr
from qr.signed_code import learn_key
from qr.store_code import is_store_code, key_id_of_store_code

_CODE_PROBLEMS = (
    qr.CodeMalformed,
    qr.CodeForeign,
    qr.CodeOfOtherEnvironment,
    qr.CodeForged,
    qr.CodeUnknown,
    qr.CodeExpired,
    qr.CodeRevoked,
)


@operation(
    "POST",
    "/wallet/v1/scans",
    summary="Say what a customer scanned",
    scope="wallet",
    answers={200: wire.Scan | wire.StoreScan},
    problems=(
        *STATEMENT_PROBLEMS,
        *_CODE_PROBLEMS,
        payments.NotConfirmable,
        payments.PaymentNotFound,
        *PLACE_PROBLEMS,
        payments.CurrencyNotTaken,
        payments.AmountAboveLimit,
    ),
    example=wire.ScanRequest(code="000201010212…", payer=EXAMPLE),
)
async def scan_code(call: Call[wire.ScanRequest]) -> Answer:
    """Shows this payer the merchant, the amount and the offers. A scan binds nobody and reserves nothing.

    Of a store code there is no amount yet: scan it again with the one that the payer types.
    """
    scan_id = new_id("scn", BANK)
    if is_store_code(call.parts.order_codes, call.body.code):
        return Answer(200, await _scan_store_code(call, scan_id))
    await learn_key(call.parts.keyring, call.parts.order_codes, call.body.code)
    async with call.parts.pool.acquire() as conn, conn.transaction():
        payment, quote = await confirm.scan(
            call.parts.payments,
            conn,
            scan_id=scan_id,
            scanned=call.body.code,
            payer=await payer_of(call, conn, "scan", of=call.body.code),
            now=call.now,
        )
    assert payment.expires_at is not None, "an order that waits for its payer has an end"
    body = wire.Scan(
        id=scan_id,
        payment_id=payment.id,
        merchant_name=payment.terms.merchant_name,
        store_name=payment.terms.store_name,
        description=payment.terms.description,
        order=Amount(amount_minor=quote.order_minor, currency=quote.currency),
        discount=Amount(amount_minor=quote.discount_minor, currency=quote.currency),
        payable=Amount(amount_minor=quote.payable_minor, currency=quote.currency),
        offers=applied_offers(quote),
        quote=quote.hash,
        expires_at=payment.expires_at,
    )
    return Answer(200, body)


async def _scan_store_code(call: Call[wire.ScanRequest], scan_id: str) -> wire.StoreScan:
    parts, amount = call.parts, call.body.amount
    key_id = key_id_of_store_code(parts.order_codes, call.body.code)
    # Before a connection is taken: the ring may need one, for a key that another replica made.
    await parts.keyring.find_verify_key(Purpose.STORE_QR, key_id)
    async with parts.pool.acquire() as conn, conn.transaction():
        seen = await store_code.scan(
            parts.payments,
            conn,
            scan_id=scan_id,
            scanned=call.body.code,
            payer=await payer_of(call, conn, "scan", of=call.body.code),
            amount=None if amount is None else Money(amount.amount_minor, amount.currency),
            now=call.now,
        )
    return shown(seen)


async def replay_confirm(call: Call[wire.Confirmation], resource_id: str) -> Answer:
    """The payment as it is now."""
    return await shown_again(call, resource_id, settled=200)


@operation(
    "POST",
    "/wallet/v1/payments/{payment_id}/confirm",
    summary="The payer confirms",
    scope="wallet",
    idempotent=True,
    replay=replay_confirm,
    answers={200: wire.WalletPayment, 202: wire.WalletPayment},
    problems=(
        *DEED_PROBLEMS,
        payments.PaymentNotFound,
        payments.ScanNotFound,
        payments.NotConfirmable,
        payments.AmountChanged,
        payments.PayerLimitExceeded,
        payments.DeclinedByRisk,
        payments.OffersJustChanged,
        wallet.WalletCoreUnavailable,
        wallet.IssuerNotServed,
        merchants.MerchantNotActive,
        merchants.StoreClosed,
        merchants.TerminalRetired,
    ),
    example=wire.Confirmation(payable=PositiveAmount(amount_minor=10800, currency="CNY"), payer=EXAMPLE),
    answer_examples=payment_examples.CONFIRMED,
)
async def confirm_payment(call: Call[wire.Confirmation]) -> Answer:
    """With `scan_id` the first payer to confirm an order is bound to it; without, the payer answers the core."""
    body, needs = call.body, call.parts.payments
    issuer, payment_id = issuer_of(call), call.path["payment_id"]
    async with call.claim.transaction(payment_id) as conn:
        consent = await consent_of(call, conn, of=payment_id)
        if body.scan_id is None:
            accepted = await confirm.confirm_asked(
                needs, conn, payment_id=payment_id, issuer=issuer, consent=consent, now=call.now
            )
        else:
            accepted = await confirm.confirm_scanned(
                needs,
                conn,
                payment_id=payment_id,
                scan_id=body.scan_id,
                issuer=issuer,
                consent=consent,
                now=call.now,
            )
    call.parts.hub.tell(payment_id)
    payment = await carry_out(needs, accepted, wait_s=call.parts.may_wait_s(body.wait_s))
    return Answer(200 if payment.settled else 202, for_wallet(payment))


async def replay_decline(_call: Call[wire.Refusal], _resource_id: str) -> Answer:
    """Declined once is declined."""
    return Answer(204)


@operation(
    "POST",
    "/wallet/v1/payments/{payment_id}/decline",
    summary="The payer declines",
    scope="wallet",
    idempotent=True,
    replay=replay_decline,
    answers={204: None},
    problems=(payments.PaymentNotFound, payments.ScanNotFound, payments.NotConfirmable),
    example=wire.Refusal(),
)
async def decline_payment(call: Call[wire.Refusal]) -> Answer:
    """Of a scanned order only this payer's view is closed; the order stays payable for everybody else."""
    issuer, payment_id = issuer_of(call), call.path["payment_id"]
    async with call.claim.transaction(payment_id) as conn:
        if call.body.scan_id is None:
            await confirm.decline_asked(call.parts.payments, conn, payment_id=payment_id, issuer=issuer)
        else:
            await confirm.decline_scanned(
                conn, payment_id=payment_id, scan_id=call.body.scan_id, issuer=issuer
            )
    call.parts.hub.tell(payment_id, DELIVERIES)
    return Answer(204)


@operation(
    "GET",
    "/wallet/v1/payments/{payment_id}",
    summary="Read a payment of one's own payers",
    scope="wallet",
    answers={200: wire.WalletPayment},
    problems=(payments.PaymentNotFound,),
    answer_examples=payment_examples.SEEN_BY_WALLET,
)
async def read_wallet_payment(call: Call[None, wire.PaymentQuery]) -> Answer:
    """A payment is its payer's wallet's from the moment the payer is bound."""
    issuer = issuer_of(call)
    payment = await sql.find_of_payer(call.parts.pool, payment_id=call.path["payment_id"], issuer=issuer)
    if payment is None:
        raise payments.PaymentNotFound
    wait_s = call.parts.may_wait_s(call.query.wait_s)
    if wait_s and payment.state is not State.REQUIRES_CONFIRMATION:
        payment = await settled_within(call.parts.payments, payment, wait_s=wait_s)
    return Answer(200, for_wallet(payment))
