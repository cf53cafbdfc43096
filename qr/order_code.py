"""The signed order code: a dynamic EMVCo payload that proves payee, amount and expiry without a network.

Account template 26 holds our identifier, the merchant number, the order reference, the key id and the
expiry; templates 80 and 81, right before the CRC, hold a half of the signature each. The signature covers
every UTF-8 byte before object 80. The amount that is charged comes from the server all the same.
"""

import base64
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from merchants.keyring import Signer
from merchants.money import Money, format_amount, numeric_code
from qr.crc import crc16
from qr.emv_mpm import Initiation, LanguageTemplate, MpmCode, MpmRefused, Template, build
from qr.emv_mpm.build import body, template, with_crc
from qr.errors import (
    CodeForeign,
    CodeForged,
    CodeMalformed,
    CodeOfOtherEnvironment,
    CodeRefused,
    PayeeUnfit,
)
from qr.order_ref import OrderRef, read_order_ref
from qr.signing import SIGNATURE_BYTES, SignedKind, sign, verify

VerifyKey = Callable[[str], Ed25519PublicKey | None]
"""The public key of a key id, None for one we never had."""

_LONGEST_GUI = 20
_HALF_BYTES = SIGNATURE_BYTES // 2
HALF_TEXT = "[A-Za-z0-9_-]{43}"
_LINK_BASE = re.compile(r"HTTPS?://[A-Z0-9.:-]+/Q/")
_LOCAL_LANGUAGE = "ZH"
_LONGEST_NAME, _LONGEST_CITY = 25, 15
_BEGINS = ("00020101021226", "00020101021126")
_ACCOUNT_AT = len("0002010102122683")
_PAYEES_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCodeScheme:
    """How one environment's order codes look: our reverse domain and the country we acquire in.

    The sandbox's `gui` differs from production's, so that a stray code is told apart at once; `other_gui` and
    `other_link_base` are those of the other one, to refuse it by name. `link_base` is what compact links begin with,
    in capitals: `HTTPS://PAY.EXAMPLE.CN/Q/`.
    """

    environment: str
    gui: str
    country: str = "CN"
    link_base: str = "HTTPS://LOCALHOST/Q/"
    other_gui: str | None = None
    other_link_base: str | None = None

    def __post_init__(self) -> None:
        if len(self.gui) > _LONGEST_GUI:
            raise ValueError("a GUI of more than 20 characters leaves no room in template 26")
        if not _LINK_BASE.fullmatch(self.link_base):
            raise ValueError(f"a link begins with HTTPS://HOST/Q/ in capitals, not {self.link_base!r}")

    def refusal(self, scanned: str) -> CodeRefused:
        """What to say of a text that is none of this scheme's codes."""
        linked = self.other_link_base and scanned.upper().startswith(self.other_link_base)
        account = f"00{len(self.other_gui):02d}{self.other_gui}" if self.other_gui else None
        if linked or (account and scanned.startswith(_BEGINS) and scanned.startswith(account, _ACCOUNT_AT)):
            return CodeOfOtherEnvironment()
        return CodeForeign("unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """The merchant as the code names it; a name outside ASCII goes into the language template."""

    merchant_number: str
    mcc: str
    name: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOrder:
    """What a signature that holds vouches for; a compact link names no payee."""

    merchant_number: str | None
    order_ref: OrderRef
    key_id: str
    expires_at: datetime


def write_order_code(
    scheme: OrderCodeScheme,
    *,
    payee: Payee,
    amount: Money,
    order_ref: OrderRef,
    expires_at: datetime,
    signer: Signer,
) -> str:
    """The payload of an order's code.

    Raises:
        PayeeUnfit: the merchant's record does not fit into EMVCo's objects.
    """
    assert amount.amount_minor > 0, "an order code asks for money"
    _refuse_unfit(scheme, payee)
    account = _account(scheme, payee, order_ref, signer.key_id, expires_at)
    unsigned = body(_code(scheme, payee, account, amount))
    signature = sign(signer, environment=scheme.environment, kind=SignedKind.ORDER, content=unsigned.encode())
    return with_crc(unsigned + "".join(template(half) for half in halves(scheme, signature)))


def read_order_code(scheme: OrderCodeScheme, payload: str, verify_key: VerifyKey) -> SignedOrder:
    """What the code says, once its signature holds; whether it has expired is the caller's clock to say.

    Raises:
        CodeForeign, CodeOfOtherEnvironment: not of this scheme.
        CodeMalformed: ours by its form, and damaged.
        CodeForged: no key of ours signed this.
    """
    parts = _form(scheme.gui).fullmatch(payload)
    if parts is None:
        raise scheme.refusal(payload)
    if crc16(payload[:-4].encode()) != parts["crc"]:
        raise CodeMalformed("crc_wrong")
    key = verify_key(parts["key_id"])
    if key is None or not verify(
        key,
        bytes_of_halves(parts["first"], parts["second"]),
        environment=scheme.environment,
        kind=SignedKind.ORDER,
        content=parts["signed"].encode(),
    ):
        raise CodeForged
    return _signed_order(parts)


def key_id_of(scheme: OrderCodeScheme, payload: str) -> str | None:
    """Which key a code of this scheme names, before anything is believed; None for other texts."""
    parts = _form(scheme.gui).fullmatch(payload)
    return parts["key_id"] if parts else None


def _account(
    scheme: OrderCodeScheme, payee: Payee, order_ref: OrderRef, key_id: str, expires_at: datetime
) -> Template:
    expiry = f"{int(expires_at.timestamp()):010d}"
    fields = (("01", payee.merchant_number), ("02", order_ref.text), ("03", key_id), ("04", expiry))
    return Template(tag="26", gui=scheme.gui, fields=fields)


def _code(scheme: OrderCodeScheme, payee: Payee, account: Template, amount: Money) -> MpmCode:
    name, city = cut_name(payee), cut_city(payee)
    local = None
    if not (name + city).isascii():
        local = LanguageTemplate(language=_LOCAL_LANGUAGE, name=name, city=city)
    return MpmCode(
        initiation=Initiation.DYNAMIC,
        accounts=(account,),
        mcc=payee.mcc,
        currency=numeric_code(amount.currency),
        amount=format_amount(amount),
        country=scheme.country,
        name=name if name.isascii() else f"MERCHANT {payee.merchant_number}",
        city=city if city.isascii() else scheme.country,
        language=local,
    )


def cut_name(payee: Payee) -> str:
    return _cut(payee.name, _LONGEST_NAME)


def cut_city(payee: Payee) -> str:
    return _cut(payee.city, _LONGEST_CITY)


def _cut(text: str, longest: int) -> str:
    """A record's name may be longer than EMVCo's objects; the payer's app shows the whole one anyway."""
    return unicodedata.normalize("NFC", text)[:longest].strip()


@lru_cache(maxsize=_PAYEES_REMEMBERED)
def _refuse_unfit(scheme: OrderCodeScheme, payee: Payee) -> None:
    """Check a specimen once for each merchant: all that differs between its codes fits by construction."""
    specimen = _account(scheme, payee, OrderRef(0, 0), "A1", datetime.fromtimestamp(0, tz=UTC))
    try:
        build(_code(scheme, payee, specimen, Money(1, "CNY")))
    except MpmRefused as refused:
        raise PayeeUnfit([fault.tag for fault in refused.faults]) from refused


def halves(scheme: OrderCodeScheme, signature: bytes) -> tuple[Template, Template]:
    """A signature as the two templates that stand right before the CRC."""
    return _half(scheme, "80", signature[:_HALF_BYTES]), _half(scheme, "81", signature[_HALF_BYTES:])


def bytes_of_halves(first: str, second: str) -> bytes:
    """The signature again.

    Raises:
        CodeMalformed: it is spelled in a way that nobody writes.
    """
    return _from_text(first) + _from_text(second)


def _half(scheme: OrderCodeScheme, tag: str, half: bytes) -> Template:
    text = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    return Template(tag=tag, gui=scheme.gui, fields=(("01", text),))


def _from_text(half: str) -> bytes:
    """Bytes of half a signature; two spare bits at the end must be zero, so each code has one spelling."""
    raw = base64.urlsafe_b64decode(half + "=")
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != half:
        raise CodeMalformed("signature_spelling")
    return raw


@cache
def _form(gui: str) -> re.Pattern[str]:
    """Our own codes and nothing else: fixed objects at fixed places, so nothing is searched for."""
    owner = re.escape(f"00{len(gui):02d}{gui}")
    half = len(gui) + 51
    account = (
        rf"26{len(gui) + 69:02d}{owner}0115(?P<merchant>[0-9]{{15}})0222(?P<ref>[0-9]{{22}})"
        r"0302(?P<key_id>[0-9A-Z]{2})0410(?P<expiry>[0-9]{10})"
    )
    return re.compile(
        rf"(?P<signed>000201010212{account}5204[^\x00-\x1f\ud800-\udfff]+)"
        rf"80{half}{owner}0143(?P<first>{HALF_TEXT})"
        rf"81{half}{owner}0143(?P<second>{HALF_TEXT})"
        r"6304(?P<crc>[0-9A-F]{4})"
    )


def _signed_order(parts: re.Match[str]) -> SignedOrder:
    order_ref = read_order_ref(parts["ref"])
    if order_ref is None:
        raise CodeMalformed("order_ref")
    return SignedOrder(
        merchant_number=parts["merchant"],
        order_ref=order_ref,
        key_id=parts["key_id"],
        expires_at=datetime.fromtimestamp(int(parts["expiry"]), tz=UTC),
    )
