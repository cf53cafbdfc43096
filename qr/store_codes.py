"""Stickers are issued, found and taken back here; each names a place that is paid, until its merchant revokes it."""

from asyncpg.pool import PoolConnectionProxy

from merchants.ids import new_id
from merchants.keyring import Signer
from qr import store_codes_sql as sql
from qr.errors import CodeRevoked, CodeUnknown, QrCodeNotFound
from qr.order_code import OrderCodeScheme, Payee, VerifyKey
from qr.order_ref import OrderRef, draw_order_ref
from qr.store_code import read_store_code, write_store_code
from qr.store_codes_sql import StoreCodeRow

KIND = "store_code"
"""How a payer came to a payment; the weakest kind, for anybody may paste a sticker over another."""

_PREFIX = "qrc"
_DRAWS = 3
"""Of 10^12 serials a partner uses few: drawing a used one thrice in a row does not happen."""


async def issue(
    conn: PoolConnectionProxy,
    *,
    scheme: OrderCodeScheme,
    signer: Signer,
    partner_id: str,
    partner_no: int,
    merchant_id: str,
    store_id: str,
    terminal_id: str | None,
    payee: Payee,
    currency: str,
) -> StoreCodeRow:
    """A new sticker for a store, or for one terminal of it; there may be many.

    Raises:
        PayeeUnfit: the merchant's record does not fit into EMVCo's objects.
    """
    for _ in range(_DRAWS):
        code_ref = draw_order_ref(partner_no)
        row = await sql.insert(
            conn,
            partner_id=partner_id,
            code_id=new_id(_PREFIX, partner_no),
            code_ref=code_ref,
            merchant_id=merchant_id,
            store_id=store_id,
            terminal_id=terminal_id,
            payee_name=payee.name,
            payload=write_store_code(
                scheme, payee=payee, currency=currency, code_ref=code_ref, signer=signer
            ),
        )
        if row is not None:
            return row
    raise AssertionError("the random source repeats itself")


async def find(
    conn: PoolConnectionProxy, *, scheme: OrderCodeScheme, scanned: str, verify_key: VerifyKey
) -> StoreCodeRow:
    """The place behind a scanned sticker.

    Raises:
        CodeForeign, CodeMalformed, CodeForged: see `read_store_code`.
        CodeUnknown: signed by us, and its record is gone.
        CodeRevoked: its merchant took it back.
    """
    signed = read_store_code(scheme, scanned, verify_key)
    row = await sql.by_ref(conn, signed.code_ref)
    if row is None:
        raise CodeUnknown
    if row.revoked:
        raise CodeRevoked
    return row


async def own(
    conn: PoolConnectionProxy, *, code_ref: OrderRef, partner_id: str | None
) -> StoreCodeRow | None:
    """The record of a signed reference, good or revoked, if it is this partner's."""
    row = await sql.by_ref(conn, code_ref)
    return row if row and row.partner_id == partner_id else None


async def refuse_revoked(conn: PoolConnectionProxy, *, partner_id: str, code_id: str) -> None:
    """Between a scan and its payment a sticker may be taken back.

    Raises:
        CodeRevoked
    """
    row = await sql.by_id(conn, partner_id=partner_id, code_id=code_id)
    if row is None or row.revoked:
        raise CodeRevoked


async def store_code(
    conn: PoolConnectionProxy, *, partner_id: str, code_id: str, merchant_id: str | None = None
) -> StoreCodeRow:
    """A partner's own sticker, good or revoked; `merchant_id` for a caller bound to one merchant.

    Raises:
        QrCodeNotFound: not this partner's, or another merchant's.
    """
    row = await sql.by_id(conn, partner_id=partner_id, code_id=code_id)
    if row is None or merchant_id not in {None, row.merchant_id}:
        raise QrCodeNotFound
    return row


async def revoke(conn: PoolConnectionProxy, *, partner_id: str, code_id: str) -> None:
    """Nobody can pay by it any more; what was paid stays. Doing it twice is no error.

    Raises:
        QrCodeNotFound: not this partner's.
    """
    if not await sql.revoke(conn, partner_id=partner_id, code_id=code_id):
        raise QrCodeNotFound


async def revoke_some(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str | None, limit: int
) -> int:
    """Take stickers of a merchant back, or of a partner and all of its own; how many, none when all are."""
    return await sql.revoke_some(conn, partner_id=partner_id, merchant_id=merchant_id, limit=limit)
