"""The yardstick: what PostgreSQL's own benchmark gets out of this very server."""

import asyncio
import re

from gateway.storage.embedded import EmbeddedPostgres
from tests.servers import execute

_DATABASE = "pgbench"
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


async def prepare(postgres: EmbeddedPostgres) -> None:
    await execute(postgres.url(), f"CREATE DATABASE {_DATABASE}")
    await _pgbench(postgres, "-i", "-q", "-s", "10")


async def tps(postgres: EmbeddedPostgres, *, seconds: int) -> float:
    """Transactions a second of the built-in simple-update script."""
    said = await _pgbench(postgres, "-N", "-c", "16", "-j", "2", "-M", "prepared", "-T", str(seconds))
    found = _TPS.search(said)
    assert found is not None, said
    return float(found[1])


async def _pgbench(postgres: EmbeddedPostgres, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(postgres.bin_dir / "pgbench"),
        *arguments,
        postgres.url(_DATABASE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
