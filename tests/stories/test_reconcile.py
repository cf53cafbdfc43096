"""Reconciliation finds nothing where both books agree, and names each difference where somebody changed one."""

import asyncio
import os
import sys
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from gateway.transfers.reconcile import Difference, Report, reconcile
from merchants.offers.offer import SHANGHAI
from tests.town import FAST_DOUBT, ISSUER, MASTER_KEY, Supermarket, Town, cny


def _today() -> date:
    return datetime.now(SHANGHAI).date()


async def _reconciled(town: Town) -> Report:
    return await reconcile(town.pool, town.replica.parts.cores, _today())


async def _trade(town: Town, shop: Supermarket) -> list[str]:
    """Payments with every ending, and refunds; the ids of the payments."""
    endings = ["normal", "insufficient_funds", "reply_lost", "reversal_refused", "normal"]
    payers = [await town.payer(10_000, behaviour=one) for one in endings]
    paid = [await shop.ask(1_000, code=await town.code(payer)) for payer in payers]
    ids = [one.body["id"] for one in paid]
    refund = {"merchant_refund_no": "R-1", "amount": cny(300)}
    refunded = await shop.office.post(f"/v1/payments/{ids[0]}/refunds", refund)
    assert refunded.body["state"] == "succeeded"
    canceled = await shop.till.post(f"/v1/payments/{ids[4]}/cancel", {})
    assert canceled.body["state"] == "canceled"
    silent = await town.payer(10_000, behaviour="late_arrival", seconds=30.0)
    asked = await shop.ask(1_000, code=await town.code(silent), wait_s=0)
    ended = await shop.till.get(f"/v1/payments/{asked.body['id']}?wait_s=20")
    assert ended.body["state"] == "reversed"
    return ids


async def test_books_that_agree_have_no_difference(town: Town) -> None:
    await _trade(town, await town.supermarket())
    report = await _reconciled(town)
    assert (report.differences, report.unresolved) == ([], 0)
    assert report.compared == 7


async def test_each_difference_is_named(town: Town, core_database_url: str) -> None:
    shop = await town.supermarket()
    payer = await town.payer(100_000)
    ids = [(await shop.ask(1_000, code=await town.code(payer))).body["id"] for _ in range(5)]
    lost, strange, dearer, undone, _same = [f"{one}.1" for one in ids]
    await town.pool.execute("DELETE FROM gateway.transfers WHERE owner_id = $1", ids[1])
    await town.pool.execute(
        """UPDATE gateway.transfers SET instruction = jsonb_set(instruction, '{legs,0,amount_minor}', '999')
           WHERE owner_id = $1""",
        ids[2],
    )
    await town.pool.execute("UPDATE gateway.transfers SET outcome = 'reversed' WHERE owner_id = $1", ids[3])
    await _forget(core_database_url, lost)
    report = await _reconciled(town)
    assert {(one.transfer_id, one.kind) for one in report.differences} == {
        (lost, "missing_at_core"),
        (strange, "missing_here"),
        (dearer, "other_amount"),
        (undone, "other_state"),
    }
    [state] = [one for one in report.differences if one.kind == "other_state"]
    assert state == Difference(
        core=ISSUER, transfer_id=undone, kind="other_state", ours="reversed", theirs="succeeded"
    )


async def test_the_command_prints_the_report_and_exits_with_1_for_a_difference(
    town: Town, database_url: str
) -> None:
    shop = await town.supermarket()
    payer = await town.payer(10_000)
    paid = await shop.ask(1_000, code=await town.code(payer))
    code, _ = await _command(town, database_url)
    assert code == 0
    await town.pool.execute("DELETE FROM gateway.transfers WHERE owner_id = $1", paid.body["id"])
    code, printed = await _command(town, database_url, "--json")
    assert code == 1
    report: dict[str, Any] = msgspec.json.decode(printed)
    assert [one["kind"] for one in report["differences"]] == ["missing_here"]


async def _command(town: Town, database_url: str, *options: str) -> tuple[int | None, bytes]:
    environ = {
        **os.environ,
        **FAST_DOUBT,
        "GATEWAY_ENV": "sandbox",
        "DATABASE_URL": database_url,
        "MASTER_KEY": MASTER_KEY,
        "WALLET_CORES": f"{ISSUER}={town.core}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "reconcile", "--date", str(_today()), *options,
        env=environ, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode, printed


async def _forget(core_database_url: str, transfer_id: str) -> None:
    """The core loses a transfer, which a core must never do."""
    connection = await asyncpg.connect(core_database_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM ledger.transfers WHERE id = $1", transfer_id)
    finally:
        await connection.close()
