"""A partner's webhook consumer on a real socket, and the deliverer that serves it in tests."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from merchants.ids import new_id
from merchants.sealing import Sealing
from webhooks import endpoints
from webhooks.address_guard import AddressPolicy
from webhooks.deliver import Counts, Deliverer, DeliveryPolicy
from webhooks.endpoint import Wishes
from webhooks.endpoints import EndpointWithSecret
from webhooks.event import NewEvent
from webhooks.sender import Sender

DESK = AddressPolicy(plain_http=True, loopback=True)
PARTNER_NO = 7
TENANT = new_id("mer", PARTNER_NO)
SEALING = Sealing(bytes(32))  # the same in every process of a test
WEBHOOK_KEY = Ed25519PrivateKey.generate()
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request as it came in."""

    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def verified(self, secret: str) -> Any:
        """The body, once the public library has found the signature good."""
        return Webhook(secret).verify(self.body.decode(), dict(self.headers))


# None ends the connection without an answer.
Answering = Callable[[Arrived], web.Response | None]


def ok(_arrived: Arrived) -> web.Response:
    return web.Response()


@dataclass(slots=True)
class Receiver:
    """Keeps what arrives and answers as told, which may be changed at any time.

    Attributes:
        held: what it waits for before any answer.
        works_s: how long it takes over each.
    """

    url: str = ""
    answering: Answering = ok
    arrived: list[Arrived] = field(default_factory=list)
    held: asyncio.Event | None = None
    works_s: Callable[[], float] | None = None
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        arrived = Arrived(
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
            time.monotonic(),
        )
        async with self._came:
            self.arrived.append(arrived)
            self._came.notify_all()
        if self.held is not None:
            await self.held.wait()
        if self.works_s is not None:
            await asyncio.sleep(self.works_s())
        answer = self.answering(arrived)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer

    async def wait_for(self, count: int) -> list[Arrived]:
        """Wait until so many requests have come in all."""
        async with asyncio.timeout(PATIENCE_S), self._came:
            await self._came.wait_for(lambda: len(self.arrived) >= count)
        return self.arrived


@asynccontextmanager
async def receiving(answering: Answering = ok) -> AsyncIterator[Receiver]:
    receiver = Receiver(answering=answering)
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def subscribe(
    pool: asyncpg.Pool, url: str, *, tenant: str = TENANT, **wishes: Any
) -> EndpointWithSecret:
    """Register an endpoint as a partner would."""
    async with pool.acquire() as conn, conn.transaction():
        return await endpoints.create(
            conn,
            Wishes(url=url, **wishes),
            tenant=tenant,
            endpoint_id=new_id("end", PARTNER_NO),
            policy=DESK,
            seal=SEALING.seal,
        )


async def until_readable(pool: asyncpg.Pool) -> None:
    """Wait until the feed may show all that is published: another test's transaction holds it up as well."""
    async with asyncio.timeout(PATIENCE_S):
        while not await pool.fetchval(
            "SELECT COALESCE(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) FROM webhooks.events"
        ):
            pass


def an_event(event_type: str = "payment.succeeded", *, tenant: str = TENANT, **fields: Any) -> NewEvent:
    given: dict[str, Any] = {
        "id": new_id("evt", PARTNER_NO),
        "type": event_type,
        "tenant": tenant,
        "audience": "merchant",
        "object_id": new_id("pay", PARTNER_NO),
        "sequence": 1,
        "occurred_at": datetime.now(UTC),
        "data": {"note": "谢谢"},
    }
    return NewEvent(**given | fields)


@asynccontextmanager
async def delivering(
    pool: asyncpg.Pool, policy: DeliveryPolicy | None = None, *, deadline_s: float = 5.0
) -> AsyncIterator["Worker"]:
    wake = asyncio.Event()
    async with Sender(DESK, deadline_s=deadline_s) as sender:
        deliverer = Deliverer(
            pool,
            sender,
            reveal=SEALING.reveal,
            signing_keys=lambda: [WEBHOOK_KEY.sign],
            event_id_for=lambda _endpoint_id: new_id("evt", PARTNER_NO),
            wake=wake,
            policy=policy,
        )
        worker = Worker(deliverer, wake)
        try:
            yield worker
        finally:
            await deliverer.stop(grace_s=0)


@dataclass(slots=True)
class Worker:
    """A deliverer and its thin loop, driven until something has happened."""

    deliverer: Deliverer
    wake: asyncio.Event
    did: list[Counts] = field(default_factory=list)

    async def until(
        self, happened: Callable[[], bool], *, poll_s: float = 0.02, within_s: float = PATIENCE_S
    ) -> None:
        async with asyncio.timeout(within_s):
            while not happened():
                self.did.append(await self.deliverer.run_once())
                if not self.did[-1]:
                    await self.woken(poll_s)

    async def until_recorded(self, count: int) -> None:
        """Run until so many answers have been recorded from now on."""
        before = len(self.did)
        await self.until(lambda: sum(each.recorded for each in self.did[before:]) >= count)

    async def woken(self, poll_s: float) -> None:
        """Wait until there may be something to do."""
        try:
            await asyncio.wait_for(self.wake.wait(), poll_s)
        except TimeoutError:
            return
