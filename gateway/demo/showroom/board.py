"""What each exhibit shows right now, and who has not seen it yet."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import uuid4

import msgspec

# A phone shows two at once, till and shop one each; the rest may still be on its way to a browser. What hangs for good
# is not counted.
_MOST_PICTURES: Final = 48


class Board:
    """The latest state of every exhibit, by name, and the pictures it speaks of."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[int, bytes]] = {}
        self._version = 0
        self._changed = asyncio.Event()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._for_good: dict[str, bytes] = {}
        self._watchers = 0
        self._watched = asyncio.Event()

    def show(self, exhibit: str, state: Any) -> None:
        """The whole of what it shows; who looks is told at once."""
        shown = msgspec.json.encode(state)
        if self._shown.get(exhibit, (0, b""))[1] == shown:
            return
        self._version += 1
        self._shown[exhibit] = (self._version, shown)
        self._changed.set()
        self._changed = asyncio.Event()

    def hang(self, png: bytes, *, for_good: bool = False) -> str:
        """A picture's address; it stays until many others have come, or for good."""
        name = uuid4().hex
        if for_good:
            self._for_good[name] = png
        else:
            self._pictures[name] = png
        while len(self._pictures) > _MOST_PICTURES:
            self._pictures.popitem(last=False)
        return f"/pictures/{name}.png"

    def picture(self, name: str) -> bytes | None:
        return self._for_good.get(name) or self._pictures.get(name)

    async def watch(self) -> AsyncGenerator[tuple[str, bytes], None]:
        """Every exhibit as it is now, then each as it changes; one that changes often is told as it is in the end."""
        self._watchers += 1
        self._watched.set()
        try:
            async for one in self._news():
                yield one
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()

    async def somebody(self) -> None:
        """Wait until somebody looks."""
        await self._watched.wait()

    async def _news(self) -> AsyncGenerator[tuple[str, bytes], None]:
        seen = 0
        while True:
            changed = self._changed
            news = sorted((number, name) for name, (number, _) in self._shown.items() if number > seen)
            for number, name in news:
                yield name, self._shown[name][1]
                seen = max(seen, number)
            if not news:
                await changed.wait()
