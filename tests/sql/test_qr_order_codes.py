from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merchants.ids import new_id, partner_no_of
from merchants.keyring import Purpose, Signer
from merchants.money import Money
from qr import codes
from qr.codes import OrderCode
from qr.emv_mpm import parse
from qr.errors import CodeExpired, CodeForged, CodeRevoked, CodeUnknown, QrCodeNotFound
from qr.order_code import OrderCodeScheme, Payee
from qr.sql import OrderCodeRow

SIGNER = Signer(purpose=Purpose.QR, key_id="A1", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
SCHEME = OrderCodeScheme(environment="sandbox", gui="cn.example.pay.test")
PARTNER_NO = 7
PARTNER = new_id("mer", PARTNER_NO)
PAYEE = Payee(merchant_number="100000000000001", mcc="5411", name="最佳超市", city="北京")


def key_of(key_id: str) -> Ed25519PublicKey | None:
    return SIGNER.public_key if key_id == SIGNER.key_id else None


async def issued(pool: asyncpg.Pool, *, payment_id: str = "pay_1", life_s: float = 300) -> OrderCode:
    async with pool.acquire() as conn:
        return await codes.issue_order_code(
            conn,
            scheme=SCHEME,
            signer=SIGNER,
            partner_id=PARTNER,
            partner_no=PARTNER_NO,
            merchant_id=PARTNER,
            payee=PAYEE,
            payment_id=payment_id,
            amount=Money(12_800, "CNY"),
            expires_at=datetime.now(UTC) + timedelta(seconds=life_s),
        )


async def found(pool: asyncpg.Pool, scanned: str) -> OrderCodeRow:
    async with pool.acquire() as conn:
        return await codes.find_order(conn, scheme=SCHEME, scanned=scanned, verify_key=key_of)


async def test_a_scanned_order_code_leads_to_its_payment(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    row = await found(pool, code.payload)
    assert (row.id, row.payment_id, row.partner_id) == (code.id, "pay_1", PARTNER)
    assert partner_no_of(code.id) == PARTNER_NO
    assert parse(row.payload).code.amount == "128.00"


async def test_a_forged_code_is_never_looked_up(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    with pytest.raises(CodeForged):
        async with pool.acquire() as conn:
            await codes.find_order(conn, scheme=SCHEME, scanned=code.payload, verify_key=lambda _: None)


async def test_a_signed_code_without_its_record_is_unknown(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    await pool.execute("DELETE FROM qr.order_codes")
    with pytest.raises(CodeUnknown):
        await found(pool, code.payload)


async def test_an_expired_code_is_refused_by_postgresqls_clock(pool: asyncpg.Pool) -> None:
    code = await issued(pool, life_s=-1)
    with pytest.raises(CodeExpired):
        await found(pool, code.payload)


async def test_a_revoked_code_is_refused_and_revoking_twice_is_no_error(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    for _ in range(2):
        async with pool.acquire() as conn:
            await codes.revoke(conn, partner_id=PARTNER, code_id=code.id)
    with pytest.raises(CodeRevoked):
        await found(pool, code.payload)


async def test_another_partners_code_is_not_found(pool: asyncpg.Pool) -> None:
    code, stranger = await issued(pool), new_id("mer", 8)
    async with pool.acquire() as conn:
        assert (await codes.order_code(conn, partner_id=PARTNER, code_id=code.id)).payload == code.payload
        with pytest.raises(QrCodeNotFound):
            await codes.order_code(conn, partner_id=stranger, code_id=code.id)
        with pytest.raises(QrCodeNotFound):
            await codes.revoke(conn, partner_id=stranger, code_id=code.id)


async def test_a_till_of_another_merchant_does_not_find_the_code(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    async with pool.acquire() as conn:
        with pytest.raises(QrCodeNotFound):
            await codes.order_code(conn, partner_id=PARTNER, code_id=code.id, merchant_id="mer_other")


async def test_a_payment_finds_the_code_it_is_shown_by(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    async with pool.acquire() as conn:
        row = await codes.order_code_of_payment(conn, partner_id=PARTNER, payment_id="pay_1")
        other = await codes.order_code_of_payment(conn, partner_id=PARTNER, payment_id="pay_2")
    assert row is not None
    assert (row.id, other) == (code.id, None)
