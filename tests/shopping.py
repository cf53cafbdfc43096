"""Online shopping in the town: a shop that opens checkouts, and people who scan what the page shows."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.checkout import opening, sql
from gateway.checkout.errors import CheckoutError
from gateway.client import Credentials, SigningKey
from gateway.door.problems import kind_of
from gateway.storage.hub import DELIVERIES
from merchants.access import clients, jwk
from merchants.ids import BANK, new_id
from merchants.payer import PayerFacts
from tests.town import Answered, Person, Town, cny

SHOP = "http://127.0.0.1:3000"
SUCCESS = f"{SHOP}/thanks?order=7"
CANCEL = f"{SHOP}/cart"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebShop:
    """A partner's server that sells online."""

    merchant_id: str
    partner_id: str
    server: Person
    town: Town

    async def open(self, amount_minor: int = 12_800, *, key: str | None = None, **more: Any) -> Answered:
        body = {
            "amount": cny(amount_minor),
            "merchant_order_no": f"W-{uuid.uuid4().hex[:12]}",
            "success_url": SUCCESS,
            "cancel_url": CANCEL,
            **more,
        }
        return await self.server.post("/v1/checkout-sessions", body, key=key)

    async def opened(self, amount_minor: int = 12_800, **more: Any) -> dict[str, Any]:
        answered = await self.open(amount_minor, **more)
        assert answered.status == 201, answered.body
        session: dict[str, Any] = answered.body
        return session

    async def read(self, session: dict[str, Any]) -> dict[str, Any]:
        answered = await self.server.get(f"/v1/checkout-sessions/{session['id']}")
        assert answered.status == 200, answered.body
        now: dict[str, Any] = answered.body
        return now

    async def payment(self, session: dict[str, Any]) -> dict[str, Any]:
        """The latest attempt."""
        answered = await self.server.get(f"/v1/payments/{session['payment_id']}")
        assert answered.status == 200, answered.body
        payment: dict[str, Any] = answered.body
        return payment

    async def ended(self, session: dict[str, Any]) -> dict[str, Any]:
        """Once the latest attempt is settled."""
        await self.server.get(f"/v1/payments/{session['payment_id']}?wait_s=20")
        return await self.read(session)

    async def events(self, session: dict[str, Any]) -> list[dict[str, Any]]:
        """What was published of the session, oldest first; the feed would wait for older transactions to end."""
        rows = await self.town.pool.fetch(
            "SELECT body FROM webhooks.events WHERE object_id = $1 ORDER BY sequence", session["id"]
        )
        return [msgspec.json.decode(row["body"]) for row in rows]

    async def told(self, session: dict[str, Any], count: int) -> list[dict[str, Any]]:
        """The same, once there are so many."""
        async with self.town.replica.parts.hub.waiting_for(DELIVERIES) as published, asyncio.timeout(60):
            while len(events := await self.events(session)) < count:
                await published.wait()
                published.clear()
        return events


async def a_web_shop(town: Town) -> WebShop:
    shop = await town.supermarket()
    return WebShop(
        merchant_id=shop.merchant.id,
        partner_id=shop.merchant.partner_id,
        server=shop.office,
        town=town,
    )


async def credentials(town: Town, shop: WebShop) -> Credentials:
    """A key of the shop's own server, for the client."""
    key = SigningKey.generate()
    async with town.pool.acquire() as conn, conn.transaction():
        new = clients.client_of(
            new_id("cli", BANK), "partner", "web", partner_id=shop.partner_id, merchant_id=shop.merchant_id
        )
        await clients.register(conn, new, jwk.accept(key.public_jwk), actor="test")
    return Credentials(client_id=new.client_id, key=key)


async def scan(town: Town, payer: PayerFacts, code: str) -> dict[str, Any]:
    """The customer's phone reads a code off the page, and shows what it asks for."""
    who = {"id": payer.id, "person_id": payer.person_id}
    scanned = await town.wallet.post("/wallet/v1/scans", {"code": code, "payer": who})
    assert scanned.status == 200, scanned.body
    seen: dict[str, Any] = scanned.body
    return seen


async def confirm(town: Town, seen: dict[str, Any], *, wait_s: int = 10) -> Answered:
    """The customer agrees to what the phone shows."""
    return await town.wallet.post(
        f"/wallet/v1/payments/{seen['payment_id']}/confirm",
        {"scan_id": seen["id"], "payable": seen["payable"], "quote": seen["quote"], "wait_s": wait_s},
    )


async def pay(town: Town, shop: WebShop, session: dict[str, Any], payer: PayerFacts) -> Answered:
    """Scan and confirm what the session's page shows now."""
    now = await shop.payment(await shop.read(session))
    return await confirm(town, await scan(town, payer, now["next_action"]["qr_payload"]))


async def try_again(town: Town, session: dict[str, Any]) -> str:
    """The customer asks for another code; what came of it."""
    parts = town.replica.parts
    try:
        async with town.pool.acquire() as conn, conn.transaction():
            found = await sql.find(conn, session_id=session["id"], partner_id=None)
            assert found is not None
            await opening.try_again(
                parts.payments,
                conn,
                session_id=session["id"],
                partner_id=found.session.partner_id,
                now=datetime.now(UTC),
            )
    except CheckoutError as error:
        return kind_of(type(error)).code  # type: ignore[union-attr] # it is listed
    return "tried"


async def time_is_up(town: Town, session: dict[str, Any]) -> None:
    """As if the session had been opened long ago: a minute is the shortest that it lives."""
    for table, column in (("checkout_sessions", "id"), ("payments", "terms->>'checkout_id'")):
        await town.pool.execute(
            f"UPDATE gateway.{table} SET expires_at = now() WHERE {column} = $1 AND expires_at > now()",
            session["id"],
        )
