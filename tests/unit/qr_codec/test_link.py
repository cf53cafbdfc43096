import random
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merchants.keyring import Purpose, Signer
from qr.errors import CodeForeign, CodeForged, CodeMalformed, QrError
from qr.link import DIGITS, key_ids, read_link, write_link
from qr.order_code import OrderCodeScheme, SignedOrder
from qr.order_ref import SERIALS, OrderRef
from qr.symbol import Ecc, draw

SIGNER = Signer(purpose=Purpose.QR, key_id="A1", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
SCHEME = OrderCodeScheme(
    environment="sandbox", gui="cn.example.pay.test", link_base="HTTPS://PAY.EXAMPLE.CN/Q/"
)
EXPIRES_AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
REF = OrderRef(7, 42)


def key_of(key_id: str) -> Ed25519PublicKey | None:
    return SIGNER.public_key if key_id == SIGNER.key_id else None


def written(scheme: OrderCodeScheme = SCHEME, *, order_ref: OrderRef = REF, signer: Signer = SIGNER) -> str:
    return write_link(scheme, order_ref=order_ref, expires_at=EXPIRES_AT, signer=signer)


def test_a_link_is_read_back_whoever_changed_its_case() -> None:
    link = written()
    assert link.startswith(SCHEME.link_base)
    assert len(link) == len(SCHEME.link_base) + DIGITS
    said = SignedOrder(merchant_number=None, order_ref=REF, key_id="A1", expires_at=EXPIRES_AT)
    assert read_link(SCHEME, link, key_of) == said
    assert read_link(SCHEME, link.lower(), key_of) == said


def test_the_largest_reference_fits() -> None:
    largest = OrderRef((1 << 32) - 1, SERIALS - 1)
    assert read_link(SCHEME, written(order_ref=largest), key_of).order_ref == largest


def test_a_link_of_a_host_with_24_letters_fits_version_6() -> None:
    host = OrderCodeScheme(environment="sandbox", gui="x", link_base=f"HTTPS://{'A' * 24}/Q/")
    for _ in range(20):
        assert draw(written(host), Ecc.M).version <= 6


def test_no_changed_digit_is_accepted() -> None:
    link = written()
    for at in range(len(SCHEME.link_base), len(link)):
        other = str((int(link[at]) + 1 + at % 9) % 10)
        with pytest.raises(QrError):
            read_link(SCHEME, link[:at] + other + link[at + 1 :], key_of)


def test_another_environment_key_or_host_is_refused() -> None:
    production = OrderCodeScheme(environment="production", gui="x", link_base=SCHEME.link_base)
    with pytest.raises(CodeForged):
        read_link(SCHEME, written(production), key_of)
    with pytest.raises(CodeForged):
        read_link(SCHEME, written(), lambda _: Ed25519PrivateKey.generate().public_key())
    elsewhere = OrderCodeScheme(environment="sandbox", gui="x", link_base="HTTPS://PAY.EXAMPLE.COM/Q/")
    with pytest.raises(CodeForeign):
        read_link(SCHEME, written(elsewhere), key_of)


@pytest.mark.parametrize("digits", ["", "1" * 192, "1" * 194, "9" * 193, "²" + "1" * 192, "0" * 193])
def test_what_is_no_link_behind_our_host_is_malformed(digits: str) -> None:
    with pytest.raises(CodeMalformed):
        read_link(SCHEME, SCHEME.link_base + digits, key_of)


def test_a_key_byte_stands_for_ids_256_apart() -> None:
    assert [*key_ids(int("A1", 36) % 256)] == ["2X", "A1", "H5", "O9", "VD"]
    assert len({key_id for byte in range(256) for key_id in key_ids(byte)}) == 36**2


def test_random_digits_raise_only_errors_of_ours() -> None:
    chance = random.Random(11)
    for _ in range(300):
        digits = f"{chance.randrange(10 ** chance.randrange(1, 194)):0193d}"
        with pytest.raises(QrError):
            read_link(SCHEME, SCHEME.link_base + digits, key_of)


@pytest.mark.parametrize(
    "base", ["https://pay.example.cn/Q/", "HTTPS://PAY.EXAMPLE.CN/", "PAY.EXAMPLE.CN/Q/"]
)
def test_a_base_that_alphanumeric_mode_cannot_write_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="capitals"):
        OrderCodeScheme(environment="sandbox", gui="x", link_base=base)
