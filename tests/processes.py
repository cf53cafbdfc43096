"""The town of `tests.town`, but each of its houses is a process that a test may `kill -9` and start again.

A fork server imports the product once, so a start takes a tenth of a second and hundreds of kills are affordable.
What runs after the fork is the command itself. `tests/api/test_serve.py` and the demo start it cold.
"""

import asyncio
import json
import multiprocessing
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import aiohttp

from gateway import app
from gateway.demo.processes import free_ports
from gateway.settings import read
from gateway.storage.embedded import EmbeddedPostgres
from merchants.access.tokens import Tokens
from tests import forked
from tests.town import ISSUER, MASTER_KEY, Town, a_wallet

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.forked"])
# A machine under load; usually a start takes 0.2 s.
_READY_WITHIN_S = 60.0
_STOPS_WITHIN_S = 30.0
_ASK_EVERY_S = 0.02
# Longer than any proof, so that no till has to sign in again.
_TOKEN_LIFE_S = 4 * 3600


class ProgramFailed(Exception):
    """A program did not start; the end of its log says why."""


@dataclass(slots=True, kw_only=True)
class Program:
    """One of the product's commands, started again and again with the same arguments on the same port.

    Attributes:
        url: where it answers `/health/ready`; None for a worker, which answers nobody.
        kills: how often it was killed.
    """

    name: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    url: str | None = None
    kills: int = 0
    _process: ForkServerProcess | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} does not run"
        assert self._process.pid is not None, f"{self.name} was not started"
        return self._process.pid

    async def start(self) -> None:
        """Start it; returns when it is ready."""
        assert self._process is None, f"{self.name} runs already"
        self._process = _FORKS.Process(
            target=forked.run, args=(self.arguments, dict(self.environ), str(self.log)), daemon=True
        )
        self._process.start()
        if self.url is not None:
            await self._ready(self.url)

    async def kill(self) -> None:
        """`kill -9`; returns when it is gone."""
        assert self._process is not None, f"{self.name} does not run"
        process, self._process = self._process, None
        process.kill()
        self.kills += 1
        await _end(process)

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    async def stop(self) -> int | None:
        """SIGTERM, and its exit code; None if it did not run."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.terminate()
        try:
            async with asyncio.timeout(_STOPS_WITHIN_S):
                await _end(process)
        except TimeoutError:
            process.kill()
            await _end(process)
        return process.exitcode

    async def _ready(self, url: str) -> None:
        async with asyncio.timeout(_READY_WITHIN_S), aiohttp.ClientSession() as http:
            while not await _is_ready(http, url):
                if self._process is not None and not self._process.is_alive():
                    raise ProgramFailed(f"{self.name}:\n{self.log.read_text(errors='replace')[-2000:]}")
                # Another process has no other way to say that it listens.
                await asyncio.sleep(_ASK_EVERY_S)


@dataclass(slots=True, kw_only=True)
class City:
    """A town of processes; `town` speaks to them and knows their databases."""

    town: Town
    gateway: Program
    worker: Program
    core: Program
    core_database_url: str

    @property
    def programs(self) -> tuple[Program, ...]:
        return (self.gateway, self.worker, self.core)

    async def start(self, *programs: Program) -> None:
        async with asyncio.TaskGroup() as group:
            for one in programs:
                group.create_task(one.start())

    def defects(self) -> list[str]:
        """What the programs logged that no kill explains."""
        return [
            f"{one.name}: {line[:3000]}"
            for one in self.programs
            if one.log.exists()
            for line in one.log.read_text(errors="replace").splitlines()
            if '"defect"' in line or line.startswith(("AssertionError", "Fatal"))
        ]


@asynccontextmanager
async def a_city(
    database_url: str, core_database_url: str, folder: Path, settings: Mapping[str, str], *, serving: int = 1
) -> AsyncIterator[City]:
    """A town whose gateway, worker and core are processes, all started; leaving ends them.

    Args:
        serving: processes that share the gateway's port.
        settings: what differs from the defaults, such as `tests.town.FAST_DOUBT`.
    """
    environ = _environ(database_url, settings)
    async with app.build(read(environ)) as built, aiohttp.ClientSession() as http:
        office = _with_long_lived_tokens(built)
        (folder / "jwks.json").write_text(json.dumps(office.parts.keyring.jwks()))
        town = Town(
            settings=read(environ),
            replica=office,
            http=http,
            public=environ["PUBLIC_URL"],
            operators=f"http://127.0.0.1:{environ['OPERATORS_PORT']}",
            core=environ["WALLET_CORES"].partition("=")[2],
            wallet=await a_wallet(office, http, environ["PUBLIC_URL"]),
        )
        city = _city(town, core_database_url, folder, environ, serving)
        try:
            await city.start(city.gateway, city.worker, city.core)
            yield city
        finally:
            await asyncio.gather(*(one.kill() for one in city.programs if one.runs))


def _environ(database_url: str, settings: Mapping[str, str]) -> dict[str, str]:
    public_port, operators_port, core_port = free_ports(3)
    return {
        "GATEWAY_ENV": "sandbox",
        "DATABASE_URL": database_url,
        "MASTER_KEY": MASTER_KEY,
        "PUBLIC_URL": f"http://127.0.0.1:{public_port}",
        "PUBLIC_PORT": str(public_port),
        "OPERATORS_PORT": str(operators_port),
        "WALLET_CORES": f"{ISSUER}=http://127.0.0.1:{core_port}",
        "WEBHOOK_LOOPBACK": "true",
        # Loads are meant to find out what can be had.
        "RATE_LIMITS": "",
        "LOG_LEVEL": "WARNING",
        # So that a proof's last customer may come late.
        "PAYMENT_CODE_LIFE_S": str(_TOKEN_LIFE_S),
        **settings,
    }


def _city(town: Town, core_database_url: str, folder: Path, environ: Mapping[str, str], serving: int) -> City:
    def program(name: str, *arguments: str, url: str | None = None) -> Program:
        return Program(name=name, arguments=arguments, environ=environ, log=folder / f"{name}.log", url=url)

    keys = ("--gateway-jwks", str(folder / "jwks.json"))
    where = ("--database-url", core_database_url, "--port", town.core.rpartition(":")[2])
    return City(
        town=town,
        gateway=program("gateway", "serve", "--workers", str(serving), url=town.public),
        worker=program("worker", "work"),
        core=program("core", "reference-core", *where, *keys, url=town.core),
        core_database_url=core_database_url,
    )


def kept_postgres(*, version: int = 18, **settings: str) -> EmbeddedPostgres:
    """A server of a test's own that keeps what it acknowledged when it is killed."""
    return EmbeddedPostgres(settings={"fsync": "off", **settings}, version=version)


def _with_long_lived_tokens(office: app.Replica) -> app.Replica:
    parts = office.parts
    tokens = Tokens(
        parts.keyring, issuer=parts.public_url, environment=parts.environment, life_s=_TOKEN_LIFE_S
    )
    return replace(office, parts=replace(parts, tokens=tokens))


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/health/ready") as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


async def _end(process: ForkServerProcess) -> None:
    """Wait for its end without holding the event loop up."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(process.sentinel, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
