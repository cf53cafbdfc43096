"""The hosted page of an online order: what is bought, what it comes to, a code to scan, and how it ends.

Whoever has the address sees the order, so the address is a secret of the customer's: it is sent nowhere (no referrer),
kept nowhere (no store), and what somebody makes up is refused before the database is asked. The page works without
scripts: it reloads itself, and every button is a link or a form.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

import msgspec
from aiohttp import web
from markupsafe import Markup

from gateway.checkout import offered, opening, page_key, result, return_urls, sql
from gateway.checkout.errors import CheckoutSessionNotFound
from gateway.checkout.offered import Offered
from gateway.checkout.session import Attempted
from gateway.door.listeners import Page
from gateway.door.operation import Listener
from gateway.pages.checkout_offers import WHY
from gateway.pages.checkout_phase import Moment, moment_of
from gateway.pages.figures import amount
from gateway.pages.frame import language_of
from gateway.pages.live import State
from gateway.pages.sheet import leading_to
from gateway.pages.site import Site
from gateway.pages.texts import translations
from gateway.parts import Parts
from gateway.storage.hub import DELIVERIES
from qr import render

_ASK_AGAIN_S: Final = 10
"""How often a page without scripts reloads itself while something may still happen."""
_EMBED: Final = (files("gateway.pages") / "embed" / "checkout.js").read_bytes()
_EMBED_HEADERS: Final = {
    "Content-Type": "text/javascript; charset=utf-8",
    # Shops name it by this address for years; a change of ours reaches them within the hour.
    "Cache-Control": "public, max-age=3600",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


def checkout_pages(site: Site) -> tuple[Page, ...]:
    made = Checkouts(site)
    frame = site.frame
    named: Any = partial(Page, listener=Listener.PUBLIC)
    return (
        named(name="show_checkout", method="GET", path="/checkout/{key}", handler=frame.page(made.show)),
        named(name="tell_checkout", method="GET", path="/checkout/{key}/events", handler=made.tell),
        named(
            name="retry_checkout", method="POST", path="/checkout/{key}/retry", handler=frame.page(made.retry)
        ),
        named(name="show_checkout_embed", method="GET", path="/checkout.js", handler=_show_embed),
    )


class Checkouts:
    """The pages of sessions, found by their keys."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._parts = site.parts

    async def show(self, request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
        """The page as things are now; looking at it changes nothing."""
        now = datetime.now(UTC)
        seen = await self._visited(path["key"])
        moment = moment_of(seen, now)
        async with self._parts.pool.acquire() as conn:
            offers = await offered.to_anybody(self._parts.payments, conn, seen.payment, now=now)
        return self._site.frame.draw(
            request,
            "checkout.html",
            key=path["key"],
            session=seen.session,
            payment=seen.payment,
            moment=moment,
            offers=offers,
            payable_minor=_payable_minor(seen, moment, offers),
            why=WHY,
            code=await self._code(seen) if moment.phase == "waiting" else None,
            wallet_link=wallet_link(self._parts, seen),
            back=self._back(seen, moment, now),
            left_s=max(0, int((seen.session.expires_at - now).total_seconds())),
            ask_again_s=_ASK_AGAIN_S,
        )

    async def tell(self, request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
        """The same as a stream, one reading a change, until there is nothing more to tell."""
        key, language = path["key"], language_of(request)
        translate = translations(language).gettext
        seen = await self._visited(key)

        async def read() -> State:
            now = datetime.now(UTC)
            latest = await self._found(key)
            moment = moment_of(latest, now)
            told: dict[str, Any] = {
                "phase": moment.phase,
                "attempt": latest.session.attempts,
                "again": moment.again,
                "may_leave": moment.may_leave,
                "headline": translate(moment.headline),
                "detail": translate(moment.detail),
                "back": self._back(latest, moment, now),
            }
            if latest.payment.payer_id is not None or moment.over:
                told["payable"] = amount(latest.payment.paid_minor, latest.session.currency, language)
                told["less"] = latest.payment.discount_minor > 0
            # A payment that is tried again has another code, and another topic: the page loads anew.
            last = moment.over or latest.payment.id != seen.payment.id
            return State(version=latest.version, data=msgspec.json.encode(told).decode(), last=last)

        return await self._site.open_streams.send(
            request, topic=seen.payment.id, reader=seen.session.id, read=read
        )

    async def retry(self, _request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
        """Another code after a decline. Whoever has the address may ask; nobody else can send this form."""
        seen = await self._visited(path["key"])
        async with self._parts.pool.acquire() as conn, conn.transaction():
            tried = await opening.try_again(
                self._parts.payments,
                conn,
                session_id=seen.session.id,
                partner_id=seen.session.partner_id,
                now=datetime.now(UTC),
            )
        self._parts.hub.tell(seen.payment.id, tried.payment.id, DELIVERIES)
        return leading_to(f"/checkout/{path['key']}")

    async def _visited(self, key: str) -> Attempted:
        """The order that somebody asks for: what its page costs us, one order cannot ask for without end."""
        if page_key.session_of(self._parts.sealing, key) is not None:
            self._site.counter.desk.bearer.admit_visitor(key, "checkout")
        return await self._found(key)

    async def _found(self, key: str) -> Attempted:
        session_id = page_key.session_of(self._parts.sealing, key)
        seen = None
        if session_id is not None:
            seen = await sql.find(self._parts.pool, session_id=session_id, partner_id=None)
        if seen is None:
            raise CheckoutSessionNotFound
        return seen

    def _back(self, seen: Attempted, moment: Moment, now: datetime) -> str:
        """To the shop: with our word for it once it is paid."""
        terms, parts = seen.session.terms, self._parts
        if moment.phase != "paid":
            return terms.cancel_url
        signed = result.signed(
            parts.keyring, seen, issuer=parts.public_url, environment=parts.environment, now=now
        )
        return return_urls.with_result(terms.success_url, signed)

    async def _code(self, seen: Attempted) -> Markup:
        payload = seen.payment.terms.qr_payload
        assert payload is not None, "a payment that awaits its payer shows a code"
        loop = asyncio.get_running_loop()
        drawn = await loop.run_in_executor(self._parts.renderers, partial(render.svg, payload))
        return Markup(drawn)  # noqa: S704 - ours: modules as a path, no word of anybody's


def wallet_link(parts: Parts, seen: Attempted) -> str:
    """What opens the wallet on the phone that shows the page."""
    payload = seen.payment.terms.qr_payload or ""
    return parts.wallet_app_link + quote(payload, safe="") if parts.wallet_app_link else payload


def _payable_minor(seen: Attempted, moment: Moment, offers: Offered) -> int:
    """Of a payer that is bound, what they agreed to; before that, what everybody would pay."""
    return seen.payment.paid_minor if seen.payment.payer_id or moment.over else offers.payable_minor


async def _show_embed(_request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
    return web.Response(body=_EMBED, headers=_EMBED_HEADERS)
