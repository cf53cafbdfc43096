"""Shops on real processes: PostgreSQL as it ships, a wallet core, a gateway, and tills that are signed in.

Partners, tills, wallets and codes are put in from below, because what is measured is a payment and nothing else.
"""

import asyncio
import base64
import itertools
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from gateway.demo.processes import Child, Processes, free_ports
from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.migrate import migrate
from gateway.storage.pool import open_pool
from merchants.access import clients, jwk
from merchants.access import sql as access_sql
from merchants.access.principal import Client
from merchants.access.tokens import Tokens
from merchants.ids import BANK, new_id
from merchants.keyring import Keyring
from merchants.offers.offer import Deal
from merchants.sealing import Sealing
from qr.payment_code import PaymentCodeScheme
from tests.benchmarks.tills import Job, Tally, Till
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.onboarded import a_till, an_active_merchant
from tests.signing_in import OwnKey
from webhooks import endpoints
from webhooks.address_guard import AddressPolicy
from webhooks.endpoint import Wishes

ISSUER = "bench-bank"
PUBLIC_URL = "https://gateway.bench.example"
MASTER_KEY = bytes(range(32))
_LISTENING = re.compile(r"http://[0-9.]+:[0-9]+")
# As many shops as keep one shop's budget from being what is measured (`payments_hot_budget` measures that).
_SHOPS = 8
_TILLS_A_SHOP = 4
# As many as make a payer come back rarely, and rich enough to do it.
_PAYERS = 5_000
_BALANCE_MINOR = 10**11


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInTill:
    """A till and the token it pays with."""

    partner_id: str
    token: str


@dataclass(slots=True, kw_only=True)
class HighStreet:
    """All that is running, and the tills that pay there."""

    postgres: EmbeddedPostgres
    pool: asyncpg.Pool
    processes: Processes
    folder: Path
    url: str
    environ: dict[str, str]
    tills: list[SignedInTill]
    parts: dict[str, int]

    async def queue_up(
        self, *, seconds: float, codes_a_s: int = 1_200, connections: int = 32, rate_per_s: float = 0
    ) -> Job:
        """Customers with fresh codes, more than can be served in the time."""
        codes = await _issue_codes(self.pool, int(codes_a_s * seconds) + connections * 10)
        return Job(
            url=self.url,
            tills=[
                Till(one.token, codes[number :: len(self.tills)]) for number, one in enumerate(self.tills)
            ],
            connections=connections,
            seconds=seconds,
            run=os.urandom(4).hex(),
            rate_per_s=rate_per_s,
        )

    async def pay(self, job: Job) -> Tally:
        """Have the tills serve them, from a process of their own."""
        file = self.folder / "job.json"
        file.write_bytes(msgspec.json.encode(job))
        load = await self.processes.start("tills", "tests.benchmarks.tills", str(file), piped=True)
        assert load.process.stdout is not None
        said = await load.process.stdout.read()
        assert said, load.tail()
        tally = msgspec.json.decode(said, type=Tally)
        assert not tally.others, tally.others
        return tally

    async def start(self, name: str, *arguments: str, piped: bool = False) -> Child:
        """One process more, whose processor time is counted under its name."""
        child = await self.processes.start(name, *arguments, environ=self.environ, piped=piped)
        self.parts[name] = child.process.pid
        return child


@asynccontextmanager
async def a_high_street(
    *,
    webhook_url: str = "http://127.0.0.1:9/",
    deals: tuple[Deal, ...] | None = None,
    shops: int = _SHOPS,
    server: dict[str, str] | None = None,
    **environ: str,
) -> AsyncIterator[HighStreet]:
    """Everything up; `deals` are live at every shop, one if nothing else is said. Fewer shops have more tills each."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, EmbeddedPostgres(settings=server) as postgres:
        folder, [port, operators_port] = Path(name), free_ports(2)
        await _make_database(postgres)
        processes = Processes(folder)
        pool = await open_pool(postgres.url("gateway"), size=4)
        street = HighStreet(
            postgres=postgres,
            pool=pool,
            processes=processes,
            folder=folder,
            url=f"http://127.0.0.1:{port}",
            environ={
                "GATEWAY_ENV": "sandbox",
                "DATABASE_URL": postgres.url("gateway"),
                "PUBLIC_URL": PUBLIC_URL,
                "PUBLIC_PORT": str(port),
                "OPERATORS_PORT": str(operators_port),
                "MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
                "WEBHOOK_LOOPBACK": "true",
                "RATE_LIMITS": "",
                **environ,
            },
            tills=[],
            parts={"database": _postmaster(postgres)},
        )
        try:
            await _open_shops(street, webhook_url, deals if deals is not None else (a_deal(),), shops)
            await _start_core(street)
            await _start_gateway(street)
            yield street
        finally:
            await processes.stop()
            await pool.close()


async def _make_database(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE gateway")
    await connection.close()
    await migrate(postgres.url("gateway"))


def _postmaster(postgres: EmbeddedPostgres) -> int:
    return int((postgres.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])


async def _start_core(street: HighStreet) -> None:
    """The bank's core, with its payers."""
    core = await street.start(
        "core", "gateway", "reference-core", "--database-url", street.postgres.url("core"),
        "--gateway-jwks", f"{street.url}/.well-known/jwks.json", "--port", "0", piped=True,
    )  # fmt: skip
    assert core.process.stdout is not None
    listening = _LISTENING.search((await core.process.stdout.readline()).decode())
    assert listening is not None, core.tail()
    street.environ["WALLET_CORES"] = f"{ISSUER}={listening[0]}"
    connection = await asyncpg.connect(street.postgres.url("core"))
    await connection.execute(
        f"""SELECT ledger.set_wallet('payer:w-' || n, 'CNY', {_BALANCE_MINOR}, 'normal', 0)
              FROM generate_series(0, {_PAYERS - 1}) AS n"""
    )
    await connection.close()


async def _start_gateway(street: HighStreet) -> None:
    gateway = await street.start("gateway", "gateway", "serve", "--workers", "2", piped=False)
    while gateway.log.read_text().count('"listening"') < 2:
        gateway.check()
        await asyncio.sleep(0.05)


async def _open_shops(street: HighStreet, webhook_url: str, deals: tuple[Deal, ...], shops: int) -> None:
    """Partners with their tills, live offers, and an endpoint that wants everything."""
    sealing = Sealing(MASTER_KEY)
    keyring = await Keyring.open(street.pool, sealing)
    tokens = Tokens(keyring, issuer=PUBLIC_URL, environment="sandbox")
    for _ in range(shops):
        async with street.pool.acquire() as conn, conn.transaction():
            merchant = await an_active_merchant(conn)
            for deal in deals:
                await agreed(conn, merchant.partner_id, deal)
            await endpoints.create(
                conn,
                Wishes(url=webhook_url),
                tenant=merchant.partner_id,
                endpoint_id=new_id("end", merchant.partner_no),
                policy=AddressPolicy(plain_http=True, loopback=True),
                seal=sealing.seal,
            )
            for _ in range(_SHOPS * _TILLS_A_SHOP // shops):
                place = await a_till(conn, merchant)
                new = clients.client_of(
                    new_id("cli", BANK), "terminal", "till", partner_id=merchant.partner_id,
                    merchant_id=merchant.id, store_id=place.store.id, terminal_id=place.terminal.id,
                )  # fmt: skip
                registered = await clients.register(conn, new, jwk.accept(OwnKey().public_jwk), actor="bench")
                client: Client | None = await access_sql.client(conn, registered.client_id)
                assert client is not None
                token = tokens.issue(
                    client, key_id=registered.key_id, scopes=client.scopes, now=datetime.now(UTC)
                )
                street.tills.append(SignedInTill(partner_id=merchant.partner_id, token=token))


async def _issue_codes(pool: asyncpg.Pool, count: int) -> list[str]:
    """Payment codes as phones would show them, for the payers in turn."""
    scheme = PaymentCodeScheme(environment="sandbox", prefix="51", sealing=Sealing(MASTER_KEY))
    codes = [scheme.draw() for _ in range(count)]
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    numbers = itertools.cycle(range(_PAYERS))
    rows: list[tuple[object, ...]] = [
        (scheme.hash(code), new_id("qrc", BANK), ISSUER, f"w-{n}", f"p-{n}", [], 2, False, expires_at)
        for code, n in zip(codes, numbers, strict=False)
    ]
    async with pool.acquire() as conn:
        await conn.copy_records_to_table(
            "payment_codes",
            schema_name="qr",
            records=rows,
            columns=[
                "code_hash", "id", "issuer", "payer_id", "person_id", "segments", "factors", "certificate",
                "expires_at",
            ],
        )  # fmt: skip
    return codes
