"""How the story is told: chapters, lines with the time they happened at, codes drawn with blocks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import qrcode
from rich.console import Console
from rich.markup import escape
from rich.text import Text

# Two modules a character, one above the other.
_BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
# A scanner wants four modules of white; in a terminal two will do, for its background ends somewhere else.
_QUIET_MODULES = 2


class Narrator:
    """Prints; knows nothing of what it prints about."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._began_at = time.monotonic()
        self._chapters = 0

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began_at

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        """A part of the story; its time is told when it has ended well."""
        self._chapters += 1
        began_s = self.elapsed_s
        self._console.print(f"\n[bold]{self._chapters}  {escape(title)}[/]")
        yield
        self._line(f"[green]done in {self.elapsed_s - began_s:.2f} s[/]")

    def say(self, text: str) -> None:
        self._line(escape(text))

    def checked(self, text: str) -> None:
        """Something that was claimed and holds."""
        self._line(f"[green]✓[/] {escape(text)}")

    def heard(self, who: str, text: str) -> None:
        """What another process printed."""
        self._line(f"[cyan]{escape(who)} │[/] {escape(text)}")

    def command(self, line: str) -> None:
        """A line to copy: nothing before it, nothing wrapped."""
        self._console.print(Text(line, style="bold yellow", no_wrap=True, overflow="ignore"), crop=False)

    def plain(self, text: str = "") -> None:
        self._console.print(escape(text))

    def broken(self, text: str) -> None:
        self._console.print(f"\n[bold red]✗ {escape(text)}[/]")

    def qr(self, payload: str) -> None:
        """The code as the customer's phone, or the shop's page, shows it."""
        code = qrcode.QRCode(border=_QUIET_MODULES)
        code.add_data(payload)
        rows = code.get_matrix()
        rows += [[False] * len(rows[0])] * (len(rows) % 2)
        for upper, lower in zip(rows[::2], rows[1::2], strict=True):
            drawn = "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
            self._console.print(Text.assemble("   ", (drawn, "black on white")), crop=False, no_wrap=True)

    def _line(self, markup: str) -> None:
        self._console.print(f"   [dim]{self.elapsed_s:6.2f} s[/]  {markup}")
