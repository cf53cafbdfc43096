"""The 19 digits a customer shows: our prefix, 16 random digits, a check digit.

The check digit is ISO/IEC 7064 MOD 11,10: it catches every single wrong digit and, other than Luhn's, does
not make our codes look like card numbers to whoever scans logs for those. A code names nobody; all it can do
is be redeemed once within its minute.
"""

import secrets
from dataclasses import dataclass

from stdnum.iso7064 import mod_11_10

from merchants.sealing import Sealing
from qr.emv_cpm import (
    CpmCode,
    CpmRefused,
    DataObject,
    PoiData,
    account_number,
    build,
    looks_like_cpm,
    parse,
)
from qr.errors import CodeForeign, CodeMalformed, CodeOfOtherEnvironment

LENGTH = 19
_RANDOM_DIGITS = 16
_SHOWN_DIGITS = 4
_HASH_PURPOSE = "qr.payment_code"

FOREIGN_PREFIXES = {
    **{f"{number}": "wechat" for number in range(10, 16)},
    **{f"{number}": "alipay" for number in range(25, 31)},
    "62": "unionpay",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCodeScheme:
    """How one environment's payment codes look, how long they live and how they are stored.

    Give the sandbox a prefix of its own and name it in production as `other_prefix`: a test code at a real till is
    then refused by name, made online or off. Codes are stored as a keyed hash over environment and digits; a dump of
    the table shows no code. `application` names us in an EMVCo CPM payload (4F; class F of ISO/IEC 7816-5, which
    needs no registration).

    Raises:
        ValueError: a prefix is not two digits, or another wallet's, or both are the same.
    """

    environment: str
    prefix: str
    sealing: Sealing
    life_s: float = 60.0
    credential_life_s: float = 604_800.0
    application: bytes = b"\xf0GATEWAY"
    other_prefix: str | None = None

    def __post_init__(self) -> None:
        _refuse_prefix(self.prefix)
        if self.other_prefix is not None:
            _refuse_prefix(self.other_prefix)
        if self.prefix == self.other_prefix:
            raise ValueError("the sandbox and production have prefixes of their own")

    def draw(self) -> str:
        """A fresh code."""
        digits = f"{self.prefix}{secrets.randbelow(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}d}"
        return digits + str(mod_11_10.calc_check_digit(digits))

    def read(self, scanned: str) -> str:
        """The digits of a scanned code, without the blanks a cashier may type, or out of an EMVCo CPM payload.

        Raises:
            CodeMalformed: not 19 digits with the right check digit.
            CodeOfOtherEnvironment: a test code in production, or the reverse.
            CodeForeign: another wallet's prefix, or none we know.
        """
        code = _shown_by(scanned).replace(" ", "")
        if not (code.isascii() and code.isdigit()):
            raise CodeMalformed("not_numeric")
        prefix = code[:2]
        if prefix == self.other_prefix:
            raise CodeOfOtherEnvironment
        if prefix != self.prefix:
            raise CodeForeign(FOREIGN_PREFIXES.get(prefix, "unknown"))
        if len(code) != LENGTH:
            raise CodeMalformed("wrong_length")
        if not mod_11_10.is_valid(code):
            raise CodeMalformed("wrong_check_digit")
        return code

    def as_cpm(self, code: str) -> str:
        """The code as an EMVCo CPM payload, for terminals that expect one: our application and the digits in 5A."""
        digits = bytes.fromhex(code + "F")
        application = PoiData((DataObject("4F", self.application), DataObject("5A", digits)))
        return build(CpmCode(applications=(application,)))

    def hash(self, code: str) -> bytes:
        """What a new code is stored as."""
        return self.sealing.index(code, purpose=self._purpose)

    def hashes(self, code: str) -> list[bytes]:
        """What it may be stored as while the master key is being rotated."""
        return self.sealing.indexes(code, purpose=self._purpose)

    @property
    def _purpose(self) -> str:
        return f"{_HASH_PURPOSE}.{self.environment}"


def _refuse_prefix(prefix: str) -> None:
    if not (prefix.isascii() and prefix.isdigit() and len(prefix) == 2):  # noqa: PLR2004 - EMV and the wallets use two digits
        raise ValueError(f"a payment code's prefix has two digits, not {prefix!r}")
    if prefix in FOREIGN_PREFIXES:
        raise ValueError(f"prefix {prefix} belongs to {FOREIGN_PREFIXES[prefix]}")


def _shown_by(scanned: str) -> str:
    """The digits that a scanned text stands for."""
    if not looks_like_cpm(scanned):
        return scanned
    try:
        return account_number(parse(scanned)) or ""
    except CpmRefused:
        raise CodeMalformed("emv_cpm") from None


def masked(code: str) -> str:
    """The prefix and the last digits, for logs and receipts: `23*************7421`."""
    if len(code) <= _SHOWN_DIGITS * 2:
        return "*" * len(code)
    return code[:2] + "*" * (len(code) - 2 - _SHOWN_DIGITS) + code[-_SHOWN_DIGITS:]
