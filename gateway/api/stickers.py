"""Store codes, as far as `/v1/qr-codes` treats them otherwise than the code of a payment."""

from gateway.door.operation import Call
from gateway.parts import Parts
from gateway.wire import qr_codes as wire
from merchants.keyring import Purpose
from merchants.merchant import paying_context
from merchants.shops import store, terminal
from qr import store_codes
from qr.errors import CodeSubjectUnclear
from qr.order_code import Payee
from qr.store_codes_sql import StoreCodeRow


def is_sticker(wish: wire.QrCodeRequest) -> bool:
    """Whether a store code is wanted, not a payment's.

    Raises:
        CodeSubjectUnclear: nothing is named, or more than one thing.
    """
    if sum(one is not None for one in (wish.payment_id, wish.store_id, wish.terminal_id)) != 1:
        raise CodeSubjectUnclear
    return wish.payment_id is None


async def issue(call: Call[wire.QrCodeRequest], partner_id: str) -> StoreCodeRow:
    """A sticker for the place that is named, which has to be one that is paid now.

    Raises:
        StoreNotFound, TerminalNotFound, and why nobody is paid there.
    """
    parts: Parts = call.parts
    async with call.claim.transaction() as conn:
        if call.body.terminal_id is not None:
            where = await terminal.find(conn, partner_id=partner_id, terminal_id=call.body.terminal_id)
            merchant_id, store_id = where.merchant_id, where.store_id
        else:
            assert call.body.store_id is not None, "one of them is named"
            merchant_id = (
                await store.find(conn, partner_id=partner_id, store_id=call.body.store_id)
            ).merchant_id
            store_id = call.body.store_id
        place = await paying_context(
            conn,
            partner_id=partner_id,
            merchant_id=merchant_id,
            terminal_id=call.body.terminal_id,
            store_id=store_id,
        )
        row = await store_codes.issue(
            conn,
            scheme=parts.order_codes,
            signer=parts.keyring.signer(Purpose.STORE_QR),
            partner_id=partner_id,
            partner_no=place.partner_no,
            merchant_id=merchant_id,
            store_id=store_id,
            terminal_id=call.body.terminal_id,
            payee=Payee(
                merchant_number=place.merchant_number, mcc=place.mcc, name=place.short_name, city=place.city
            ),
            currency=place.currency,
        )
        call.claim.settle(row.id)
    return row


def shown(row: StoreCodeRow) -> wire.QrCode:
    return wire.QrCode(
        id=row.id,
        kind="store_code",
        payment_id=None,
        store_id=row.store_id,
        terminal_id=row.terminal_id,
        merchant_id=row.merchant_id,
        form="emv",
        payload=row.payload,
        state="revoked" if row.revoked else "live",
        created_at=row.created_at,
        expires_at=None,
    )
