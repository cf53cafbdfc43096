import pytest

from merchants.sealing import Sealing
from qr.errors import CodeForeign, CodeMalformed
from qr.payment_code import PaymentCodeScheme, masked

SCHEME = PaymentCodeScheme(environment="sandbox", prefix="23", sealing=Sealing(bytes(32)))


def test_a_drawn_code_has_19_digits_our_prefix_and_is_read_back() -> None:
    codes = {SCHEME.draw() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == 19
        assert code.startswith("23")
        assert SCHEME.read(f" {code[:4]} {code[4:]}") == code


def test_every_single_wrong_digit_is_noticed() -> None:
    code = SCHEME.draw()
    for at in range(2, 19):
        for digit in set("0123456789") - {code[at]}:
            with pytest.raises(CodeMalformed) as refused:
                SCHEME.read(code[:at] + digit + code[at + 1 :])
            assert refused.value.reason == "wrong_check_digit"


@pytest.mark.parametrize(
    ("scanned", "reason"),
    [
        ("", "not_numeric"),
        ("hello", "not_numeric"),
        ("٢٣00000000000000000", "not_numeric"),
        ("23" + "0" * 16, "wrong_length"),
        ("23" + "0" * 5000, "wrong_length"),
    ],
)
def test_what_cannot_be_a_code_is_refused_with_its_reason(scanned: str, reason: str) -> None:
    with pytest.raises(CodeMalformed) as refused:
        SCHEME.read(scanned)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("scanned", "issuer"),
    [
        ("134567890123456789", "wechat"),
        ("284567890123456789", "alipay"),
        ("6234567890123456789", "unionpay"),
        ("9934567890123456789", "unknown"),
    ],
)
def test_a_foreign_code_is_refused_by_its_wallets_name(scanned: str, issuer: str) -> None:
    with pytest.raises(CodeForeign) as refused:
        SCHEME.read(scanned)
    assert refused.value.issuer == issuer


@pytest.mark.parametrize("prefix", ["10", "15", "25", "30", "62", "2", "234", "ab", "²3"])
def test_a_prefix_that_is_not_ours_to_take_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        PaymentCodeScheme(environment="sandbox", prefix=prefix, sealing=Sealing(bytes(32)))


def test_the_same_digits_are_stored_differently_in_each_environment_and_under_each_key() -> None:
    code = SCHEME.draw()
    production = PaymentCodeScheme(environment="production", prefix="23", sealing=Sealing(bytes(32)))
    rotated = PaymentCodeScheme(
        environment="sandbox", prefix="23", sealing=Sealing(b"\x01" * 32, retired=[bytes(32)])
    )
    assert len({SCHEME.hash(code), production.hash(code), rotated.hash(code)}) == 3
    assert SCHEME.hash(code) in rotated.hashes(code)
    assert code.encode() not in SCHEME.hash(code)


def test_a_masked_code_does_not_tell_the_code() -> None:
    assert masked("2312345678901234567") == "23*************4567"
    assert masked("2312") == "****"
