"""What a scanned text is: whose code, of which kind and form, and what is wrong with it.

Pure, and it redeems nothing. Of a payment code only the form is judged: whether it would pay is told by
redeeming it and nowhere else, or an inspection would be a way to guess codes that costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from qr import emv_cpm, emv_mpm
from qr.errors import CodeForeign, CodeMalformed, CodeOfOtherEnvironment, CodeRefused
from qr.fault import Fault
from qr.link import is_link
from qr.order_code import OrderCodeScheme, SignedOrder, VerifyKey
from qr.payment_code import FOREIGN_PREFIXES, PaymentCodeScheme
from qr.signed_code import read_signed
from qr.store_code import SignedStore, is_store_code, read_store_code

_MPM_BEGINS = "000201"


class Kind(StrEnum):
    """What a code is for; a merchant's or customer's code is one that is not ours."""

    ORDER = "order_code"
    STORE = "store_code"
    PAYMENT = "payment_code"
    MERCHANT = "merchant_code"
    CUSTOMER = "customer_code"
    UNKNOWN = "unknown"


class Form(StrEnum):
    """How it is written."""

    EMV_MPM = "emv_mpm"
    EMV_CPM = "emv_cpm"
    LINK = "link"
    DIGITS = "digits"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What the text alone tells.

    Attributes:
        owner: whose it is, where that is known: `wechat`, `alipay`, `unionpay`.
        refused: why it is no good code of ours; None when nothing in the text speaks against it.
        signed: what our signature vouches for; None unless it holds.
        faults: broken rules of EMVCo's format.
    """

    kind: Kind
    form: Form
    ours: bool
    owner: str | None = None
    refused: CodeRefused | None = None
    signed: SignedOrder | SignedStore | None = None
    faults: tuple[Fault, ...] = ()


def inspect(
    text: str,
    *,
    order_codes: OrderCodeScheme,
    payment_codes: PaymentCodeScheme,
    verify_key: VerifyKey,
    store_key: VerifyKey,
) -> Inspected:
    """Say what a scanned text is; never raises for anything a scanner can read.

    `verify_key` knows the keys of codes that live for minutes, `store_key` those of stickers.
    """
    if is_store_code(order_codes, text):
        return _sticker(text, order_codes, store_key)
    if is_link(order_codes, text) or text.startswith(_MPM_BEGINS):
        return _merchant_presented(text, order_codes, verify_key)
    if emv_cpm.looks_like_cpm(text):
        return _consumer_presented(text, payment_codes)
    digits = text.replace(" ", "")
    if digits.isascii() and digits.isdigit():
        return _digits(text, payment_codes)
    refused = order_codes.refusal(text)
    if isinstance(refused, CodeOfOtherEnvironment):
        return Inspected(kind=Kind.ORDER, form=Form.LINK, ours=False, refused=refused)
    return Inspected(kind=Kind.UNKNOWN, form=Form.OTHER, ours=False, refused=refused)


def _merchant_presented(text: str, scheme: OrderCodeScheme, verify_key: VerifyKey) -> Inspected:
    linked = is_link(scheme, text)
    form, faults = (Form.LINK, ()) if linked else (Form.EMV_MPM, _mpm_faults(text))
    try:
        signed = read_signed(scheme, text, verify_key)
    except CodeRefused as refused:
        kind = Kind.MERCHANT if isinstance(refused, CodeForeign) else Kind.ORDER
        return Inspected(kind=kind, form=form, ours=False, refused=refused, faults=faults)
    return Inspected(kind=Kind.ORDER, form=form, ours=True, signed=signed, faults=faults)


def _sticker(text: str, scheme: OrderCodeScheme, store_key: VerifyKey) -> Inspected:
    faults = _mpm_faults(text)
    try:
        signed = read_store_code(scheme, text, store_key)
    except CodeRefused as refused:
        return Inspected(kind=Kind.STORE, form=Form.EMV_MPM, ours=False, refused=refused, faults=faults)
    return Inspected(kind=Kind.STORE, form=Form.EMV_MPM, ours=True, signed=signed, faults=faults)


def _mpm_faults(text: str) -> tuple[Fault, ...]:
    try:
        return emv_mpm.parse(text, emv_mpm.Mode.LENIENT).faults
    except emv_mpm.MpmRefused as refused:
        return refused.faults


def _consumer_presented(text: str, scheme: PaymentCodeScheme) -> Inspected:
    try:
        number = emv_cpm.account_number(emv_cpm.parse(text))
    except emv_cpm.CpmRefused as refused:
        return _broken(refused.faults)
    return _customer_code(number or "", Form.EMV_CPM, scheme)


def _broken(faults: Sequence[Fault]) -> Inspected:
    return Inspected(
        kind=Kind.CUSTOMER,
        form=Form.EMV_CPM,
        ours=False,
        refused=CodeMalformed("emv_cpm"),
        faults=tuple(faults),
    )


def _digits(text: str, scheme: PaymentCodeScheme) -> Inspected:
    return _customer_code(text, Form.DIGITS, scheme)


def _customer_code(digits: str, form: Form, scheme: PaymentCodeScheme) -> Inspected:
    try:
        scheme.read(digits)
    except CodeForeign as refused:
        owner = FOREIGN_PREFIXES.get(digits.replace(" ", "")[:2])
        kind = Kind.CUSTOMER if owner else Kind.UNKNOWN
        return Inspected(kind=kind, form=form, ours=False, owner=owner, refused=refused)
    except (CodeMalformed, CodeOfOtherEnvironment) as refused:
        return Inspected(kind=Kind.PAYMENT, form=form, ours=False, refused=refused)
    return Inspected(kind=Kind.PAYMENT, form=form, ours=True)
