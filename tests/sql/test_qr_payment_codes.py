import asyncio
from dataclasses import replace

import asyncpg
import pytest

from merchants.sealing import Sealing
from qr import codes
from qr.codes import CodeKind
from qr.errors import CodeExpired, CodeForeign, CodeMalformed, CodeUnknown, CodeUsed, TooManyWrongCodes
from qr.payment_code import PaymentCodeScheme
from tests.builders import a_payer

SCHEME = PaymentCodeScheme(environment="sandbox", prefix="23", sealing=Sealing(bytes(32)))
PAYER = a_payer(segments=("new_customer", "student"), factors=2, certificate=True)


async def issued(pool: asyncpg.Pool, *, scheme: PaymentCodeScheme = SCHEME) -> str:
    async with pool.acquire() as conn:
        fresh = await codes.issue_payment_code(conn, scheme=scheme, payer=PAYER)
    return fresh.code


async def redeemed(
    pool: asyncpg.Pool,
    code: str,
    *,
    payment_id: str = "pay_1",
    terminal_id: str | None = "trm_1",
    scheme: PaymentCodeScheme = SCHEME,
) -> codes.RedeemedCode:
    async with pool.acquire() as conn:
        return await codes.redeem(
            conn,
            scheme=scheme,
            code=code,
            payment_id=payment_id,
            merchant_id="mer_1",
            terminal_id=terminal_id,
        )


async def test_a_code_brings_back_the_payer_it_was_issued_for(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        fresh = await codes.issue_payment_code(conn, scheme=SCHEME, payer=PAYER)
    found = await redeemed(pool, fresh.code)
    assert (found.code_id, found.payer, found.kind) == (fresh.id, PAYER, CodeKind.PAYMENT)
    assert fresh.code not in repr(fresh)


async def test_of_a_hundred_tills_one_redeems_a_code(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    attempts = [redeemed(pool, code, payment_id=f"pay_{n}", terminal_id=f"trm_{n}") for n in range(100)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    winners = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, codes.RedeemedCode)]
    assert len(winners) == 1
    assert sum(isinstance(outcome, CodeUsed) for outcome in outcomes) == 99
    assert await pool.fetchval("SELECT payment_id FROM qr.payment_codes") == f"pay_{winners[0]}"


async def test_a_code_whose_transaction_rolled_back_is_still_good(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await codes.redeem(
            conn, scheme=SCHEME, code=code, payment_id="pay_1", merchant_id="mer_1", terminal_id=None
        )
        await transaction.rollback()
    assert (await redeemed(pool, code, payment_id="pay_2")).payer == PAYER


async def test_a_code_after_its_minute_is_expired(pool: asyncpg.Pool) -> None:
    code = await issued(pool, scheme=replace(SCHEME, life_s=0))
    with pytest.raises(CodeExpired):
        await redeemed(pool, code)


async def test_a_used_code_stays_used_after_its_minute(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    await redeemed(pool, code)
    await pool.execute("UPDATE qr.payment_codes SET expires_at = clock_timestamp()")
    with pytest.raises(CodeUsed):
        await redeemed(pool, code)


async def test_what_we_never_issued_is_unknown_malformed_or_foreign(pool: asyncpg.Pool) -> None:
    with pytest.raises(CodeUnknown):
        await redeemed(pool, SCHEME.draw())
    with pytest.raises(CodeMalformed):
        await redeemed(pool, "23")
    with pytest.raises(CodeForeign):
        await redeemed(pool, "134567890123456789")


async def test_a_code_of_another_environment_is_refused(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    other = PaymentCodeScheme(environment="production", prefix="23", sealing=SCHEME.sealing)
    with pytest.raises(CodeUnknown):
        await redeemed(pool, code, scheme=other)
    prefixed = PaymentCodeScheme(environment="production", prefix="24", sealing=SCHEME.sealing)
    with pytest.raises(CodeForeign):
        await redeemed(pool, code, scheme=prefixed)


async def test_a_code_issued_before_a_rotation_of_the_master_key_is_redeemed_after_it(
    pool: asyncpg.Pool,
) -> None:
    code = await issued(pool)
    rotated = Sealing(b"\x01" * 32, retired=[bytes(32)])
    after = PaymentCodeScheme(environment="sandbox", prefix="23", sealing=rotated)
    assert (await redeemed(pool, code, scheme=after)).payer == PAYER


async def test_no_digit_of_a_code_is_stored(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    await redeemed(pool, code)
    row = await pool.fetchval("SELECT payment_codes::text FROM qr.payment_codes")
    assert code[2:] not in row
    assert code.encode().hex() not in row


async def wrong(pool: asyncpg.Pool, terminal_id: str, times: int) -> None:
    async with pool.acquire() as conn:
        for _ in range(times):
            await codes.count_wrong_code(conn, merchant_id="mer_1", terminal_id=terminal_id)


async def test_a_terminal_that_guesses_is_slowed_and_nobody_else(pool: asyncpg.Pool) -> None:
    code = await issued(pool)
    await wrong(pool, "trm_guesser", 20)
    with pytest.raises(TooManyWrongCodes) as refused:
        await redeemed(pool, code, terminal_id="trm_guesser")
    assert 590 <= refused.value.retry_after_s <= 600
    assert (await redeemed(pool, code, terminal_id="trm_honest")).payer == PAYER


async def test_many_guessing_terminals_slow_their_merchant(pool: asyncpg.Pool) -> None:
    for n in range(10):
        await wrong(pool, f"trm_{n}", 20)
    code = await issued(pool)
    with pytest.raises(TooManyWrongCodes):
        await redeemed(pool, code, terminal_id=None)


async def test_a_guessers_window_ends(pool: asyncpg.Pool) -> None:
    await wrong(pool, "trm_1", 20)
    await pool.execute("UPDATE qr.wrong_codes SET window_ends_at = clock_timestamp()")
    await redeemed(pool, await issued(pool))
    await wrong(pool, "trm_1", 1)
    assert await pool.fetchval("SELECT count FROM qr.wrong_codes WHERE subject = 'trm_1'") == 1


async def test_wrong_codes_counted_at_once_are_all_counted(pool: asyncpg.Pool) -> None:
    await asyncio.gather(*(wrong(pool, f"trm_{n % 2}", 5) for n in range(10)))
    counts = await pool.fetch("SELECT subject, count FROM qr.wrong_codes ORDER BY subject")
    assert [tuple(row) for row in counts] == [("mer_1", 50), ("trm_0", 25), ("trm_1", 25)]


async def test_codes_long_dead_are_forgotten_and_live_ones_kept(pool: asyncpg.Pool) -> None:
    for _ in range(3):
        await issued(pool)
    live = await issued(pool)
    await pool.execute(
        """UPDATE qr.payment_codes SET expires_at = clock_timestamp() - interval '2 hours'
           WHERE code_hash <> $1""",
        SCHEME.hash(live),
    )
    async with pool.acquire() as conn:
        assert [await codes.sweep(conn, limit=2) for _ in range(3)] == [2, 1, 0]
    assert (await redeemed(pool, live)).payer == PAYER
