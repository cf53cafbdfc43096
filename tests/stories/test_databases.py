"""The same payment on the oldest PostgreSQL we support, and behind a PgBouncer in transaction mode."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import pytest

from gateway.storage.embedded import EmbeddedPostgres
from tests.pooled import PGBOUNCER, pooled
from tests.servers import FAST, make_template
from tests.town import Town, a_town


def _a_patient_town(url: str, core_url: str, **environ: str) -> AbstractAsyncContextManager[Town]:
    """On a busy machine nothing is given up early: what is asked here is whether the statements work at all."""
    return a_town(
        url,
        core_url,
        works=True,
        WALLET_CORE_TIMEOUT_S="8",
        RESEND_UNTIL_S="15",
        REVERSE_AFTER_S="45",
        **environ,
    )


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(settings=FAST, version=16) as server:
        make_template(server, "gateway")
        yield server


async def test_payments_refunds_and_doubts_end_on_postgresql_16(postgres: EmbeddedPostgres) -> None:
    async with _a_patient_town(postgres.url("gateway"), postgres.url("core")) as town:
        assert str(await town.pool.fetchval("SHOW server_version")).startswith("16.")
        await _a_shops_morning(town)


@pytest.mark.skipif(
    PGBOUNCER is None, reason="PgBouncer is not installed (Debian: apt-get install pgbouncer)"
)
async def test_payments_refunds_and_doubts_end_behind_pgbouncer_in_transaction_mode(
    postgres: EmbeddedPostgres,
) -> None:
    async with (
        pooled(postgres, "gateway") as url,
        _a_patient_town(
            url,
            postgres.url("core"),
            DATABASE_DIRECT_URL=postgres.url("gateway"),
            DATABASE_STATEMENT_CACHE="0",
        ) as town,
    ):
        await _a_shops_morning(town)


async def _a_shops_morning(town: Town) -> None:
    """Ten customers at once, one whose core loses the reply, a refund, a cancel, and a webhook subscription."""
    shop = await town.supermarket()
    payers = [
        *[await town.payer(10_000) for _ in range(9)],
        await town.payer(10_000, behaviour="reply_lost"),
    ]
    codes = [await town.code(payer) for payer in payers]
    paid = await asyncio.gather(*(shop.ask(1_000, code=code) for code in codes))
    assert [one.body["state"] for one in paid] == ["succeeded"] * 10, [one.body for one in paid]
    path = f"/v1/payments/{paid[0].body['id']}"
    refunded = await shop.office.post(
        f"{path}/refunds", {"merchant_refund_no": "R-1", "amount": {"amount_minor": 400, "currency": "CNY"}}
    )
    assert refunded.body["state"] == "succeeded", refunded.body
    canceled = await shop.till.post(f"/v1/payments/{paid[1].body['id']}/cancel", {})
    assert canceled.body["state"] == "canceled", canceled.body
    left = [await town.balance(f"payer:{payer.id}") for payer in payers]
    assert left == [9_400, 10_000, *[9_000] * 8]
