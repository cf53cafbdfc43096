"""Somebody in front of the demo's page: what they press there, whatever language it speaks, and what they wait for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from gateway.demo import story
from gateway.demo.narration import Narrator
from gateway.demo.sandbox import open_sandbox
from gateway.demo.showroom.opening import open_showroom
from tests.browser.looking import Eyes, seen

# A payment in doubt is asked about after three seconds.
DOUBT_WITHIN_MS = 20_000


@asynccontextmanager
async def a_showroom() -> AsyncIterator[str]:
    """The real one, as `make demo` opens it, with the first chapters behind it; yields its address."""
    narrator = Narrator()
    async with open_sandbox(narrator) as stage, AsyncExitStack() as stack:
        cast = await story.gather(stage, stack)
        async with open_showroom(stage, cast) as url:
            yield url


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

    async def does(self, deed: str) -> None:
        await self.page.locator(f'button[data-do="{deed}"]:visible').first.click()

    async def charges(self, amount: str) -> None:
        """At the till: the next customer, who pays so much."""
        if await self.page.locator('button[data-do="till.next"]:visible').count():
            await self.does("till.next")
        await self.page.locator("#till-amount").fill(amount)
        await self.page.locator('form[data-form="till.charge"] button:not([type])').click()
        await expect(self.screen("till", "scan")).to_be_visible()

    async def shows_a_code(self) -> None:
        """On the phone."""
        if await self.page.locator('button[data-do="phone.home"]:visible').count():
            await self.does("phone.home")
        await self.does("phone.code")
        await expect(self.page.locator('[data-src="code.qr"]')).to_have_js_property("complete", value=True)

    async def holds_it_to_the_till(self, *, symbol: str = "qr") -> None:
        await self.page.locator(f'.phone button.code:has([data-src="code.{symbol}"])').click()

    async def scans(self, exhibit: str, picture: str) -> None:
        """With the phone: this picture of that exhibit's."""
        await self.exhibit(exhibit).locator(f'button.code:has([data-src="{picture}"])').click()

    async def sees_till(self, state: str, amount: str) -> None:
        """The till's result, once it is this one."""
        display = self.screen("till", "result").locator(".display")
        await expect(display).to_contain_text(amount, timeout=DOUBT_WITHIN_MS)
        await expect(display).to_have_attribute("data-is", state, timeout=DOUBT_WITHIN_MS)

    async def sees_event(self, kind: str, amount: str) -> Locator:
        """A line of the log."""
        line = self.exhibit("log").locator("tbody tr").filter(has_text=kind).filter(has_text=amount).first
        await expect(line).to_be_visible(timeout=DOUBT_WITHIN_MS)
        return line

    async def sees_the_books_agree(self) -> None:
        await expect(self.page.locator("#ledger-sum")).to_have_text("¥0.00")
        await expect(self.exhibit("ledger").locator(".zero .badge.good")).to_be_visible()

    async def flips(self, name: str) -> None:
        """A switch, or one behaviour of the core's."""
        await self.page.locator(
            f'.chip:has(input[value="{name}"]), .chip:has([data-switch="{name}"])'
        ).click()

    async def looks(self, name: str, *, only_thorough: bool = False) -> None:
        if only_thorough and not self.thorough:
            return
        await self.page.mouse.move(0, 0)
        await seen(self.page, f"demo-{name}", self.eyes)
