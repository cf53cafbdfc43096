"""The signed store code: a static EMVCo payload for a sticker, which names a payee and no amount.

It has the form of an order code without amount and expiry, and is signed as a kind of its own by a key of its own:
stickers hang for years, and the key of codes that live for minutes must be free to change. The signature keeps a
forged sticker from being taken for ours; whether a sticker is still good only the server says, so a store code is
always confirmed online.
"""

import re
from dataclasses import dataclass
from functools import cache

from merchants.keyring import Signer
from merchants.money import numeric_code
from qr.crc import crc16
from qr.emv_mpm import Initiation, LanguageTemplate, MpmCode, MpmRefused, Template, build
from qr.emv_mpm.build import body, template, with_crc
from qr.errors import CodeForged, CodeMalformed, PayeeUnfit
from qr.order_code import (
    HALF_TEXT,
    OrderCodeScheme,
    Payee,
    VerifyKey,
    bytes_of_halves,
    cut_city,
    cut_name,
    halves,
)
from qr.order_ref import OrderRef, read_order_ref
from qr.signing import SignedKind, sign, verify

_LOCAL_LANGUAGE = "ZH"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStore:
    """What a signature that holds vouches for."""

    merchant_number: str
    code_ref: OrderRef
    key_id: str


def write_store_code(
    scheme: OrderCodeScheme, *, payee: Payee, currency: str, code_ref: OrderRef, signer: Signer
) -> str:
    """The payload of a store's sticker.

    Raises:
        PayeeUnfit: the merchant's record does not fit into EMVCo's objects.
    """
    code = _code(scheme, payee, currency, code_ref, signer.key_id)
    try:
        build(code)
    except MpmRefused as refused:
        raise PayeeUnfit([fault.tag for fault in refused.faults]) from refused
    unsigned = body(code)
    signature = sign(signer, environment=scheme.environment, kind=SignedKind.STORE, content=unsigned.encode())
    return with_crc(unsigned + "".join(template(half) for half in halves(scheme, signature)))


def is_store_code(scheme: OrderCodeScheme, scanned: str) -> bool:
    """Whether it has the form of a store code of ours; says nothing about who made it."""
    return _form(scheme.gui).fullmatch(scanned) is not None


def key_id_of_store_code(scheme: OrderCodeScheme, scanned: str) -> str:
    """Which key a text of that form names, before anything is believed."""
    parts = _form(scheme.gui).fullmatch(scanned)
    assert parts is not None, "asked of what has the form"
    return parts["key_id"]


def read_store_code(scheme: OrderCodeScheme, scanned: str, verify_key: VerifyKey) -> SignedStore:
    """What the sticker says, once its signature holds; whether it was revoked is the register's to say.

    Raises:
        CodeForeign, CodeOfOtherEnvironment: not of this scheme.
        CodeMalformed: ours by its form, and damaged.
        CodeForged: no key of ours signed this.
    """
    parts = _form(scheme.gui).fullmatch(scanned)
    if parts is None:
        raise scheme.refusal(scanned)
    if crc16(scanned[:-4].encode()) != parts["crc"]:
        raise CodeMalformed("crc_wrong")
    key = verify_key(parts["key_id"])
    signature = bytes_of_halves(parts["first"], parts["second"])
    content = parts["signed"].encode()
    if key is None or not verify(
        key, signature, environment=scheme.environment, kind=SignedKind.STORE, content=content
    ):
        raise CodeForged
    code_ref = read_order_ref(parts["ref"])
    if code_ref is None:
        raise CodeMalformed("code_ref")
    return SignedStore(merchant_number=parts["merchant"], code_ref=code_ref, key_id=parts["key_id"])


def _code(scheme: OrderCodeScheme, payee: Payee, currency: str, code_ref: OrderRef, key_id: str) -> MpmCode:
    name, city = cut_name(payee), cut_city(payee)
    local = None
    if not (name + city).isascii():
        local = LanguageTemplate(language=_LOCAL_LANGUAGE, name=name, city=city)
    fields = (("01", payee.merchant_number), ("02", code_ref.text), ("03", key_id))
    return MpmCode(
        initiation=Initiation.STATIC,
        accounts=(Template(tag="26", gui=scheme.gui, fields=fields),),
        mcc=payee.mcc,
        currency=numeric_code(currency),
        country=scheme.country,
        name=name if name.isascii() else f"MERCHANT {payee.merchant_number}",
        city=city if city.isascii() else scheme.country,
        language=local,
    )


@cache
def _form(gui: str) -> re.Pattern[str]:
    """Our own stickers and nothing else: fixed objects at fixed places."""
    owner = re.escape(f"00{len(gui):02d}{gui}")
    half = len(gui) + 51
    account = (
        rf"26{len(gui) + 55:02d}{owner}0115(?P<merchant>[0-9]{{15}})0222(?P<ref>[0-9]{{22}})"
        r"0302(?P<key_id>[0-9A-Z]{2})"
    )
    return re.compile(
        rf"(?P<signed>000201010211{account}5204[^\x00-\x1f\ud800-\udfff]+)"
        rf"80{half}{owner}0143(?P<first>{HALF_TEXT})"
        rf"81{half}{owner}0143(?P<second>{HALF_TEXT})"
        r"6304(?P<crc>[0-9A-F]{4})"
    )
