"""A small town, all of it real: a gateway and its worker, a bank's wallet core, a supermarket, and people who pay.

Everything listens on real sockets and lives in real databases; only onboarding is done through the floor below the
API, because its stories are told elsewhere. Times of doubt run at a twentieth of their defaults.
"""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web

from gateway import app, work
from gateway.door.listeners import Address, listening
from gateway.door.operation import Listener
from gateway.settings import Settings, read
from gateway.storage.pool import open_pool
from gateway.wallet.reference.server import make_app
from merchants.access import clients, jwk
from merchants.access import sql as access_sql
from merchants.access.principal import Client, Kind
from merchants.ids import BANK, new_id
from merchants.keyring import Keyring
from merchants.merchant import Merchant
from merchants.payer import PayerFacts
from merchants.sealing import Sealing
from qr import codes
from tests.onboarded import Till as TillPlace
from tests.onboarded import a_till, an_active_merchant
from tests.signing_in import OwnKey
from tests.told import broken_promises, published

ISSUER = "demo-bank"
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
# A twentieth of the defaults.
FAST_DOUBT = {
    "QUERY_AFTER_S": "0.15",
    "QUERY_EVERY_S": "0.25",
    "RESEND_UNTIL_S": "0.75",
    "REVERSE_AFTER_S": "2.25",
    "WORKER_POLL_S": "0.05",
    "WALLET_CORE_TIMEOUT_S": "0.6",
}


# For crowds: a busy machine must not make the gateway give a payment up in doubt.
PATIENT_DOUBT: dict[str, Any] = {
    "QUERY_AFTER_S": "3",
    "QUERY_EVERY_S": "1",
    "RESEND_UNTIL_S": "30",
    "REVERSE_AFTER_S": "45",
    "WALLET_CORE_TIMEOUT_S": "15",
    "TRANSFER_LEASE_S": "60",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An HTTP answer: its status, its JSON, its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who calls the API with a token of their own."""

    http: aiohttp.ClientSession
    url: str
    token: str

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Answered:
        headers = {"Authorization": f"Bearer {self.token}"}
        if method != "GET":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        async with self.http.request(method, self.url + path, json=body, headers=headers) as response:
            text = await response.read()
            parsed = await response.json(content_type=None) if text[:1] in {b"{", b"["} else text
            return Answered(status=response.status, body=parsed, headers=response.headers)

    async def post(self, path: str, body: Any, *, key: str | None = None) -> Answered:
        return await self.call("POST", path, body, key=key)

    async def get(self, path: str) -> Answered:
        return await self.call("GET", path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supermarket:
    """A partner with one till; `till` speaks for the terminal, `office` for the partner's servers."""

    merchant: Merchant
    place: TillPlace
    till: Person
    office: Person

    async def ask(self, amount_minor: int, *, key: str | None = None, **more: Any) -> Answered:
        """The till asks to be paid."""
        body = {"amount": cny(amount_minor), "merchant_order_no": f"T-{uuid.uuid4().hex[:12]}", **more}
        return await self.till.post("/v1/payments", body, key=key)


@dataclass(slots=True, kw_only=True)
class Town:
    """The whole of it."""

    settings: Settings
    replica: app.Replica
    http: aiohttp.ClientSession
    public: str
    operators: str
    core: str
    wallet: Person

    @property
    def pool(self) -> asyncpg.Pool:
        return self.replica.parts.pool

    async def supermarket(self) -> Supermarket:
        async with self.pool.acquire() as conn, conn.transaction():
            merchant = await an_active_merchant(conn)
            place = await a_till(conn, merchant)
        office = await self.person(kind="partner", partner_id=merchant.partner_id, merchant_id=merchant.id)
        till = await self.person(
            kind="terminal",
            partner_id=merchant.partner_id,
            merchant_id=merchant.id,
            store_id=place.store.id,
            terminal_id=place.terminal.id,
        )
        return Supermarket(merchant=merchant, place=place, till=till, office=office)

    async def person(self, *, kind: Kind, operators: bool = False, **owner: Any) -> Person:
        return await sign_in(
            self.replica, self.http, self.operators if operators else self.public, kind, **owner
        )

    async def payer(
        self,
        balance_minor: int = 100_000,
        *,
        behaviour: str = "normal",
        seconds: float = 0.0,
        currency: str = "CNY",
    ) -> PayerFacts:
        """A customer with a sandbox wallet that behaves as told."""
        payer = PayerFacts(
            id=f"w-{uuid.uuid4().hex[:12]}", person_id=f"p-{uuid.uuid4().hex[:12]}", issuer=ISSUER, factors=2
        )
        wallet = {
            "balance_minor": balance_minor,
            "behaviour": behaviour,
            "seconds": seconds,
            "currency": currency,
        }
        async with self.http.put(f"{self.core}/sandbox/wallets/{payer.id}", json=wallet) as response:
            assert response.status < 300, await response.text()
        return payer

    async def code(self, payer: PayerFacts) -> str:
        """What the customer's phone shows."""
        async with self.pool.acquire() as conn:
            issued = await codes.issue_payment_code(
                conn, scheme=self.replica.parts.payment_codes, payer=payer
            )
        return issued.code

    async def ledger(self) -> dict[str, Any]:
        async with self.http.get(f"{self.core}/sandbox/ledger") as response:
            books: dict[str, Any] = await response.json()
        assert set(books["sums"].values()) <= {0}, books["sums"]
        assert books["balances_agree"]
        return books

    async def balance(self, account: str) -> int:
        books = await self.ledger()
        found = [one["balance_minor"] for one in books["accounts"] if one["account"] == account]
        return int(found[0]) if found else 0


def cny(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "CNY"}


async def sign_in(
    replica: app.Replica, http: aiohttp.ClientSession, url: str, kind: Kind, **owner: Any
) -> Person:
    """A client of this kind with a token, put straight into the tables."""
    async with replica.parts.pool.acquire() as conn, conn.transaction():
        new = clients._new(new_id("cli", BANK), kind, kind, **owner)  # noqa: SLF001 - each kind has its own door in life
        registered = await clients.register(conn, new, jwk.accept(OwnKey().public_jwk), actor="test")
        client: Client | None = await access_sql.client(conn, registered.client_id)
    assert client is not None
    token = replica.parts.tokens.issue(
        client, key_id=registered.key_id, scopes=client.scopes, now=datetime.now(UTC)
    )
    return Person(http=http, url=url, token=token)


@asynccontextmanager
async def a_core(url: str, jwks: Any) -> AsyncIterator[str]:
    """The reference core on a free port."""
    # What a sandbox wallet is still being slow about is nobody's business once the test is over.
    runner = web.AppRunner(make_app(url, gateway_jwks=jwks), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_town(
    database_url: str, core_database_url: str, *, works: bool = True, **environ: str
) -> AsyncIterator[Town]:
    """Everything up and listening; leaving stops it in order. Without `works` nobody settles or delivers."""
    async with a_core(core_database_url, await _gateways_keys(database_url)) as core:
        settings = read(
            {
                "GATEWAY_ENV": "sandbox",
                "DATABASE_URL": database_url,
                "MASTER_KEY": MASTER_KEY,
                "WALLET_CORES": f"{ISSUER}={core}",
                "WEBHOOK_LOOPBACK": "true",
                **FAST_DOUBT,
                **environ,
            }
        )
        free = {one: Address("127.0.0.1", 0) for one in (Listener.PUBLIC, Listener.OPERATORS)}
        async with (
            app.build(settings) as replica,
            aiohttp.ClientSession() as http,
            listening(replica.door, free, stop_within_s=5.0) as bound,
            _working(replica, works=works),
        ):
            public, operators = (f"http://127.0.0.1:{bound[one].port}" for one in free)
            wallet = await sign_in(replica, http, public, "wallet", issuer=ISSUER)
            yield Town(
                settings=settings,
                replica=replica,
                http=http,
                public=public,
                operators=operators,
                core=core,
                wallet=wallet,
            )
            assert broken_promises(await published(replica.parts.pool)) == []


async def _gateways_keys(database_url: str) -> Any:
    pool = await open_pool(database_url, size=1)
    try:
        return (await Keyring.open(pool, Sealing(base64.b64decode(MASTER_KEY)))).jwks()
    finally:
        await pool.close()


@asynccontextmanager
async def _working(replica: app.Replica, *, works: bool) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    worker = asyncio.create_task(work.run(replica.jobs if works else (), stopping))
    try:
        yield
    finally:
        stopping.set()
        await worker
