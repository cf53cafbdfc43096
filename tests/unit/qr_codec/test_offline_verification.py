"""The published vectors hold for the function that wallets copy, for our own reader, and for our writer."""

import base64
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merchants.keyring import Purpose, Signer
from merchants.money import Money
from qr.errors import QrError
from qr.offline_code import write_offline_code
from qr.offline_verification import verify_order_code
from qr.order_code import OrderCodeScheme, Payee
from qr.order_ref import OrderRef
from qr.signed_code import Form, read_signed, write_signed

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "signed_codes.json").read_text("utf-8"))
CODES = {one["says"]: one for one in VECTORS["codes"]}
KEYS = {key_id: base64.urlsafe_b64decode(x + "=") for key_id, x in VECTORS["keys"].items()}
SCHEME = OrderCodeScheme(
    environment=VECTORS["environment"], gui=VECTORS["gui"], link_base=VECTORS["link_base"]
)


def verified(text: str, now: int = VECTORS["now"]) -> Any:
    genuine = verify_order_code(
        text, KEYS, environment=SCHEME.environment, gui=SCHEME.gui, link_base=SCHEME.link_base, now=now
    )
    return genuine and asdict(genuine)


def key_of(key_id: str) -> Ed25519PublicKey | None:
    return Ed25519PublicKey.from_public_bytes(KEYS[key_id]) if key_id in KEYS else None


def read(text: str) -> Any:
    try:
        signed = read_signed(SCHEME, text, key_of)
    except QrError:
        return None
    return {
        "order_ref": signed.order_ref.text,
        "expires_at": int(signed.expires_at.timestamp()),
        "merchant_number": signed.merchant_number,
    }


@pytest.mark.parametrize("says", CODES)
def test_a_published_code_is_judged_as_published(says: str) -> None:
    assert verified(CODES[says]["text"]) == CODES[says]["genuine"]
    assert read(CODES[says]["text"]) == CODES[says]["genuine"]


def test_a_genuine_code_is_refused_once_it_has_expired() -> None:
    for one in VECTORS["codes"]:
        assert verified(one["text"], now=VECTORS["expired_at"]) is None


def test_the_published_codes_are_what_we_write() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["private_key_of_A1"]))
    signer = Signer(purpose=Purpose.QR, key_id="A1", private_key=private)
    payee = Payee(merchant_number="100000000000001", mcc="5411", name="CORNER SHOP", city="BEIJING")
    written = [
        write_signed(
            SCHEME,
            form,
            payee=payee,
            amount=Money(12_800, "CNY"),
            order_ref=OrderRef(7, 42),
            expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
            signer=signer,
        )
        for form in Form
    ]
    assert written == [CODES["an order code in EMVCo's format"]["text"], CODES["a compact link"]["text"]]


def test_the_published_offline_codes_are_what_a_phone_shows() -> None:
    phone = VECTORS["offline_payment_codes"]
    for one in phone["codes"]:
        step = one["unix_time"] // 60
        secret = bytes.fromhex(phone["secret"])
        code = write_offline_code(prefix=phone["prefix"], number=phone["number"], secret=secret, step=step)
        assert code == one["code"]


@pytest.mark.parametrize("says", ["an order code in EMVCo's format", "a compact link"])
def test_no_changed_character_passes_the_copied_function(says: str) -> None:
    text = CODES[says]["text"]
    begins = len(SCHEME.link_base) if says == "a compact link" else 0
    for at in range(begins, len(text)):
        changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        assert verified(changed) is None
