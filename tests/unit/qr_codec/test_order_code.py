import random
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merchants.keyring import Purpose, Signer
from merchants.money import Money
from qr.emv_mpm import LanguageTemplate, Template, parse
from qr.emv_mpm.build import with_crc
from qr.errors import CodeForeign, CodeForged, CodeMalformed, PayeeUnfit, QrError
from qr.order_code import OrderCodeScheme, Payee, SignedOrder, read_order_code, write_order_code
from qr.order_ref import OrderRef, draw_order_ref, read_order_ref
from qr.signing import SignedKind, sign, signed_message, verify

SIGNER = Signer(purpose=Purpose.QR, key_id="A1", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
SCHEME = OrderCodeScheme(environment="sandbox", gui="cn.example.pay.test")
PAYEE = Payee(merchant_number="100000000000001", mcc="5411", name="CORNER SHOP", city="BEIJING")
EXPIRES_AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
REF = OrderRef(7, 42)


def key_of(key_id: str) -> Ed25519PublicKey | None:
    return SIGNER.public_key if key_id == SIGNER.key_id else None


def written(payee: Payee = PAYEE, scheme: OrderCodeScheme = SCHEME) -> str:
    return write_order_code(
        scheme,
        payee=payee,
        amount=Money(12_800, "CNY"),
        order_ref=REF,
        expires_at=EXPIRES_AT,
        signer=SIGNER,
    )


def test_an_order_code_is_a_valid_dynamic_payload() -> None:
    code = parse(written()).code
    account = code.accounts[0]
    assert isinstance(account, Template)
    assert (account.tag, account.gui) == ("26", SCHEME.gui)
    assert dict(account.fields) == {
        "01": "100000000000001",
        "02": "0000000007000000000042",
        "03": "A1",
        "04": "1893553445",
    }
    assert (code.amount, code.currency, code.mcc, code.name) == ("128.00", "156", "5411", "CORNER SHOP")
    assert [one.tag for one in parse(written()).objects][-3:] == ["80", "81", "63"]
    assert all(one.gui == SCHEME.gui and len(one.fields[0][1]) == 43 for one in code.templates)


def test_its_signature_vouches_for_payee_order_and_expiry() -> None:
    assert read_order_code(SCHEME, written(), key_of) == SignedOrder(
        merchant_number="100000000000001", order_ref=REF, key_id="A1", expires_at=EXPIRES_AT
    )


def test_a_chinese_name_stands_in_the_language_template() -> None:
    payload = written(Payee(merchant_number="100000000000001", mcc="5411", name="最佳超市" * 9, city="北京"))
    code = parse(payload).code
    assert code.name == "MERCHANT 100000000000001"
    assert code.language == LanguageTemplate(language="ZH", name=("最佳超市" * 9)[:25], city="北京")
    assert read_order_code(SCHEME, payload, key_of).order_ref == REF


def test_a_merchant_that_does_not_fit_the_format_is_refused() -> None:
    with pytest.raises(PayeeUnfit) as refused:
        written(Payee(merchant_number="100000000000001", mcc="54", name="SHOP", city=""))
    assert refused.value.objects == ("52", "60")


def test_no_flipped_bit_is_accepted() -> None:
    payload = written()
    for at in range(len(payload)):
        for bit in range(8):
            flipped = payload[:at] + chr(ord(payload[at]) ^ 1 << bit) + payload[at + 1 :]
            with pytest.raises(QrError):
                read_order_code(SCHEME, flipped, key_of)


def test_changed_content_with_a_right_crc_is_a_forgery() -> None:
    forged = with_crc(written().replace("5406128.00", "5406001.00")[:-8])
    with pytest.raises(CodeForged):
        read_order_code(SCHEME, forged, key_of)


def test_a_signature_of_another_environment_key_or_kind_does_not_hold() -> None:
    production = OrderCodeScheme(environment="production", gui=SCHEME.gui)
    with pytest.raises(CodeForged):
        read_order_code(SCHEME, written(scheme=production), key_of)
    with pytest.raises(CodeForged):
        read_order_code(SCHEME, written(), lambda _: None)
    with pytest.raises(CodeForged):
        read_order_code(SCHEME, written(), lambda _: Ed25519PrivateKey.generate().public_key())


def test_a_signature_has_one_spelling() -> None:
    """The last character of a half has two spare bits; four spellings would be four codes."""
    body, last = written()[:-9], written()[-9]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(last) ^ 1]
    with pytest.raises(CodeMalformed) as refused:
        read_order_code(SCHEME, with_crc(body + other), key_of)
    assert refused.value.reason == "signature_spelling"


def test_a_stranger_payload_is_foreign() -> None:
    elsewhere = OrderCodeScheme(environment="sandbox", gui="org.other")
    for payload in (written(scheme=elsewhere), "https://example.com", ""):
        with pytest.raises(CodeForeign):
            read_order_code(SCHEME, payload, key_of)


def test_the_longest_identifier_fits_and_a_longer_one_is_refused() -> None:
    scheme = OrderCodeScheme(environment="sandbox", gui="cn.twenty.characters")
    assert read_order_code(scheme, written(scheme=scheme), key_of).order_ref == REF
    with pytest.raises(ValueError, match="GUI"):
        OrderCodeScheme(environment="sandbox", gui="cn.twentyone.characts")


def test_two_lists_of_parts_never_give_the_same_message() -> None:
    """Lengths stand before the parts: moving a byte from one to the next is another message."""
    one = signed_message(environment="sandbox", kind=SignedKind.ORDER, content=b"x")
    assert one == (b"\0\0\0\x0cgateway-qr/1" + b"\0\0\0\x07sandbox" + b"\0\0\0\x05order" + b"\0\0\0\x01x")
    other = signed_message(environment="sandbo", kind=SignedKind.ORDER, content=b"xx")
    assert one != other


def test_a_signature_holds_for_its_own_kind_and_content_only() -> None:
    signature = sign(SIGNER, environment="sandbox", kind=SignedKind.ORDER, content=b"x")
    facts = {"environment": "sandbox", "kind": SignedKind.ORDER, "content": b"x"}
    assert verify(SIGNER.public_key, signature, **facts)  # type: ignore[arg-type]
    for change in ({"environment": "production"}, {"kind": SignedKind.STORE}, {"content": b"y"}):
        assert not verify(SIGNER.public_key, signature, **{**facts, **change})  # type: ignore[arg-type]
    assert not verify(SIGNER.public_key, signature[:-1], **facts)  # type: ignore[arg-type]


def test_an_order_reference_is_22_digits_that_name_the_partner() -> None:
    ref = draw_order_ref((1 << 32) - 1)
    assert (len(ref.text), ref.text[:10]) == (22, "4294967295")
    assert read_order_ref(ref.text) == ref
    assert read_order_ref("4294967296" + "0" * 12) is None


def test_random_texts_raise_only_errors_of_ours() -> None:
    random_ = random.Random(7)
    payload = written()
    for _ in range(300):
        cut = random_.randrange(len(payload))
        text = payload[:cut] + "".join(chr(random_.randrange(0x300)) for _ in range(random_.randrange(40)))
        with pytest.raises(QrError):
            read_order_code(SCHEME, text, key_of)
