"""Codes of the other environment, and what no record of ours may hold of a code."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import prometheus_client
import pytest
import structlog
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from merchants.keyring import Purpose, Signer
from merchants.money import Money
from merchants.sealing import Sealing
from qr.offline_code import write_offline_code
from qr.order_code import OrderCodeScheme, Payee
from qr.order_ref import draw_order_ref
from qr.payment_code import PaymentCodeScheme
from qr.signed_code import Form, write_signed
from qr.store_code import write_store_code
from tests.prove.legibility import LOGO
from tests.town import Town, a_town

_PAYEE = Payee(merchant_number="100000000000001", mcc="5411", name="CORNER SHOP", city="SHENZHEN")
_SIGNER = Signer(purpose=Purpose.QR, key_id="A1", private_key=Ed25519PrivateKey.generate())
_THERE = OrderCodeScheme(
    environment="production", gui="cn.example.wallet", link_base="HTTPS://PAY.EXAMPLE.CN/Q/"
)
_CODES_THERE = PaymentCodeScheme(environment="production", prefix="52", sealing=Sealing(bytes(32)))


@pytest.fixture
async def sandbox(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    (tmp_path / "logo.png").write_bytes(LOGO.png)
    async with a_town(
        database_url,
        core_database_url,
        OTHER_ENVIRONMENT_PREFIX=_CODES_THERE.prefix,
        OTHER_ENVIRONMENT_GUI=_THERE.gui,
        OTHER_ENVIRONMENT_URL="https://pay.example.cn",
        QR_LOGO=str(tmp_path / "logo.png"),
    ) as opened:
        yield opened


def shown_there(form: Form) -> str:
    return write_signed(
        _THERE,
        form,
        payee=_PAYEE,
        amount=Money(12_800, "CNY"),
        order_ref=draw_order_ref(7),
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
        signer=_SIGNER,
    )


async def test_a_customers_code_of_the_other_environment_is_refused_by_name(sandbox: Town) -> None:
    shop = await sandbox.supermarket()
    online = _CODES_THERE.draw()
    offline = write_offline_code(prefix=_CODES_THERE.prefix, number=7, secret=bytes(32), step=1)
    for code in (online, offline, _CODES_THERE.as_cpm(online), _CODES_THERE.as_cpm(offline)):
        asked = await shop.ask(1_000, code=code)
        assert (asked.status, asked.body["code"]) == (422, "code_of_other_environment")
        said = (await shop.till.post("/v1/qr-codes/inspect", {"code": code})).body
        assert (said["kind"], said["ours"], said["reason"]) == (
            "payment_code",
            False,
            "code_of_other_environment",
        )
    wrong = await sandbox.pool.fetchval("SELECT count(*) FROM qr.wrong_codes")
    assert wrong == 0, "a mix-up is no guess"


async def test_a_shops_code_of_the_other_environment_is_refused_by_name(sandbox: Town) -> None:
    shop, payer = await sandbox.supermarket(), await sandbox.payer()
    who = {"id": payer.id, "person_id": payer.person_id}
    sticker = write_store_code(
        _THERE, payee=_PAYEE, currency="CNY", code_ref=draw_order_ref(7), signer=_SIGNER
    )
    for code in (shown_there(Form.EMV), shown_there(Form.LINK), sticker):
        scanned = await sandbox.wallet.post("/wallet/v1/scans", {"code": code, "payer": who})
        assert (scanned.status, scanned.body["code"]) == (422, "code_of_other_environment")
        said = (await shop.till.post("/v1/qr-codes/inspect", {"code": code})).body
        assert (said["ours"], said["reason"]) == (False, "code_of_other_environment")


async def test_a_picture_with_the_banks_logo_is_another_picture_of_the_same_code(sandbox: Town) -> None:
    shop = await sandbox.supermarket()
    payment = (await shop.ask(12_800)).body
    code = (await shop.office.post("/v1/qr-codes", {"payment_id": payment["id"]})).body
    path = f"/v1/qr-codes/{code['id']}/image"
    plain, branded = [await shop.till.get(path + query) for query in ("", "?logo=true")]
    assert plain.headers["ETag"] != branded.headers["ETag"]
    picture = Image.open(io.BytesIO(branded.body))
    assert picture.mode == "RGB"
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == code["payload"]
    slip = await shop.till.get(path + "?use=till&logo=true")
    assert Image.open(io.BytesIO(slip.body)).mode == "1"


async def test_no_code_stands_whole_in_a_log_line_a_metric_or_a_problem(sandbox: Town) -> None:
    shop, payer = await sandbox.supermarket(), await sandbox.payer()
    who = {"id": payer.id, "person_id": payer.person_id}
    link = (await shop.ask(12_800, qr_form="link")).body["next_action"]["qr_payload"]
    order = (await shop.ask(12_800)).body["next_action"]["qr_payload"]
    live, unknown = await sandbox.code(payer), sandbox.replica.parts.payment_codes.draw()
    said = ""
    with structlog.testing.capture_logs() as lines:
        for code in (live, live, unknown, live[:-1] + "x"):
            said += str((await shop.ask(1_000, code=code)).body)
        for code in (link, order, shown_there(Form.EMV), shown_there(Form.LINK)):
            said += str((await shop.till.post("/v1/qr-codes/inspect", {"code": code})).body)
            said += str(
                (await sandbox.wallet.post("/wallet/v1/scans", {"code": code + "0", "payer": who})).body
            )
        async with sandbox.http.get(f"{sandbox.public}/Q/{link[-193:]}") as page:
            said += await page.text()
    assert len([line for line in lines if line["event"] == "answered"]) >= 13
    kept = said + str(lines) + prometheus_client.generate_latest().decode()
    for code in (live, unknown, link[-193:], order):
        assert code not in kept
