import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession

from gateway.demo.processes import free_ports

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def serving(**settings: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, int]]]:
    """`gateway serve` in a process of its own, and its ports by listener."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway", "serve"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, await _ports(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _ports(process: asyncio.subprocess.Process) -> dict[str, int]:
    assert process.stdout is not None
    ports: dict[str, int] = {}
    while len(ports) < 2 and (line := await process.stdout.readline()):
        said = json.loads(line)
        if said["event"] == "listening":
            ports[said["listener"]] = said["port"]
    return ports


def settings(database_url: str) -> dict[str, str]:
    return {
        "GATEWAY_ENV": "sandbox",
        "DATABASE_URL": database_url,
        "MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        "PUBLIC_PORT": "0",
        "OPERATORS_PORT": "0",
        "STOP_WITHIN_S": "5",
    }


async def test_a_replica_serves_until_it_is_asked_to_stop(database_url: str) -> None:
    async with serving(**settings(database_url)) as (process, ports), ClientSession() as http:
        for listener in ("public", "operators"):
            async with http.get(f"http://127.0.0.1:{ports[listener]}/health/ready") as answer:
                assert await answer.json() == {"status": "ready"}
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_replica_that_lacks_settings_says_all_of_them_and_does_not_start() -> None:
    async with serving(PUBLIC_PORT="high") as (process, ports):
        assert ports == {}
        _, words = await process.communicate()
        assert process.returncode == 1
        assert all(name in words.decode() for name in ("GATEWAY_ENV", "DATABASE_URL", "PUBLIC_PORT"))


async def test_a_replica_that_waits_for_its_database_says_so_at_once() -> None:
    [port] = free_ports(1)
    nobody = settings(f"postgresql://127.0.0.1:{port}/gateway")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "serve"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **nobody},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = json.loads(await process.stdout.readline())
    process.kill()
    await process.communicate()
    assert (said["event"], said["reason"]) == ("waiting_for_database", "ConnectionRefusedError")


async def test_a_database_that_is_not_there_or_not_migrated_is_one_sentence(server_url: str) -> None:
    for name, sentence in (("nowhere", "The database refuses us"), ("postgres", "run `gateway migrate`")):
        async with serving(**settings(server_url + name)) as (process, ports):
            assert ports == {}
            _, words = await process.communicate()
            assert process.returncode == 1
            assert sentence in words.decode()
            assert "Traceback" not in words.decode()
