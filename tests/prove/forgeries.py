"""Codes bent, re-signed and made up: none is accepted, and no reader raises anything but its own errors."""

import base64
import random
import string
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merchants.keyring import Purpose, Signer
from merchants.money import Money
from merchants.sealing import Sealing
from qr import emv_cpm, emv_mpm
from qr.emv_mpm.build import with_crc
from qr.errors import QrError
from qr.inspection import inspect
from qr.order_code import OrderCodeScheme, Payee
from qr.order_ref import draw_order_ref
from qr.payment_code import PaymentCodeScheme
from qr.signed_code import Form, read_signed, write_signed

_ENVIRONMENT = "production"
_SCHEME = OrderCodeScheme(
    environment=_ENVIRONMENT, gui="cn.example.pay", link_base="HTTPS://PAY.EXAMPLE.CN/Q/"
)
_SANDBOX = OrderCodeScheme(environment="sandbox", gui=_SCHEME.gui, link_base=_SCHEME.link_base)
_PAYMENT_CODES = PaymentCodeScheme(environment=_ENVIRONMENT, prefix="51", sealing=Sealing(bytes(32)))
_SHOPS = (("CORNER SHOP", "BEIJING"), ("最佳超市", "北京"))
_CRC_CHARACTERS = 8


def _signer() -> Signer:
    return Signer(purpose=Purpose.QR, key_id="A1", private_key=Ed25519PrivateKey.generate())


_OURS, _THEIRS = _signer(), _signer()
_PUBLIC = _OURS.public_key


def _key_of(key_id: str) -> Ed25519PublicKey | None:
    return _PUBLIC if key_id == _OURS.key_id else None


def _written(chance: random.Random, *, scheme: OrderCodeScheme = _SCHEME, signer: Signer = _OURS) -> str:
    name, city = chance.choice(_SHOPS)
    return write_signed(
        scheme,
        chance.choice(list(Form)),
        payee=Payee(merchant_number="100000000000001", mcc="5411", name=name, city=city),
        amount=Money(chance.randrange(1, 10**7), "CNY"),
        order_ref=draw_order_ref(7),
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        signer=signer,
    )


def _one_bit(code: str, chance: random.Random) -> str:
    """A flipped bit anywhere but in the host of a link, which any case is right for."""
    begins = len(_SCHEME.link_base) if code.startswith(_SCHEME.link_base) else 0
    at = chance.randrange(begins, len(code))
    return code[:at] + chr(ord(code[at]) ^ 1 << chance.randrange(7)) + code[at + 1 :]


def _one_character_and_a_right_crc(code: str, chance: random.Random) -> str:
    if code.startswith(_SCHEME.link_base):
        at = chance.randrange(len(_SCHEME.link_base), len(code))
        return code[:at] + str((int(code[at]) + chance.randrange(1, 10)) % 10) + code[at + 1 :]
    body = code[:-_CRC_CHARACTERS]
    at = chance.randrange(len(body))
    other = chance.choice([one for one in string.ascii_letters + string.digits if one != body[at]])
    return with_crc(body[:at] + other + body[at + 1 :])


def _signed_by_somebody_else(_code: str, chance: random.Random) -> str:
    return _written(chance, signer=_THEIRS)


def _signed_for_the_sandbox(_code: str, chance: random.Random) -> str:
    return _written(chance, scheme=_SANDBOX)


_BENDINGS: tuple[Callable[[str, random.Random], str], ...] = (
    _one_bit,
    _one_character_and_a_right_crc,
    _signed_by_somebody_else,
    _signed_for_the_sandbox,
)
_WEIGHTS = (5, 3, 1, 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many texts were read, how each was refused, and what must not have happened."""

    texts: int
    refusals: Counter[str]
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.texts} read, {len(self.faults)} faults; refused: {dict(self.refusals.most_common())}"


def forged(count: int, chance: random.Random) -> Tally:
    """So many codes bent or signed by somebody else; a fault is one that was accepted."""
    refusals: Counter[str] = Counter()
    faults = []
    genuine = [_written(chance) for _ in range(16)]
    for number in range(count):
        if number % 64 == 0:
            genuine[chance.randrange(len(genuine))] = _written(chance)
        code = chance.choice(genuine)
        [bend] = chance.choices(_BENDINGS, weights=_WEIGHTS)
        bent = bend(code, chance)
        try:
            read_signed(_SCHEME, bent, _key_of)
            faults.append(f"accepted after {bend.__name__}: {bent}")
        except QrError as error:
            refusals[f"{bend.__name__.strip('_')} {type(error).__name__}"] += 1
    return Tally(count, refusals, tuple(faults))


def garbage(count: int, chance: random.Random) -> Tally:
    """So many random texts, each through every reader; a fault is any error that is not the reader's own."""
    refusals: Counter[str] = Counter()
    faults = []
    genuine = [_written(chance) for _ in range(16)]
    for _ in range(count):
        text = _text(chance, genuine)
        for name, reader in _READERS.items():
            try:
                reader(text)
            except QrError as error:
                refusals[f"{name} {type(error).__name__}"] += 1
            except Exception as error:  # noqa: BLE001 - that there is none is what is proved
                faults.append(f"{name} raised {error!r} for {text!r}")
    return Tally(count, refusals, tuple(faults))


_READERS: dict[str, Callable[[str], object]] = {
    "emv_mpm": emv_mpm.parse,
    "emv_mpm_lenient": lambda text: emv_mpm.parse(text, emv_mpm.Mode.LENIENT),
    "emv_cpm": emv_cpm.parse,
    "signed": lambda text: read_signed(_SCHEME, text, _key_of),
    "payment_code": _PAYMENT_CODES.read,
    "inspect": lambda text: inspect(
        text, order_codes=_SCHEME, payment_codes=_PAYMENT_CODES, verify_key=_key_of, store_key=_key_of
    ),
}
_ALPHABETS = (
    string.digits,
    string.ascii_letters + string.digits + "+/=",
    string.printable,
    "".join(map(chr, range(0x20, 0x3000))) + "\x00\ud800\U0001f600",
)


def _text(chance: random.Random, genuine: list[str]) -> str:
    """Random characters, random objects, or a genuine code with a piece replaced, cut or doubled."""
    random_part = "".join(chance.choices(chance.choice(_ALPHABETS), k=chance.randrange(60)))
    match chance.randrange(7):
        case 0 | 1:
            return random_part
        case 2:
            return "000201" + random_part
        case 3:
            return base64.b64encode(b"\x85\x05CPV01" + chance.randbytes(chance.randrange(40))).decode()
        case 4:
            return _SCHEME.link_base + "".join(
                chance.choices(string.digits, k=chance.choice((192, 193, 194)))
            )
        case 5:  # the merchant's name may be anything, and the form of a code of ours still holds
            code = chance.choice(genuine)
            start = code.find("CORNER SHOP") + 1
            return code[:start] + chance.choice("\x00\ud800\udfff\x7f\u2028最") + code[start + 1 :]
        case _:
            code = chance.choice(genuine)
            start = chance.randrange(len(code))
            return code[:start] + random_part + code[start + chance.randrange(20) :]
