"""Somebody in front of the demo's page: what they press there, whatever language it speaks, and what they wait for."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from PIL import Image
from playwright.async_api import Locator, Page, expect
from playwright.async_api import TimeoutError as NotYet

from gateway.demo import story
from gateway.demo.narration import Narrator
from gateway.demo.sandbox import open_sandbox
from gateway.demo.showroom.opening import open_showroom
from tests.browser.looking import Eyes, seen

# What the programs do in their own time, such as asking about a doubt or sending a webhook again, on a slow machine.
IN_THE_END_MS = 60_000
_SOON_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Showroom:
    """Where it is, and where the book-keeper's program listens, which anybody on this machine can reach."""

    url: str
    book_keeper: str

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/demo")

    async def posts_to_the_book_keeper(self, body: str) -> None:
        """As somebody who has no secret to sign with."""
        async with aiohttp.ClientSession() as http, http.post(self.book_keeper, data=body) as answer:
            assert answer.status == 400


@asynccontextmanager
async def a_showroom() -> AsyncIterator[Showroom]:
    """The real one, as `make demo` opens it, with the first chapters behind it."""
    narrator = Narrator()
    async with open_sandbox(narrator, with_page=True) as stage, AsyncExitStack() as stack:
        cast = await story.gather(stage, stack)
        async with open_showroom(stage, cast) as url:
            yield Showroom(url=url, book_keeper=cast.inbox.url)


def project(png: bytes, film: Path) -> None:
    """One frame of a picture, grey around it, as Chromium's false camera plays it over and over (YUV4MPEG2)."""
    width, height = 640, 480
    frame = Image.new("L", (width, height), 128)
    picture = Image.open(io.BytesIO(png)).convert("L").resize((440, 440))
    frame.paste(picture, ((width - 440) // 2, (height - 440) // 2))
    colourless = bytes([128]) * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\nFRAME\n".encode()
    # Who has it open goes on with what it was.
    cut = film.with_suffix(".cut")
    cut.write_bytes(head + frame.tobytes() + colourless)
    cut.replace(film)


def camera_of(film: Path) -> list[str]:
    """What makes Chromium's camera see this film, and its owner let pages see through it."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]


@dataclass(frozen=True, slots=True)
class Visitor:
    """One with a browser; a thorough one looks at every screen, the other at those that show most."""

    page: Page
    eyes: Eyes
    thorough: bool = False

    async def comes_in(self, url: str) -> None:
        await self.page.goto(url)
        await expect(self.page.locator(".exhibit.here")).to_have_count(6)

    def exhibit(self, name: str) -> Locator:
        return self.page.locator(f'[data-exhibit="{name}"]')

    def screen(self, exhibit: str, name: str) -> Locator:
        return self.exhibit(exhibit).locator(f'[data-if="screen={name}"]')

    @asynccontextmanager
    async def answered(self, what: str) -> AsyncIterator[None]:
        """What is pressed within is done, and not refused, before anything else is."""
        async with self.page.expect_response(f"**/demo/{what}", timeout=IN_THE_END_MS) as awaited:
            yield
        answer = await awaited.value
        assert answer.ok, f"{answer.url}: {await answer.text()}"

    async def does(self, deed: str) -> None:
        """By the keyboard alone."""
        async with self.answered(f"do/{deed.replace('.', '/')}"):
            await self.page.locator(f'button[data-do="{deed}"]:visible').first.press("Enter")

    async def comes_to(self, exhibit: str, name: str, *deeds: str) -> None:
        """That screen, by one of these deeds, from whatever is there now, which may change before it is pressed."""
        aim = self.screen(exhibit, name)
        ways = self.exhibit(exhibit).locator(",".join(f'button[data-do="{one}"]:visible' for one in deeds))
        async with asyncio.timeout(IN_THE_END_MS / 1000):
            while not await aim.is_visible():
                with suppress(NotYet, AssertionError):
                    await ways.first.press("Enter", timeout=_SOON_MS)
                    await expect(aim).to_be_visible(timeout=_SOON_MS)

    async def charges(self, amount: str) -> None:
        """At the till: the next customer, who pays so much."""
        await self.comes_to("till", "idle", "till.next")
        await self.page.locator("#till-amount").fill(amount)
        async with self.answered("do/till/charge"):
            await self.page.locator('form[data-form="till.charge"] button:not([type])').click()
        await expect(self.screen("till", "scan")).to_be_visible()

    async def shows_a_code(self) -> None:
        """On the phone."""
        await self.goes_home()
        await self.does("phone.code")
        await expect(self.screen("phone", "code")).to_be_visible()

    async def goes_home(self) -> None:
        """On the phone, whatever it shows."""
        await self.comes_to("phone", "home", "phone.home", "phone.decline")

    async def goes_back_to_the_shelves(self) -> None:
        """In the shop, from whatever was bought before."""
        await self.comes_to("shop", "shelves", "shop.back")

    async def picture_of(self, exhibit: str, picture: str) -> bytes:
        """Its pixels, as the server drew them."""
        address = await self.exhibit(exhibit).locator(f'[data-src="{picture}"]').get_attribute("src")
        assert address is not None
        answer = await self.page.request.get(self.page.url.partition("/demo")[0] + address)
        return await answer.body()

    async def holds_it_to_the_till(self, *, symbol: str = "qr") -> None:
        """Until it has taken the code; the picture is waited for by the page itself."""
        async with self.answered("scan/till"):
            await self.page.locator(f'.phone button.code:has([data-src="code.{symbol}"])').click()
        await expect(self.screen("till", "result")).to_be_visible()

    async def scans(self, exhibit: str, picture: str) -> None:
        """With the phone: this picture of that exhibit's."""
        async with self.answered("scan/phone"):
            await self.exhibit(exhibit).locator(f'button.code:has([data-src="{picture}"])').click()

    async def shows_the_camera(self, exhibit: str, picture: str, film: Path, *, to: str) -> None:
        """What that exhibit shows is printed, and held before this one's camera."""
        project(await self.picture_of(exhibit, picture), film)
        async with self.answered(f"scan/{to}"):
            await self.page.locator(f'[data-camera="{to}"]').click()

    async def opens_the_hosted_page(self) -> Page:
        """In a tab of its own, as the shop's link does."""
        async with self.page.context.expect_page() as opened:
            await self.screen("shop", "pay").locator('a[data-href="url"]').click()
        return await opened.value

    async def follows(self, link: Locator) -> None:
        """A deep link: it opens the wallet and leaves the page where it is."""
        address = await link.get_attribute("href")
        assert address is not None
        await self.page.goto(address, wait_until="commit")
        await expect(self.screen("phone", "review")).to_be_visible()

    async def sees_till(self, state: str, amount: str) -> None:
        """The till's result, once it is this one."""
        display = self.screen("till", "result").locator(".display")
        await expect(display).to_contain_text(amount, timeout=IN_THE_END_MS)
        await expect(display).to_have_attribute("data-is", state, timeout=IN_THE_END_MS)

    async def saw_doubt(self) -> None:
        """The till said meanwhile that it did not know yet."""
        await expect(self.exhibit("till").locator('.steps > li[data-is="wait"]')).to_have_count(1)

    async def sees_event(self, kind: str, amount: str) -> Locator:
        """A line of the log."""
        line = self.exhibit("log").locator("tbody tr").filter(has_text=kind).filter(has_text=amount).first
        await expect(line).to_be_visible(timeout=IN_THE_END_MS)
        return line

    async def sees_the_books_agree(self) -> None:
        await expect(self.page.locator("#ledger-sum")).to_have_text("¥0.00")
        await expect(self.exhibit("ledger").locator(".zero .badge.good")).to_be_visible()

    async def flips(self, name: str) -> None:
        """A switch, or one behaviour of the core's."""
        chip = f'.chip:has(input[value="{name}"]), .chip:has([data-switch="{name}"])'
        async with self.answered("do/faults/*"):
            await self.page.locator(chip).click()

    async def looks(self, name: str, *, only_thorough: bool = False) -> None:
        if only_thorough and not self.thorough:
            return
        await self.page.mouse.move(0, 0)
        await seen(self.page, f"demo-{name}", self.eyes)
        wide = await self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{name} is wider than the screen"
