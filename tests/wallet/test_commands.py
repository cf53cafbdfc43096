"""The core as a process of its own, and the command with which a bank checks its core."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from click.testing import CliRunner

from gateway.cli.wallet_core import wallet_core


@asynccontextmanager
async def gateway(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway", *arguments, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def output_of(*arguments: str) -> tuple[int, str]:
    async with gateway(*arguments) as process:
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()


async def test_a_bank_makes_a_key_and_checks_a_running_core(core_database_url: str, tmp_path: Path) -> None:
    key, jwks = tmp_path / "key.pem", tmp_path / "jwks.json"
    made = CliRunner().invoke(wallet_core, ["key", "--key", str(key)])
    assert made.exit_code == 0
    jwks.write_text(made.output)
    assert key.stat().st_mode & 0o077 == 0, "nobody else reads the key"

    serve = (
        "reference-core",
        "--database-url",
        core_database_url,
        "--gateway-jwks",
        str(jwks),
        "--port",
        "0",
    )
    async with gateway(*serve) as core:
        assert core.stdout is not None
        found = re.search(r"http://\S+", (await core.stdout.readline()).decode())
        assert found is not None
        url = found.group()
        check = ("wallet-core", "check", "--url", url, "--key", str(key), "--payer", "checked")

        assert (await output_of(*check))[0] == 3, "the payer has no money yet"
        wallet = {"balance_minor": 1_000_000, "currency": "CNY"}
        async with (
            aiohttp.ClientSession() as http,
            http.put(f"{url}/sandbox/wallets/checked", json=wallet) as set_,
        ):
            assert set_.status == 200
        status, printed = await output_of(*check)

        assert status == 0, printed
        assert "✗" not in printed
        other = tmp_path / "other.pem"
        CliRunner().invoke(wallet_core, ["key", "--key", str(other)])
        refused = await asyncio.to_thread(
            CliRunner().invoke,
            wallet_core,
            ["check", "--url", url, "--key", str(other), "--payer", "checked"],
        )
        assert (refused.exit_code, "✗" in refused.output) == (1, False)
        assert "does not know" in refused.output
        core.send_signal(signal.SIGTERM)
        assert await core.wait() == 0
        gone = await asyncio.to_thread(
            CliRunner().invoke, wallet_core, ["check", "--url", url, "--key", str(key), "--payer", "checked"]
        )
        assert (gone.exit_code, "✗" in gone.output) == (4, False), gone.output
