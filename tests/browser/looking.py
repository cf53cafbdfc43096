"""How a story looks at a page: on which screen, in which language and light, and what it must never find there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

SCREENS = Path(__file__).parents[2] / ".data" / "screens"
# For machines that are slower than ours, and busy: who waits for a state sees it come, and loses no time by this.
_PATIENCE_MS = 60_000
expect.set_options(timeout=_PATIENCE_MS)
Theme = Literal["light", "dark"]

# What Chromium draws a PDF with is part of it and asks nobody else.
_VIEWER = ("chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/", "chrome://resources/")
_SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Somebody in front of a screen."""

    language: str = "zh-CN"
    theme: Theme = "light"
    size: Literal["desktop", "phone"] = "desktop"
    scripts: bool = True

    @property
    def name(self) -> str:
        return f"{self.language}-{self.theme}-{self.size}"


EVERY_LOOK = [
    Eyes(language=language, theme=theme, size=size)
    for language in ("zh-CN", "en")
    for theme in ("light", "dark")
    for size in ("desktop", "phone")
]
"""Both languages, both themes, both sizes: for the long form; a story takes one or two."""
ONE_OF_EACH = [Eyes(), Eyes(language="en", theme="dark", size="phone")]


@asynccontextmanager
async def looking(browser: Browser, eyes: Eyes | None = None) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile; leaving checks that no page asked another host for anything, or broke its policy."""
    eyes = eyes or Eyes()
    context = await browser.new_context(
        locale=eyes.language,
        color_scheme=eyes.theme,
        viewport=_SIZES[eyes.size],
        is_mobile=eyes.size == "phone",
        has_touch=eyes.size == "phone",
        java_script_enabled=eyes.scripts,
        reduced_motion="reduce",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(_PATIENCE_MS)
    strangers: list[str] = []
    faults: list[str] = []
    context.on("request", lambda one: None if _is_ours(one.url) else strangers.append(one.url))
    context.on(
        "console", lambda one: faults.append(one.text) if "Content Security Policy" in one.text else None
    )
    context.on("weberror", lambda one: faults.append(str(one.error)))
    yield context
    await context.close()
    assert strangers == [], "a page asked another host"
    assert faults == []


async def seen(page: Page, name: str, eyes: Eyes) -> None:
    """Keep a picture of the whole page where nobody commits it, and let axe judge it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENS / f"{name}-{eyes.name}.png", full_page=True)
    found = await violations(page)
    assert found == [], "\n".join(found)


async def violations(page: Page) -> list[str]:
    """What axe finds, each with where it is."""
    found = await Axe().run(page)
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:", *_VIEWER))
