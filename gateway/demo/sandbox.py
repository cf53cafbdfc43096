"""A whole sandbox on this machine: PostgreSQL, the bank's wallet core, the gateway and its worker."""

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from gateway.client import Gateway, SigningKey
from gateway.demo.bank_core import BankCore
from gateway.demo.narration import Narrator
from gateway.demo.processes import Child, Processes, free_ports
from gateway.storage.embedded import EmbeddedPostgres

ISSUER = "demo-bank"
# Where the phone of the demo's page takes links to the wallet.
DEEP_LINK = "/demo/phone"
# The sandbox's first operator has this id in every gateway; its key came with the settings.
FIRST_OPERATOR = "cli_00000000000070008000000000000000"
# A cold start on a busy machine with two cores; usually it takes three.
_READY_WITHIN_S = 60.0
_ASK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the actors find: addresses, and the first operator's key.

    Attributes:
        gateway: the public listener.
        back_office: the operators' listener.
        folder: short-lived; logs and token files.
    """

    narrator: Narrator
    http: aiohttp.ClientSession
    gateway: Gateway
    back_office: Gateway
    core: BankCore
    first_operator: SigningKey
    processes: Processes
    folder: Path
    consumer_port: int
    page_port: int


@asynccontextmanager
async def open_sandbox(narrator: Narrator, *, with_page: bool = False) -> AsyncIterator[Stage]:
    """Everything up and ready; leaving stops it all, whatever happened.

    Args:
        narrator: is told how it goes.
        with_page: a page will be served at `page_port`, with a phone on it that opens links to the wallet.
    """
    async with AsyncExitStack() as stack:
        with narrator.chapter("A sandbox is set up"):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-demo-")))
            # Its folder goes with it, so nothing has to outlive a power cut.
            postgres = stack.enter_context(EmbeddedPostgres(settings={"fsync": "off"}))
            await _create_database(postgres.url(), "gateway")
            narrator.say("PostgreSQL answers, with a folder of its own")
            processes = Processes(folder)
            stack.push_async_callback(processes.stop)
            stage = await _set_up(stack, narrator, processes, postgres, folder, with_page=with_page)
        try:
            yield stage
        except Exception as error:
            for line in processes.complaints():
                error.add_note(line)
            raise


async def _set_up(
    stack: AsyncExitStack,
    narrator: Narrator,
    processes: Processes,
    postgres: EmbeddedPostgres,
    folder: Path,
    *,
    with_page: bool,
) -> Stage:
    public_port, operators_port, core_port, consumer_port, page_port = free_ports(5)
    public, operators, core = (
        f"http://127.0.0.1:{port}" for port in (public_port, operators_port, core_port)
    )
    first_operator = SigningKey.generate()
    environ = {
        "GATEWAY_ENV": "sandbox",
        "DATABASE_URL": postgres.url("gateway"),
        "MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
        "PUBLIC_URL": public,
        "PUBLIC_PORT": str(public_port),
        "OPERATORS_PORT": str(operators_port),
        "WALLET_CORES": f"{ISSUER}={core}",
        "BOOTSTRAP_OPERATOR_JWK": json.dumps(first_operator.public_jwk),
        "WEBHOOK_LOOPBACK": "true",
        # Whoever tries a payment by hand reads and types first.
        "PAYMENT_CODE_LIFE_S": "120",
        "WALLET_APP_LINK": f"http://127.0.0.1:{page_port}{DEEP_LINK}?code=" if with_page else "",
    }
    http = await stack.enter_async_context(aiohttp.ClientSession())
    await _start(narrator, processes, http, postgres.url("core"), environ, public=public, core=core)
    return Stage(
        narrator=narrator,
        http=http,
        gateway=await stack.enter_async_context(Gateway(public)),
        back_office=await stack.enter_async_context(Gateway(operators, issuer=public)),
        core=BankCore(http, core),
        first_operator=first_operator,
        processes=processes,
        folder=folder,
        consumer_port=consumer_port,
        page_port=page_port,
    )


async def _start(
    narrator: Narrator,
    processes: Processes,
    http: aiohttp.ClientSession,
    core_database: str,
    environ: dict[str, str],
    *,
    public: str,
    core: str,
) -> None:
    """The core needs the gateway's keys and the gateway the core, so both know the other's address beforehand."""
    wallet_core = await processes.start(
        "reference-core",
        *("gateway", "reference-core", "--database-url", core_database),
        *("--gateway-jwks", f"{public}/.well-known/jwks.json", "--port", core.rpartition(":")[2]),
    )
    await processes.run("migrate", "gateway", "migrate", environ=environ)
    narrator.say("the gateway's database is migrated")
    serve = await processes.start("serve", "gateway", "serve", environ=environ)
    worker = await processes.start("work", "gateway", "work", environ=environ)
    await _ready(http, core, wallet_core)
    narrator.say(f"the bank's wallet core listens at {core}, with a database of its own")
    await _ready(http, public, serve)
    worker.check()
    narrator.say(f"the gateway listens at {public}, its worker works")


async def _create_database(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


async def _ready(http: aiohttp.ClientSession, url: str, child: Child) -> None:
    """Until it says it is ready.

    Raises:
        ProcessFailed: it ended instead.
        TimeoutError: it took too long.
    """
    async with asyncio.timeout(_READY_WITHIN_S):
        while not await _is_ready(http, url):
            child.check()
            await asyncio.sleep(_ASK_EVERY_S)


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/health/ready") as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False
