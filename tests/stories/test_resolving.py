"""Doubt about one core's payments does not wait for another core."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.owners import owners
from gateway.transfers import sql
from gateway.transfers.resolve import LOOKS_A_CORE, Resolver
from gateway.wallet.core import Leg, Transfer
from gateway.wallet.rest import RestCore
from gateway.wallet.routing import Cores
from merchants.keyring import Purpose
from tests.town import ISSUER, Town, a_town

_HUNG = "hung-bank"
# Long enough that a resolver which waited for it would be late.
_PATIENCE_S = 20.0


@pytest.fixture
async def town(database_url: str, core_database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url, core_database_url, works=False) as opened:
        yield opened


async def test_a_core_that_hangs_holds_up_the_doubts_about_nobody_elses_payments(town: Town) -> None:
    async with _a_core_that_hangs(town) as hung:
        shop, payer = await town.supermarket(), await town.payer(10_000, behaviour="reply_lost")
        await _doubts_at_the_hung_core(town, 3 * LOOKS_A_CORE)
        asked = await shop.ask(1_000, code=await town.code(payer), wait_s=0)
        needs, cores = town.replica.parts.payments, town.replica.parts.cores
        wake = asyncio.Event()
        resolver = Resolver(
            pool=town.pool,
            cores=Cores({ISSUER: cores.for_issuer(ISSUER), _HUNG: hung}),
            owners=owners(needs, town.replica.parts.sealing),
            patience=needs.patience,
            wake=wake,
        )
        async with asyncio.timeout(_PATIENCE_S / 2):
            while (await shop.till.get(f"/v1/payments/{asked.body['id']}")).body["state"] == "processing":
                await resolver.run_once()
        await resolver.stop(grace_s=0)
    held = await town.pool.fetchval(
        "SELECT count(*) FROM gateway.transfers WHERE state <> 'final' AND leased_until > now()"
    )
    assert held == 0, "what was not finished is handed back"


@asynccontextmanager
async def _a_core_that_hangs(town: Town) -> AsyncIterator[RestCore]:
    """It takes connections and never says a word."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    core = RestCore(
        name=_HUNG,
        url=f"http://{host}:{port}",
        signer=lambda: town.replica.parts.keyring.signer(Purpose.CORE),
        timeout_s=2 * _PATIENCE_S,
    )
    async with server, core:
        yield core


async def _doubts_at_the_hung_core(town: Town, number: int) -> None:
    leg = Leg(role="payer", source="payer:p", target="merchant:m", amount_minor=1)
    async with town.pool.acquire() as conn, conn.transaction():
        for n in range(number):
            transfer = Transfer(id=f"pay_{n}.1", kind="debit", unit="CNY", legs=(leg,), issuer=_HUNG)
            await sql.insert(
                conn,
                transfer,
                partner_id="mer_1",
                owner_id=f"pay_{n}",
                n=1,
                purpose="payment",
                look_after_s=0.0,
            )
