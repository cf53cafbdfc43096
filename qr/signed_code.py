"""An order's code in either form: what is written, and what is read whichever form was scanned."""

from datetime import datetime
from enum import StrEnum

from merchants.keyring import Keyring, Purpose, Signer
from merchants.money import Money
from qr import link
from qr.errors import CodeRefused
from qr.order_code import (
    OrderCodeScheme,
    Payee,
    SignedOrder,
    VerifyKey,
    key_id_of,
    read_order_code,
    write_order_code,
)
from qr.order_ref import OrderRef


class Form(StrEnum):
    """`emv` proves payee and amount without a network; `link` is far smaller and opens in any camera."""

    EMV = "emv"
    LINK = "link"


def write_signed(
    scheme: OrderCodeScheme,
    form: Form,
    *,
    payee: Payee,
    amount: Money,
    order_ref: OrderRef,
    expires_at: datetime,
    signer: Signer,
) -> str:
    """The text inside the symbol.

    Raises:
        PayeeUnfit: the merchant's record does not fit into EMVCo's objects.
    """
    match form:
        case Form.EMV:
            return write_order_code(
                scheme, payee=payee, amount=amount, order_ref=order_ref, expires_at=expires_at, signer=signer
            )
        case Form.LINK:
            return link.write_link(scheme, order_ref=order_ref, expires_at=expires_at, signer=signer)


def read_signed(scheme: OrderCodeScheme, scanned: str, verify_key: VerifyKey) -> SignedOrder:
    """What the signature vouches for.

    Raises:
        CodeForeign, CodeMalformed, CodeForged: see `read_order_code` and `read_link`.
    """
    if link.is_link(scheme, scanned):
        return link.read_link(scheme, scanned, verify_key)
    return read_order_code(scheme, scanned, verify_key)


async def learn_key(keyring: Keyring, scheme: OrderCodeScheme, scanned: str) -> None:
    """Let this replica's ring know the key a code names, which another replica may have made a minute ago.

    To be called before a connection is taken: the ring may need one. Codes that name no key are left to
    whoever reads them; ones that name invented keys cost a query ten times a second at most.
    """
    named = _named_keys(scheme, scanned)
    if named and not any(keyring.verify_key(Purpose.QR, key_id) for key_id in named):
        await keyring.find_verify_key(Purpose.QR, named[0])


def _named_keys(scheme: OrderCodeScheme, scanned: str) -> list[str]:
    if not link.is_link(scheme, scanned):
        key_id = key_id_of(scheme, scanned)
        return [key_id] if key_id else []
    try:
        return [*link.key_ids(link.key_byte_of(scheme, scanned))]
    except CodeRefused:
        return []
