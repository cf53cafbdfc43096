"""The showroom's own server: the page, its pictures, what visitors do, and a stream of what the exhibits show."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.client import AnswerLost, GatewayError, ProblemAnswered
from gateway.client.webhook import Verifier, WebhookRefused
from gateway.demo.checks import StoryBroken
from gateway.demo.sandbox import DEEP_LINK
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Exhibit, Scanner
from gateway.demo.showroom.faults import BEHAVIOURS
from gateway.demo.showroom.phone import Phone
from gateway.demo.showroom.refusals import Refused
from gateway.demo.showroom.shop import ARTICLES, Shop
from gateway.pages import shelf
from gateway.pages.language import Language
from gateway.pages.sheet import HEADERS, language_of, templates
from gateway.pages.shelf import Shelf
from gateway.pages.texts import translations
from gateway.wire.checkout_result import RESULT_PARAMETER
from gateway.wire.payments import WalletPayment

WALLET_WEBHOOKS: Final = "/wallet/webhooks"
_LONGEST_BODY: Final = 8_000_000
_SIGN_OF_LIFE_S: Final = 15.0
# The camera is the one thing that this page may do and others may not.
_HEADERS: Final = {
    **HEADERS,
    "Permissions-Policy": HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)"),
}
_NAMES: Final = {"127.0.0.1", "localhost"}

_SHELF: Final = web.AppKey("shelf", Shelf)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Showroom:
    """Everything visitors can look at and use.

    Args:
        exhibits: by the name that the page calls them by.
        scanners: those of them that read pictures.
        wallet_webhooks: checks what the gateway tells the wallet's backend.
    """

    def __init__(
        self,
        board: Board,
        exhibits: Mapping[str, Exhibit],
        scanners: Mapping[str, Scanner],
        *,
        phone: Phone,
        shop: Shop,
        wallet_webhooks: Verifier,
    ) -> None:
        self._board, self._exhibits, self._scanners = board, exhibits, scanners
        self._phone, self._shop, self._wallet_webhooks = phone, shop, wallet_webhooks
        self._shelf = Shelf()
        self._pages: dict[Language, str] = {}
        self.stopping = asyncio.Event()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_LONGEST_BODY, middlewares=[_only_from_here, _refusals])
        app[_SHELF] = self._shelf
        app.add_routes(
            [
                web.get("/", self.enter),
                web.get("/demo", self.page),
                web.get("/demo/live", self.live),
                web.post("/demo/do/{exhibit}/{deed}", self.do),
                web.post("/demo/scan/{exhibit}", self.scan),
                web.get("/pictures/{name:[0-9a-f]{32}}.png", self.picture),
                web.get(shelf.PATH, self.asset),
                web.post(WALLET_WEBHOOKS, self.hear),
                web.get(DEEP_LINK, self.open_phone),
                web.get("/demo/shop/thanks", self.thank),
            ]
        )
        return app

    async def enter(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/demo")

    async def page(self, request: web.Request) -> web.StreamResponse:
        language = language_of(request)
        if language not in self._pages:
            drawn = templates(self._shelf, "sandbox", language).get_template("demo/demo.html")
            self._pages[language] = drawn.render(articles=ARTICLES, behaviours=BEHAVIOURS)
        return web.Response(
            text=self._pages[language],
            content_type="text/html",
            charset="utf-8",
            headers={**_HEADERS, "Content-Language": language},
        )

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Every exhibit whole, whenever it changes (server-sent events)."""
        response = web.StreamResponse(
            headers={**_HEADERS, "Content-Type": "text/event-stream; charset=utf-8"}
        )
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        with contextlib.suppress(ConnectionResetError):
            await self._tell(response)
        return response

    async def _tell(self, response: web.StreamResponse) -> None:
        news = self._board.watch()
        ended = asyncio.create_task(self.stopping.wait())
        reading = asyncio.ensure_future(anext(news))
        try:
            while not self.stopping.is_set():
                await asyncio.wait(
                    (reading, ended), timeout=_SIGN_OF_LIFE_S, return_when=asyncio.FIRST_COMPLETED
                )
                if reading.done():
                    name, state = reading.result()
                    await response.write(b"event: %s\ndata: %s\n\n" % (name.encode(), state))
                    reading = asyncio.ensure_future(anext(news))
                else:
                    await response.write(b":\n\n")
        finally:
            ended.cancel()
            reading.cancel()
            await asyncio.gather(reading, ended, return_exceptions=True)
            await news.aclose()

    async def do(self, request: web.Request) -> web.StreamResponse:
        """A visitor pressed something."""
        exhibit = self._exhibits.get(request.match_info["exhibit"])
        deed = None if exhibit is None else exhibit.deeds.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound
        try:
            body = msgspec.json.decode(await request.read() or b"{}", type=deed.takes)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise web.HTTPBadRequest from error
        return _json(await deed.does(body))

    async def scan(self, request: web.Request) -> web.StreamResponse:
        """A visitor held something before a scanner: here is what it saw."""
        scanner = self._scanners.get(request.match_info["exhibit"])
        if scanner is None:
            raise web.HTTPNotFound
        await scanner.scanned(await request.read())
        return _json(None)

    async def picture(self, request: web.Request) -> web.StreamResponse:
        png = self._board.picture(request.match_info["name"])
        if png is None:
            raise web.HTTPNotFound
        return web.Response(
            body=png, content_type="image/png", headers={"Cache-Control": "private, max-age=3600"}
        )

    async def asset(self, request: web.Request) -> web.StreamResponse:
        found = self._shelf.answer(request, request.match_info)
        if found is None:
            raise web.HTTPNotFound
        return found

    async def open_phone(self, request: web.Request) -> web.StreamResponse:
        """A link to the wallet was pressed; the phone shows what it would pay, which binds nobody."""
        await self._phone.opens(request.query.get("code", ""))
        raise web.HTTPSeeOther("/demo#phone-name")

    async def thank(self, request: web.Request) -> web.StreamResponse:
        """A customer comes back from the hosted page."""
        await self._shop.welcome(request.query.get(RESULT_PARAMETER, ""))
        raise web.HTTPSeeOther("/demo#shop-name")

    async def hear(self, request: web.Request) -> web.StreamResponse:
        """The wallet's backend is told of its payers' payments; who cannot sign is told nothing."""
        try:
            event = self._wallet_webhooks.verify(request.headers, await request.read())
        except WebhookRefused:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        if "payment" in event.data:
            self._phone.heard(msgspec.convert(event.data["payment"], WalletPayment))
        return web.Response(status=HTTPStatus.NO_CONTENT)


@asynccontextmanager
async def serving(showroom: Showroom, *, port: int) -> AsyncIterator[str]:
    """Open to visitors of this machine; yields the page's address."""
    runner = web.AppRunner(showroom.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}/demo"
    finally:
        showroom.stopping.set()
        await runner.cleanup()


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing but this page, opened by this machine's name, does anything here: no other site's page may."""
    if request.url.host not in _NAMES:
        raise web.HTTPForbidden
    if request.method == "POST" and request.path != WALLET_WEBHOOKS:
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin", "").partition("://")[2]
        if site != "same-origin" and (site is not None or origin != request.host):
            raise web.HTTPForbidden
    return await handler(request)


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whoever is refused is told why: by a code that the page has words for, else in the gateway's own words."""
    try:
        return await handler(request)
    except ProblemAnswered as problem:
        return _refusal(request, problem.code, problem.detail, problem.status)
    except Refused as refused:
        return _refusal(request, refused.code, refused.__doc__ or "", HTTPStatus.CONFLICT)
    except AnswerLost:
        return _refusal(request, "answer_lost", AnswerLost.__doc__ or "", HTTPStatus.GATEWAY_TIMEOUT)
    except (GatewayError, StoryBroken) as error:
        return _refusal(request, "failed", str(error), HTTPStatus.BAD_GATEWAY)


def _refusal(request: web.Request, code: str, detail: str, status: int) -> web.Response:
    """For a script as JSON, and as a page for a browser that followed a link."""
    language = language_of(request)
    detail = translations(language).gettext(detail)
    if "text/html" not in request.headers.get("Accept", ""):
        return _json({"code": code, "detail": detail}, status=status)
    page = templates(request.app[_SHELF], "sandbox", language).get_template("demo/refused.html")
    return web.Response(
        status=status,
        text=page.render(code=code, detail=detail),
        content_type="text/html",
        charset="utf-8",
        headers={**HEADERS, "Content-Language": language},
    )


def _json(answer: Any, *, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(answer),
        content_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )
