import asyncio

import asyncpg
import pytest

from merchants.payer import PayerFacts
from merchants.sealing import Sealing
from qr import codes, credentials
from qr.codes import CodeKind, RedeemedCode
from qr.credentials import Provisioned
from qr.errors import (
    CodeExpired,
    CodeNeedsNetwork,
    CodeRefused,
    CodeRevoked,
    CodeUnknown,
    CodeUsed,
    CredentialNotFound,
    CredentialRevoked,
)
from qr.offline_code import write_offline_code
from qr.payment_code import PaymentCodeScheme
from tests.builders import a_payer

SCHEME = PaymentCodeScheme(environment="sandbox", prefix="23", sealing=Sealing(bytes(32)))
PAYER = a_payer(segments=("student",), factors=1)


async def enrolled(pool: asyncpg.Pool) -> Provisioned:
    async with pool.acquire() as conn, conn.transaction():
        return await credentials.enrol(conn, scheme=SCHEME, payer=PAYER)


async def renewed(pool: asyncpg.Pool, phone: Provisioned, payer: PayerFacts = PAYER) -> Provisioned:
    async with pool.acquire() as conn, conn.transaction():
        return await credentials.renew(conn, scheme=SCHEME, payer=payer, credential_id=phone.id)


async def revoked(pool: asyncpg.Pool, phone: Provisioned, issuer: str = PAYER.issuer) -> None:
    async with pool.acquire() as conn:
        await credentials.revoke(conn, issuer=issuer, credential_id=phone.id)


async def shown(pool: asyncpg.Pool, phone: Provisioned, minutes: int = 0) -> str:
    """What the phone shows so many minutes from now."""
    now = await pool.fetchval("SELECT floor(extract(epoch FROM clock_timestamp()) / 60)::bigint")
    return write_offline_code(
        prefix=SCHEME.prefix, number=phone.number, secret=phone.secret, step=now + minutes
    )


async def redeemed(pool: asyncpg.Pool, code: str, *, payment_id: str = "pay_1") -> RedeemedCode:
    async with pool.acquire() as conn:
        return await codes.redeem(
            conn, scheme=SCHEME, code=code, payment_id=payment_id, merchant_id="mer_1", terminal_id="trm_1"
        )


async def refused(pool: asyncpg.Pool, code: str, why: type[CodeRefused]) -> None:
    with pytest.raises(why):
        await redeemed(pool, code)


async def wrong(pool: asyncpg.Pool, phone: Provisioned, times: int) -> None:
    code = write_offline_code(prefix=SCHEME.prefix, number=phone.number, secret=bytes(32), step=1)
    for _ in range(times):
        await refused(pool, code, CodeUnknown)
        async with pool.acquire() as conn:
            await credentials.count_wrong_code(conn, scheme=SCHEME, code=code)


async def test_an_offline_code_brings_back_its_payer(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    found = await redeemed(pool, await shown(pool, phone))
    assert (found.code_id, found.payer, found.kind) == (phone.id, PAYER, CodeKind.OFFLINE)
    assert "offline" in found.kind
    assert found.kind.is_dynamic


async def test_each_minute_pays_once_and_the_next_one_again(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    code = await shown(pool, phone)
    await redeemed(pool, code)
    await refused(pool, code, CodeUsed)
    await redeemed(pool, await shown(pool, phone, 1))
    await refused(pool, code, CodeUsed)


async def test_of_a_hundred_tills_one_redeems_an_offline_code(pool: asyncpg.Pool) -> None:
    code = await shown(pool, await enrolled(pool))
    attempts = [redeemed(pool, code, payment_id=f"pay_{n}") for n in range(100)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(one, RedeemedCode) for one in outcomes) == 1
    assert sum(isinstance(one, CodeUsed) for one in outcomes) == 99


async def test_a_code_whose_payment_rolled_back_is_still_good(pool: asyncpg.Pool) -> None:
    code = await shown(pool, await enrolled(pool))
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await codes.redeem(
            conn, scheme=SCHEME, code=code, payment_id="pay_1", merchant_id="mer_1", terminal_id=None
        )
        await transaction.rollback()
    await redeemed(pool, code)


async def test_a_code_after_its_window_is_expired_and_one_from_the_future_unknown(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    await refused(pool, await shown(pool, phone, -3), CodeExpired)
    await refused(pool, await shown(pool, phone, 4), CodeUnknown)


async def test_a_lost_phones_codes_are_refused_and_it_cannot_be_renewed(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    newer = await renewed(pool, phone)
    for _ in range(2):
        await revoked(pool, phone)
    for one in (phone, newer):
        await refused(pool, await shown(pool, one), CodeRevoked)
    with pytest.raises(CredentialRevoked):
        await renewed(pool, phone)


async def test_another_payer_or_issuer_reaches_no_credential(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    with pytest.raises(CredentialNotFound):
        await renewed(pool, phone, a_payer(id="payer-2"))
    with pytest.raises(CredentialNotFound):
        await revoked(pool, phone, issuer="another-bank")
    await redeemed(pool, await shown(pool, phone))


async def test_a_renewal_changes_number_and_secret_and_the_ones_before_end_within_a_day(
    pool: asyncpg.Pool,
) -> None:
    phone = await enrolled(pool)
    newer = await renewed(pool, phone)
    assert phone.id == newer.id
    assert (phone.number, phone.secret) != (newer.number, newer.secret)
    lives = await pool.fetch(
        """SELECT round(extract(epoch FROM expires_at - clock_timestamp()) / 86400)::int AS days
           FROM qr.credential_numbers ORDER BY issued_at"""
    )
    assert [row["days"] for row in lives] == [1, 7]
    await redeemed(pool, await shown(pool, phone))
    await redeemed(pool, await shown(pool, newer))


async def test_five_wrong_codes_force_a_phone_online_and_lock_nobody_out(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    await wrong(pool, phone, 4)
    await redeemed(pool, await shown(pool, phone))
    await wrong(pool, phone, 1)
    await refused(pool, await shown(pool, phone, 1), CodeNeedsNetwork)
    await redeemed(pool, await shown(pool, await renewed(pool, phone)))


async def test_a_phone_too_long_away_has_to_be_online_first(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    await pool.execute("UPDATE qr.credential_numbers SET expires_at = clock_timestamp()")
    await refused(pool, await shown(pool, phone), CodeNeedsNetwork)


async def test_an_offline_code_of_another_environment_is_unknown(pool: asyncpg.Pool) -> None:
    code = await shown(pool, await enrolled(pool))
    await pool.execute("DELETE FROM qr.credential_numbers")
    await refused(pool, code, CodeUnknown)


async def test_neither_secret_nor_code_is_stored(pool: asyncpg.Pool) -> None:
    phone = await enrolled(pool)
    await redeemed(pool, await shown(pool, phone))
    row = await pool.fetchval("SELECT credential_numbers::text FROM qr.credential_numbers")
    assert phone.secret.hex() not in row
    assert (await shown(pool, phone))[11:] not in row


async def test_what_is_long_dead_is_forgotten(pool: asyncpg.Pool) -> None:
    await enrolled(pool)
    await pool.execute("UPDATE qr.credential_numbers SET expires_at = clock_timestamp() - interval '2 days'")
    await pool.execute("UPDATE qr.code_credentials SET renewed_at = clock_timestamp() - interval '9 days'")
    live = await enrolled(pool)
    async with pool.acquire() as conn:
        assert [await codes.sweep(conn, limit=10) for _ in range(3)] == [1, 1, 0]
    await redeemed(pool, await shown(pool, live))


async def test_a_revocation_is_not_answered_while_a_payment_still_sees_the_phone_alive(
    pool: asyncpg.Pool,
) -> None:
    phone = await enrolled(pool)
    code = await shown(pool, phone)
    async with pool.acquire() as conn, conn.transaction():
        await codes.redeem(
            conn, scheme=SCHEME, code=code, payment_id="pay_1", merchant_id="mer_1", terminal_id="trm_1"
        )
        revoking = asyncio.create_task(revoked(pool, phone))
        async with asyncio.timeout(30):
            while not revoking.done() and not await _somebody_waits(pool):
                pass
        assert not revoking.done()
    await revoking


async def _somebody_waits(pool: asyncpg.Pool) -> bool:
    waits: bool = await pool.fetchval(
        """SELECT count(*) > 0 FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()"""
    )
    return waits
