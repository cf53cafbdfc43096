"""Every page in every look: both languages, both themes, phone and desktop; pictures in `.data/screens`, axe's word.

A section is a tour of its pages: given a town that it may fill, it yields what each is called and where it is. Pages
that only a story reaches, such as a secret that is shown once, are looked at by the stories in `tests/browser`.
"""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.bank import A_PDF
from tests.browser.conftest import CHROMIUM
from tests.browser.consoles import owner_of, signed_in
from tests.browser.looking import EVERY_LOOK, SCREENS, Eyes, looking, violations
from tests.browser.operators import identity_file
from tests.builders import a_deal
from tests.campaigns import agreed, proposed
from tests.hired import an_operator
from tests.onboarded import a_draft_with_a_pdf
from tests.receivers import receiving
from tests.shopping import SHOP, a_web_shop, pay
from tests.signing_in import OwnKey
from tests.town import Town

# The first plot of a process waits for matplotlib to be read.
_PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """Pages of one section.

    Attributes:
        pages: addresses, by the name of their picture.
        come_in: what a fresh browser does before.
    """

    pages: dict[str, str]
    come_in: Callable[[Page], Awaitable[None]]


@asynccontextmanager
async def partner(town: Town) -> AsyncIterator[Tour]:
    """The console of a supermarket that has everything: payments, an offer, endpoints that answer and do not."""
    shop = await town.supermarket()
    async with receiving() as receiver, town.pool.acquire() as conn:
        async with conn.transaction():
            offer = await agreed(conn, shop.merchant.partner_id, a_deal())
        for url in (receiver.url, "http://127.0.0.1:9/hook"):
            made = await shop.office.post("/v1/webhook-endpoints", {"url": url})
            assert made.status == 201, made.body
        payer = await town.payer(1_000_000)
        payment = {}
        for number in range(12):
            payment = (
                await shop.ask(
                    9_900 + 700 * number, code=await town.code(payer), merchant_order_no=f"T7-{number:06d}"
                )
            ).body
        held = (await shop.ask(5_000, code=await town.code(payer), capture="manual")).body
        refund = {"merchant_refund_no": "T7-R1", "amount": {"amount_minor": 4_000, "currency": "CNY"}}
        await shop.office.post(f"/v1/payments/{payment['id']}/refunds", refund)
        endpoint = made.body["id"]
        tried: list[dict[str, str]] = []
        while not tried:
            made_due = await shop.office.get(f"/v1/webhook-endpoints/{endpoint}/deliveries")
            tried = [one for one in made_due.body["items"] if one["attempts"]]
        delivery = tried[0]
        with tempfile.TemporaryDirectory() as folder:
            file = await owner_of(town, shop, Path(folder))
            pages = {
                "front": "",
                "payments": "/payments",
                "payments-none": "/payments?q=NOTHING",
                "payment": f"/payments/{payment['id']}",
                "refund": f"/payments/{payment['id']}/refund?amount=10",
                "capture": f"/payments/{held['id']}/capture?amount=10",
                "offers": "/offers",
                "offer": f"/offers/{offer.id}",
                "offer-terms": "/new-offer",
                "webhooks": "/webhooks",
                "webhook": f"/webhooks/{endpoint}",
                "delivery": f"/deliveries/{delivery['id']}",
                "stores": "/stores",
                "store": f"/stores/{shop.place.store.id}",
                "terminal": f"/terminals/{shop.place.terminal.id}",
                "applications": "/applications",
                "bulks": "/bulks",
                "changes": "/changes",
                "keys": "/keys",
                "client": f"/keys/{file.stem}",
            }

            async def come_in(page: Page) -> None:
                await signed_in(page, town, file)

            named = {f"partner-{name}": f"{town.public}/console{path}" for name, path in pages.items()}
            yield Tour(pages=named, come_in=come_in)


@asynccontextmanager
async def operator(town: Town) -> AsyncIterator[Tour]:
    """The bank's console after a day: a case with papers, offers to co-sign and live, payments and what is in doubt."""
    key = OwnKey()
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        hired = await an_operator(
            conn, frozenset({"reviewer", "approver", "risk", "auditor"}), key.public_jwk
        )
        live = await agreed(conn, shop.merchant.partner_id, a_deal())
        waiting = await proposed(conn, shop.merchant.partner_id, a_deal(name="双11 满100减20"))
        case: str = await conn.fetchval("SELECT id FROM merchants.applications ORDER BY id DESC LIMIT 1")
        draft, paper = await a_draft_with_a_pdf(conn, A_PDF)
    payer, poor = await town.payer(1_000_000), await town.payer(100)
    for number in range(12):
        await shop.ask(9_900 + 700 * number, code=await town.code(payer))
    await shop.ask(900, code=await town.code(poor))
    late = await town.payer(10_000, behaviour="reply_lost")
    await shop.ask(2_000, code=await town.code(late), wait_s=0)
    pages = {
        "front": "",
        "cases": "/cases?status=active",
        "cases-none": "/cases?status=rejected",
        "case": f"/cases/{case}",
        "papers": f"/cases/{case}/papers",
        "paper-pdf": f"/cases/{draft}/papers?left={paper}",
        "clear": f"/cases/{case}/clear",
        "bulks": "/bulks",
        "changes": "/changes",
        "offers": "/offers",
        "offer": f"/offers/{waiting.offer.id}",
        "offer-live": f"/offers/{live.offer.id}",
        "merchants": "/merchants",
        "merchant": f"/merchants/{shop.merchant.id}",
        "in-doubt": "/in-doubt",
        "velocity": "/velocity",
        "velocity-none": "/velocity?rule=none-such",
        "monitoring": "/monitoring",
        "people": "/people",
        "trail": "/trail",
        "trail-none": "/trail?deed=nothing.done",
    }

    async def come_in(page: Page) -> None:
        await page.goto(f"{town.operators}/console")
        await page.set_input_files("input[type=file]", identity_file(town.operators, hired.client_id, key))
        await page.wait_for_url(f"{town.operators}/console")

    named = {f"operator-{name}": f"{town.operators}/console{path}" for name, path in pages.items()}
    yield Tour(pages=named, come_in=come_in)


@asynccontextmanager
async def checkout(town: Town) -> AsyncIterator[Tour]:
    """One order's page at each of its moments."""
    shop = await a_web_shop(town)
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.partner_id, a_deal())
    lines = [
        {"name": "冻顶乌龙 500 g", "amount_minor": 9_800, "quantity": 2},
        {"name": '<img src=x onerror="alert(1)">', "amount_minor": 3_000},
    ]
    moments = ("waiting", "declined", "paid", "expired", "returned")
    sessions = {one: await shop.opened(12_800, lines=lines, expires_in_s=7_200) for one in moments}
    await pay(town, shop, sessions["declined"], await town.payer(1))
    for one in ("paid", "returned"):
        await pay(town, shop, sessions[one], await town.payer(50_000))
    await shop.server.post(f"/v1/payments/{sessions['returned']['payment_id']}/cancel", {"wait_s": 20})
    await shop.server.post(f"/v1/checkout-sessions/{sessions['expired']['id']}/expire", None)

    async def come_in(page: Page) -> None:
        """Who has paid is led to the shop, of which nobody takes a picture."""
        await page.route(f"{SHOP}/**", lambda route: route.fulfill(status=204))

    paths = {one: session["url"].removeprefix(town.settings.public_url) for one, session in sessions.items()}
    yield Tour(pages={f"checkout-{one}": town.public + path for one, path in paths.items()}, come_in=come_in)


TOURS = {"partner": partner, "operator": operator, "checkout": checkout}


@dataclass(slots=True)
class Looked:
    """How many pictures were taken, and what was wrong in them."""

    pictures: int
    faults: list[str]


async def look(town: Town) -> Looked:
    """Walk each tour with every pair of eyes."""
    looked = Looked(0, [])
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        async with AsyncExitStack() as stack:
            # All are made ready before the first is walked: on a slow machine a walk outlasts the town's tokens.
            tours = [await stack.enter_async_context(tour(town)) for tour in TOURS.values()]
            for tour in tours:
                for eyes in EVERY_LOOK:
                    await _walk(browser, tour, eyes, looked)
        await browser.close()
    return looked


async def _walk(browser: Browser, tour: Tour, eyes: Eyes, looked: Looked) -> None:
    async with looking(browser, eyes) as context:
        page = await _inside(context, tour)
        for name, url in tour.pages.items():
            answer = await page.goto(url)
            await page.screenshot(path=SCREENS / f"{name}-{eyes.name}.png", full_page=True)
            looked.pictures += 1
            if answer is None or answer.status != 200:
                looked.faults.append(f"{name}: {answer.status if answer else 'no answer'}")
            looked.faults += [f"{name} {eyes.name}: {one}" for one in await violations(page)]
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            looked.faults += [f"{name} {eyes.name}: wider than the screen"] if wide else []


async def _inside(context: BrowserContext, tour: Tour) -> Page:
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    await tour.come_in(page)
    return page
