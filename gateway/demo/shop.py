"""An online shop, as a partner's engineer writes one: a basket, a checkout session, the way back, a webhook.

Three rules, and the rest is the shop's taste. Its server opens the session, for the key is the server's. What the
browser brings back is verified against the session that this very order has. An order is packed when the webhook, or a
reading of the session, says that it was paid: a browser may never come back.

Orders live in this process' memory, where a real shop has its database.
"""

import asyncio
import html
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from aiohttp import web

from gateway.client import Partner, ResultReader, ResultRefused
from gateway.client.webhook import Verifier, WebhookRefused
from gateway.wire.checkout import CheckoutLine, CheckoutRequest
from gateway.wire.checkout_result import RESULT_PARAMETER
from gateway.wire.money import PositiveAmount

_GOODS: Final = (
    CheckoutLine(name="冻顶乌龙 500 g", amount_minor=9_800, sku="6901234567892"),
    CheckoutLine(name="Porcelain cup <hand-made>", amount_minor=3_000, sku="6901234567908"),
)
_CURRENCY: Final = "CNY"
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tea shop</title>
<link rel="stylesheet" href="/shop.css">{head}<main>{body}</main></html>"""
_CSS: Final = (
    "html{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}"
    "main{max-width:32rem;margin:12vh auto;padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}"
)


@dataclass(slots=True, kw_only=True)
class Order:
    """What somebody wants; `paid` once the gateway has said so to the server itself."""

    no: str
    session_id: str | None = None
    paid: asyncio.Event = field(default_factory=asyncio.Event)
    thanked: bool = False


@dataclass(slots=True, kw_only=True)
class Shop:
    """The shop's server.

    Attributes:
        url: where customers reach it; one of the merchant's return origins, or this machine in the sandbox.
        gateway_url: whose `checkout.js` its pages load.
    """

    partner: Partner
    results: ResultReader
    webhooks: Verifier
    url: str
    gateway_url: str
    orders: dict[str, Order] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._basket)
        app.router.add_get("/shop.css", self._css)
        app.router.add_post("/checkout", self._checkout)
        app.router.add_get("/thanks", self._thanks)
        app.router.add_post("/webhooks", self._told)
        app.router.add_get("/orders/{no}", self._order)
        return app

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncIterator[Self]:
        """Listen until left."""
        runner = web.AppRunner(self.app(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            yield self
        finally:
            await runner.cleanup()

    async def _basket(self, _request: web.Request) -> web.Response:
        goods = "".join(
            f"<li>{html.escape(one.name)}: {one.amount_minor / 100:.2f}</li>"  # shown, never reckoned with
            for one in _GOODS
        )
        script = f'<script src="{html.escape(self.gateway_url)}/checkout.js" defer></script>'
        form = (
            '<form method="post" action="/checkout" data-checkout><button>Pay with the wallet</button></form>'
        )
        return self._page(f"<h1>Your basket</h1><ul>{goods}</ul>{form}", head=script)

    async def _checkout(self, request: web.Request) -> web.Response:
        """One order, one session: a repeated request of ours would find the same one by its idempotency key."""
        order = Order(no=f"TEA-{uuid.uuid4().hex[:10].upper()}")
        self.orders[order.no] = order
        session = await self.partner.open_checkout(
            CheckoutRequest(
                amount=PositiveAmount(
                    amount_minor=sum(one.amount_minor for one in _GOODS), currency=_CURRENCY
                ),
                merchant_order_no=order.no,
                lines=list(_GOODS),
                success_url=f"{self.url}/thanks?order={order.no}",
                cancel_url=f"{self.url}/",
            ),
            idempotency_key=f"checkout-{order.no}",
        )
        order.session_id = session.id
        if "application/json" in request.headers.get("Accept", ""):
            return web.json_response({"url": session.url})
        return web.Response(status=303, headers={"Location": session.url})

    async def _thanks(self, request: web.Request) -> web.Response:
        order = self.orders.get(request.query.get("order", ""))
        if order is None or order.session_id is None:
            raise web.HTTPNotFound
        try:
            await self.results.verify_checkout_result(
                request.query.get(RESULT_PARAMETER, ""), session_id=order.session_id
            )
        except ResultRefused:
            # Old, altered, another order's: ask the gateway itself.
            session = await self.partner.checkout(order.session_id)
            if session.state != "completed":
                return self._page("<h1>Not paid yet</h1>")
        order.thanked = True
        return self._page(f"<h1>Thank you!</h1><p>Order {html.escape(order.no)} is on its way.</p>")

    async def _told(self, request: web.Request) -> web.Response:
        """Here an order is packed: at most once, however often the event comes."""
        try:
            event = self.webhooks.verify(request.headers, await request.read())
        except WebhookRefused:
            return web.Response(status=400)
        if event.type == "checkout.completed":
            order = self.orders.get(event.data["checkout"]["merchant_order_no"])
            if order is not None:
                order.paid.set()
        return web.Response(status=204)

    async def _order(self, request: web.Request) -> web.Response:
        order = self.orders.get(request.match_info["no"])
        if order is None:
            raise web.HTTPNotFound
        return web.json_response({"no": order.no, "paid": order.paid.is_set(), "thanked": order.thanked})

    async def _css(self, _request: web.Request) -> web.Response:
        return web.Response(text=_CSS, content_type="text/css")

    def _page(self, body: str, *, head: str = "") -> web.Response:
        policy = f"default-src 'self'; script-src {self.gateway_url}; frame-ancestors 'none'"
        return web.Response(
            text=_PAGE.format(head=head, body=body),
            content_type="text/html",
            headers={"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"},
        )
