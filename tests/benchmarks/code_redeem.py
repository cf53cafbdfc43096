"""Payment codes issued and redeemed, against what the same PostgreSQL can do at all."""

import asyncio
from itertools import count
from statistics import median
from time import monotonic

import asyncpg

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.pool import open_pool
from merchants.sealing import Sealing
from qr import codes
from qr.payment_code import PaymentCodeScheme
from tests.benchmarks import pgbench
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report
from tests.builders import a_payer
from tests.servers import make_template

_AT_ONCE = 16
"""As many connections as pgbench has."""
_SCHEME = PaymentCodeScheme(environment="sandbox", prefix="51", sealing=Sealing(bytes(32)))


async def code_redeem(report: Report, pace: Pace) -> None:
    """A pair is two transactions of one statement each: a wallet gets a code, a till uses it up."""
    with EmbeddedPostgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "codes")
        await pgbench.prepare(postgres)
        pool = await open_pool(postgres.url("codes"), size=_AT_ONCE)
        try:
            await _pairs_a_second(pool, seconds=1)  # plans, connections, caches
            rounds = [
                (await pgbench.tps(postgres, seconds=pace.round_s), await _pairs_a_second(pool, pace.round_s))
                for _ in range(pace.rounds)
            ]
        finally:
            await pool.close()
    report.say("code_redeem", median(pairs / tps for tps, pairs in rounds), "pairs a pgbench transaction")
    report.say("code_redeem_pairs", median(pairs for _, pairs in rounds), "pairs/s")


async def _pairs_a_second(pool: asyncpg.Pool, seconds: float) -> float:
    ends_at, numbers = monotonic() + seconds, count()

    async def till() -> int:
        done = 0
        while monotonic() < ends_at:
            await _pair(pool, next(numbers))
            done += 1
        return done

    return sum(await asyncio.gather(*(till() for _ in range(_AT_ONCE)))) / seconds


async def _pair(pool: asyncpg.Pool, number: int) -> None:
    async with pool.acquire() as conn:
        issued = await codes.issue_payment_code(conn, scheme=_SCHEME, payer=a_payer(id=f"payer-{number}"))
    async with pool.acquire() as conn:
        await codes.redeem(
            conn,
            scheme=_SCHEME,
            code=issued.code,
            payment_id=f"pay_{number}",
            merchant_id="mer_1",
            terminal_id=f"trm_{number % 100}",
        )
