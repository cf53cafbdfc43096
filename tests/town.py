"""A small town, all of it real: a gateway and its worker, a bank's wallet core, a supermarket, and people who pay.

Everything listens on real sockets and lives in real databases; only onboarding is done through the floor below the
API, because its stories are told elsewhere. Times of doubt run at a twentieth of their defaults.
"""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
from tests.hired import a_wallet_backend, an_operator
from tests.onboarded import Till as TillPlace
from tests.onboarded import a_till, an_active_merchant
from tests.receivers import until_readable
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

    async def send(self, method: str, path: str, data: bytes, media_type: str) -> Answered:
        """Bytes that are no JSON."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": media_type,
            "Idempotency-Key": uuid.uuid4().hex,
        }
        async with self.http.request(method, self.url + path, data=data, headers=headers) as response:
            return Answered(
                status=response.status, body=await response.json(content_type=None), headers=response.headers
            )

    async def post(self, path: str, body: Any, *, key: str | None = None) -> Answered:
        return await self.call("POST", path, body, key=key)

    async def get(self, path: str) -> Answered:
        return await self.call("GET", path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet(Person):
    """A wallet's backend: it signs who its payers are, wherever a test says so in plain words.

    `payer` may be left out of what confirms: the backend knows who scanned, or asks who is to confirm.
    """

    client_id: str
    issuer: str
    audience: str
    own_key: OwnKey
    scans: dict[str, dict[str, Any]] = field(default_factory=dict)
    signed: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Answered:
        if isinstance(body, dict) and not isinstance(body.get("payer"), str):
            body = await self._signed(path, body, key)
        answered = await Person.call(self, method, path, body, key=key)
        if path.endswith("/scans") and answered.status == 200 and body["payer"] in self.scans:
            self.scans[answered.body["id"]] = self.scans[body["payer"]]
        return answered

    def statement(self, payer: Mapping[str, Any], use: str, **more: Any) -> str:
        facts = {"issuer": self.issuer, **payer}
        given = {name: value for name, value in more.items() if value is not None}
        return self.own_key.statement(self.client_id, self.audience, payer=facts, use=use, **given)

    async def _signed(self, path: str, body: dict[str, Any], key: str | None) -> dict[str, Any]:
        """The body with a statement; the same one, where a request is repeated under its key."""
        deed = path.rpartition("/")[2]
        uses = {"payment-codes": "payment_code", "code-credentials": "code_credential", "scans": "scan"}
        uses |= {"payments": "confirm", "confirm": "confirm", "coupons": "coupon"}
        if deed not in uses:
            return body
        repeated = (path, key or uuid.uuid4().hex, repr(body))
        if repeated not in self.signed:
            self.signed[repeated] = await self._vouched(path, uses[deed], body)
        return self.signed[repeated]  # type: ignore[no-any-return]

    async def _vouched(self, path: str, use: str, body: dict[str, Any]) -> dict[str, Any]:
        match use:
            case "scan":
                about: dict[str, Any] = {"of": body.get("code")}
            case "coupon":
                about = {"of": body.get("offer_id")}
            case "code_credential":
                about = {"of": body.get("renews")}
            case "confirm":
                payment_id = path.split("/")[-2]
                of = body.get("scan_id") if payment_id == "v1" else payment_id
                about = {"of": of, "payable": body.get("payable")}
            case _:
                about = {}
        payer = body.get("payer") or await self._who_confirms(path, body)
        proof: dict[str, Any] = {name: body[name] for name in ("factors", "certificate") if name in body}
        statement = self.statement({**payer, **proof}, use, **about)
        if use == "scan":
            self.scans[statement] = payer
        return {**{name: value for name, value in body.items() if name not in proof}, "payer": statement}

    async def _who_confirms(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("scan_id") in self.scans:
            return {"factors": 2, **self.scans[body["scan_id"]]}
        asked = await self.get(path.removesuffix("/confirm"))
        payer_id = asked.body.get("payer_id") if isinstance(asked.body, dict) else None
        return {"id": payer_id or "nobody", "person_id": "somebody", "factors": 2}


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
    wallet: Wallet

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

    async def feed(self, reader: Person) -> list[Any]:
        """Whoever reads sees all that is published by now: the feed keeps back what older transactions may precede."""
        await until_readable(self.pool)
        events: list[Any] = (await reader.get("/v1/events?limit=100")).body["items"]
        return events

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
        own_key = OwnKey()
        if kind == "operator":
            registered = await an_operator(conn, owner["roles"], own_key.public_jwk)
        elif kind == "wallet":
            registered = await a_wallet_backend(conn, owner["issuer"], own_key.public_jwk)
        else:
            new = clients.client_of(new_id("cli", BANK), kind, kind, **owner)
            registered = await clients.register(conn, new, jwk.accept(own_key.public_jwk), actor="test")
        client: Client | None = await access_sql.client(conn, registered.client_id)
    assert client is not None
    token = replica.parts.tokens.issue(
        client, key_id=registered.key_id, scopes=client.scopes, now=datetime.now(UTC)
    )
    if kind != "wallet":
        return Person(http=http, url=url, token=token)
    return Wallet(
        http=http,
        url=url,
        token=token,
        client_id=client.client_id,
        issuer=owner["issuer"],
        audience=replica.parts.tokens.issuer,
        own_key=own_key,
    )


async def a_wallet(
    replica: app.Replica, http: aiohttp.ClientSession, url: str, issuer: str = ISSUER
) -> Wallet:
    """The backend of a wallet, signed in."""
    wallet = await sign_in(replica, http, url, "wallet", issuer=issuer)
    assert isinstance(wallet, Wallet)
    return wallet


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
                "RATE_LIMITS": "",
                **FAST_DOUBT,
                **environ,
            }
        )
        free = {
            Listener.PUBLIC: Address("127.0.0.1", int(environ.get("PUBLIC_PORT", "0"))),
            Listener.OPERATORS: Address("127.0.0.1", 0),
        }
        async with (
            app.build(settings) as replica,
            aiohttp.ClientSession() as http,
            listening(replica.door, free, stop_within_s=5.0) as bound,
            _working(replica, works=works),
        ):
            public, operators = (f"http://127.0.0.1:{bound[one].port}" for one in free)
            wallet = await a_wallet(replica, http, public)
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
