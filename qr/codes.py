"""Codes are issued, redeemed and found here; at every moment a code pays at most once.

All of it runs on the caller's connection, inside the caller's transaction. Only `count_wrong_code` wants a
transaction of its own, after the one that failed: what a roll-back takes away cannot slow a guesser down.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from asyncpg.pool import PoolConnectionProxy

from merchants.ids import BANK, new_id
from merchants.keyring import Signer
from merchants.money import Money
from merchants.payer import PayerFacts
from qr import credentials, sql
from qr.errors import (
    CodeExpired,
    CodeRevoked,
    CodeUnknown,
    CodeUsed,
    QrCodeNotFound,
    TooManyWrongCodes,
)
from qr.order_code import OrderCodeScheme, Payee, VerifyKey
from qr.order_ref import OrderRef, draw_order_ref
from qr.payment_code import PaymentCodeScheme
from qr.signed_code import Form, read_signed, write_signed
from qr.sql import OrderCodeRow

_PREFIX = "qrc"
_DRAWS = 3
"""Of 10^16 codes a minute's worth is out: drawing the same one twice in a row does not happen."""

WRONG_CODES_OF_TERMINAL = 20
WRONG_CODES_OF_MERCHANT = 200
_WRONG_CODE_WINDOW_S = 600.0
"""Scanners misread less often than this; a guesser gets 120 tries an hour at 10^16 codes."""

_KEEP_PAYMENT_CODES_S = 3600.0
"""A used code answers `code_used` for so long after its minute, then `code_unknown`."""
_KEEP_ORDER_CODES_S = 86_400.0


class CodeKind(StrEnum):
    """How a payer came to a payment; limits differ by it, so it is never the client's to say."""

    ORDER = "order_code"
    PAYMENT = "payment_code"
    OFFLINE = "offline_payment_code"

    @property
    def is_dynamic(self) -> bool:
        return self in {CodeKind.ORDER, CodeKind.PAYMENT, CodeKind.OFFLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPaymentCode:
    """A fresh code, readable this once."""

    id: str
    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemedCode:
    """A code that was used up, and whom it stood for."""

    code_id: str
    payer: PayerFacts
    kind: CodeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCode:
    """A signed code for a payment, to be shown until it expires."""

    id: str
    order_ref: str
    payload: str
    expires_at: datetime


async def issue_payment_code(
    conn: PoolConnectionProxy, *, scheme: PaymentCodeScheme, payer: PayerFacts
) -> IssuedPaymentCode:
    """A one-time code for this payer, alive from now for as long as the scheme says."""
    for _ in range(_DRAWS):
        code, code_id = scheme.draw(), new_id(_PREFIX, BANK)
        expires_at = await sql.insert_payment_code(
            conn, code_hash=scheme.hash(code), code_id=code_id, payer=payer, life_s=scheme.life_s
        )
        if expires_at is not None:
            return IssuedPaymentCode(id=code_id, code=code, expires_at=expires_at)
    raise AssertionError("the random source repeats itself")


async def redeem(
    conn: PoolConnectionProxy,
    *,
    scheme: PaymentCodeScheme,
    code: str,
    payment_id: str,
    merchant_id: str,
    terminal_id: str | None,
) -> RedeemedCode:
    """Use a scanned payment code up for this payment; one round trip when it is good.

    Raises:
        CodeMalformed, CodeForeign: it cannot be one of ours; nothing was asked of the database.
        CodeUnknown: count it with `count_wrong_code` once this transaction has ended.
        CodeUsed, CodeExpired: another payment had it, or its minute is over.
        CodeRevoked, CodeNeedsNetwork: the phone that made it offline was given up, or has to be online first.
        TooManyWrongCodes: this terminal or merchant must wait.
    """
    digits = scheme.read(code)
    code_hashes = scheme.hashes(digits)
    subjects, limits = _guessers(merchant_id, terminal_id)
    redeemed = await sql.redeem_payment_code(
        conn, code_hashes=code_hashes, payment_id=payment_id, subjects=subjects, limits=limits
    )
    if redeemed:
        return RedeemedCode(code_id=redeemed.id, payer=redeemed.payer, kind=CodeKind.PAYMENT)
    why = await sql.why_not_redeemed(conn, code_hashes=code_hashes, subjects=subjects, limits=limits)
    if why.retry_after_s is not None:
        raise TooManyWrongCodes(why.retry_after_s)
    if why.known:
        raise CodeUsed if why.used else CodeExpired
    code_id, payer = await credentials.redeem(conn, scheme=scheme, code=digits, payment_id=payment_id)
    return RedeemedCode(code_id=code_id, payer=payer, kind=CodeKind.OFFLINE)


async def count_wrong_code(conn: PoolConnectionProxy, *, merchant_id: str, terminal_id: str | None) -> None:
    """Hold a code nobody issued against who sent it, never against a payer.

    With `credentials.count_wrong_code`, should it have been a phone's without network.
    """
    subjects, _ = _guessers(merchant_id, terminal_id)
    await sql.count_wrong_code(conn, subjects=subjects, window_s=_WRONG_CODE_WINDOW_S)


async def issue_order_code(
    conn: PoolConnectionProxy,
    *,
    scheme: OrderCodeScheme,
    signer: Signer,
    partner_id: str,
    partner_no: int,
    merchant_id: str,
    payee: Payee,
    payment_id: str,
    amount: Money,
    expires_at: datetime,
    form: Form = Form.EMV,
) -> OrderCode:
    """A signed code for one payment; a payment has one."""
    for _ in range(_DRAWS):
        order_ref, code_id = draw_order_ref(partner_no), new_id(_PREFIX, partner_no)
        payload = write_signed(
            scheme,
            form,
            payee=payee,
            amount=amount,
            order_ref=order_ref,
            expires_at=expires_at,
            signer=signer,
        )
        if await sql.insert_order_code(
            conn,
            partner_id=partner_id,
            code_id=code_id,
            order_ref=order_ref,
            merchant_id=merchant_id,
            payment_id=payment_id,
            form=form,
            payee_name=payee.name,
            payload=payload,
            expires_at=expires_at,
        ):
            return OrderCode(id=code_id, order_ref=order_ref.text, payload=payload, expires_at=expires_at)
    raise AssertionError("the random source repeats itself")


async def find_order(
    conn: PoolConnectionProxy,
    *,
    scheme: OrderCodeScheme,
    scanned: str,
    verify_key: VerifyKey,
) -> OrderCodeRow:
    """The payment behind a scanned order code. Only signed references are ever looked up.

    Raises:
        CodeForeign, CodeMalformed, CodeForged: see `read_signed`.
        CodeUnknown: signed by us, and its record is gone.
        CodeExpired, CodeRevoked: no longer to be paid.
    """
    order = read_signed(scheme, scanned, verify_key)
    row = await sql.find_order_code(conn, order.order_ref)
    if row is None:
        raise CodeUnknown
    if row.revoked:
        raise CodeRevoked
    if row.expired:
        raise CodeExpired
    return row


async def order_code(
    conn: PoolConnectionProxy, *, partner_id: str, code_id: str, merchant_id: str | None = None
) -> OrderCodeRow:
    """A partner's own code, dead or alive; `merchant_id` for a caller bound to one merchant.

    Raises:
        QrCodeNotFound: not this partner's, or another merchant's.
    """
    row = await sql.order_code_by_id(conn, partner_id=partner_id, code_id=code_id)
    if row is None or merchant_id not in {None, row.merchant_id}:
        raise QrCodeNotFound
    return row


async def own_order_code(
    conn: PoolConnectionProxy, *, order_ref: OrderRef, partner_id: str | None
) -> OrderCodeRow | None:
    """The record of a signed reference, dead or alive, if it is this partner's."""
    row = await sql.find_order_code(conn, order_ref)
    return row if row and row.partner_id == partner_id else None


async def order_code_of_payment(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> OrderCodeRow | None:
    """The code that is or was shown for a payment, for answering its merchant again."""
    return await sql.order_code_of_payment(conn, partner_id=partner_id, payment_id=payment_id)


async def revoke(conn: PoolConnectionProxy, *, partner_id: str, code_id: str) -> None:
    """Take a code back; the payment behind it is the caller's to cancel. Doing it twice is no error.

    Raises:
        QrCodeNotFound: not this partner's.
    """
    if not await sql.revoke_order_code(conn, partner_id=partner_id, code_id=code_id):
        raise QrCodeNotFound


async def sweep(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Forget codes long dead; how many. For the worker, as often as it likes."""
    swept = await sql.delete_dead(
        conn, payment_codes_s=_KEEP_PAYMENT_CODES_S, order_codes_s=_KEEP_ORDER_CODES_S, limit=limit
    )
    return swept + await credentials.sweep(conn, limit=limit)


def _guessers(merchant_id: str, terminal_id: str | None) -> tuple[list[str], list[int]]:
    if terminal_id is None:
        return [merchant_id], [WRONG_CODES_OF_MERCHANT]
    return [merchant_id, terminal_id], [WRONG_CODES_OF_MERCHANT, WRONG_CODES_OF_TERMINAL]
