"""A partner's sandbox events, posted to an address of the developer's own machine as webhooks would come there."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from gateway.client.errors import AnswerLost, Unreachable
from gateway.client.partner import Partner
from gateway.wire.webhooks import SignedEvent, SignedEventPage, SignedFeedQuery

_WAIT_S: Final = 25.0
_AGAIN_AFTER_S: Final = 1.0
# Receivers refuse what was signed five minutes ago: who could not take it in time gets it signed anew.
_FRESH_S: Final = 60.0
# As long as a webhook endpoint may take.
_ANSWERS_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What the local address made of one event; None where it could not be reached, and is tried again."""

    event_id: str
    type: str
    status: int | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The first answer is there: what events are signed with."""

    secret: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The gateway cannot be reached; listening goes on from the same place once it can."""


Said = Forwarded | Listening | Interrupted


class Forwarder:
    """Hands bytes and headers on unchanged, in order, and goes on only when each has been answered.

    `cursor` is where it stands: another one that begins there loses nothing.
    """

    def __init__(
        self,
        partner: Partner,
        target: str,
        *,
        say: Callable[[Said], None],
        types: Sequence[str] = (),
        cursor: str | None = None,
        fresh_s: float = _FRESH_S,
    ) -> None:
        self._partner, self._target, self._say = partner, target, say
        self._types = list(types)
        self._fresh_s = fresh_s
        self.cursor = cursor

    async def run(self) -> None:
        """Until it is canceled.

        Raises:
            ProblemAnswered: the gateway refuses: not in the sandbox, or without the scope.
        """
        async with aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=_ANSWERS_WITHIN_S)
        ) as http:
            page = await self._page(wait_s=0.0)
            self._say(Listening(secret=page.secret))
            done: set[str] = set()
            while True:
                if await self._all_handed_on(http, page.items, done):
                    self.cursor = page.next
                    done.clear()
                page = await self._page(wait_s=_WAIT_S)

    async def _all_handed_on(
        self, http: aiohttp.ClientSession, events: Sequence[SignedEvent], done: set[str]
    ) -> bool:
        """False where their signatures grew old meanwhile; `done` says how far it came."""
        # Without a cursor there is no way back to them.
        until = time.monotonic() + self._fresh_s if self.cursor else math.inf
        for event in events:
            event_id = event.headers["webhook-id"]
            if event_id in done:
                continue
            if not await self._hand_on(http, event, until=until):
                return False
            done.add(event_id)
        return True

    async def _page(self, *, wait_s: float) -> SignedEventPage:
        query = SignedFeedQuery(cursor=self.cursor, type=self._types, wait_s=wait_s)
        while True:
            try:
                return await self._partner.signed_events(query)
            except (AnswerLost, Unreachable):
                self._say(Interrupted())
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def _hand_on(self, http: aiohttp.ClientSession, event: SignedEvent, *, until: float) -> bool:
        while time.monotonic() < until:
            status, began = None, time.monotonic()
            try:
                async with http.post(
                    self._target, data=event.body.encode(), headers=event.headers, allow_redirects=False
                ) as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError):
                pass
            duration_ms = round((time.monotonic() - began) * 1_000)
            event_id = event.headers["webhook-id"]
            self._say(Forwarded(event_id=event_id, type=event.type, status=status, duration_ms=duration_ms))
            if status is not None:
                return True
            await asyncio.sleep(_AGAIN_AFTER_S)
        return False
