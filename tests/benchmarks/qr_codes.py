"""Codes: drawing against the library that everybody uses, signing and verifying against bare Ed25519."""

import io
from datetime import UTC, datetime, timedelta
from functools import partial

import qrcode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from qrcode.constants import ERROR_CORRECT_M

from merchants.keyring import Purpose, Signer
from merchants.money import Money
from qr import render, signing
from qr.order_code import OrderCodeScheme, Payee
from qr.order_ref import draw_order_ref
from qr.signed_code import Form, read_signed, write_signed
from qr.signing import SignedKind
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report
from tests.benchmarks.stopwatch import seconds_each

_KEY = Ed25519PrivateKey.generate()
_SCHEME = OrderCodeScheme(environment="sandbox", gui="example.wallet.sbx")
_SIGNER = Signer(purpose=Purpose.QR, key_id="A1", private_key=_KEY)


async def qr_png(report: Report, pace: Pace) -> None:
    """A signed order code as a PNG: the same payload at the same error correction, drawn by both."""
    payload = _an_order_code()

    def common() -> None:
        qrcode.make(payload, error_correction=ERROR_CORRECT_M).save(io.BytesIO())

    common_s, ours_s = seconds_each(common, lambda: render.png(payload), rounds=pace.rounds)
    report.say("qr_png", common_s / ours_s, "times as fast as qrcode.make")
    report.say("qr_png_ours", ours_s * 1e3, "ms")


async def qr_sign(report: Report, pace: Pace) -> None:
    content = _an_order_code().encode()
    ours_s, bare_s = seconds_each(
        lambda: signing.sign(_SIGNER, environment="sandbox", kind=SignedKind.ORDER, content=content),
        lambda: _KEY.sign(content),
        rounds=pace.rounds,
    )
    report.say("qr_sign", ours_s / bare_s, "times bare Ed25519")


async def qr_verify(report: Report, pace: Pace) -> None:
    content, key = _an_order_code().encode(), _KEY.public_key()
    ours = signing.sign(_SIGNER, environment="sandbox", kind=SignedKind.ORDER, content=content)
    bare = _KEY.sign(content)

    def verify() -> None:
        assert signing.verify(key, ours, environment="sandbox", kind=SignedKind.ORDER, content=content)

    ours_s, bare_s = seconds_each(verify, lambda: key.verify(bare, content), rounds=pace.rounds)
    report.say("qr_verify", ours_s / bare_s, "times bare Ed25519")


async def qr_read(report: Report, pace: Pace) -> None:
    """A scanned order code from text to what it vouches for, in both forms."""
    key = _KEY.public_key()

    def key_of(_key_id: str) -> Ed25519PublicKey:
        return key

    for form in Form:
        code = _an_order_code(form)
        content = code.encode()
        bare = _KEY.sign(content)
        ours_s, bare_s = seconds_each(
            partial(read_signed, _SCHEME, code, key_of),
            partial(key.verify, bare, content),
            rounds=pace.rounds,
        )
        report.say(f"qr_read_{form}", ours_s / bare_s, "times bare Ed25519")


def _an_order_code(form: Form = Form.EMV) -> str:
    return write_signed(
        _SCHEME,
        form,
        payee=Payee(merchant_number="440305541112345", mcc="5411", name="鹏城百货", city="Shenzhen"),
        amount=Money(12_800, "CNY"),
        order_ref=draw_order_ref(7),
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
        signer=_SIGNER,
    )
