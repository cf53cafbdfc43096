"""The core's books, read over and over while somebody looks: every account, and the sum that has to be zero."""

import asyncio
from typing import Any, Final

import aiohttp
from msgspec import Struct

from gateway.demo.bank_core import BankCore
from gateway.demo.checks import CURRENCY
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.phone import Phone
from gateway.wire.money import Amount

_LOOK_EVERY_S: Final = 0.5
_PATIENCE_S: Final = 1.5
# The end of an id is what tells two apart; a name is shorter.
_SHORT: Final = 10
_ORDER: Final = ("payer:", "merchant:", "funder:", "bank:offers", "bank:fees", "bank:external", "bank:house")


class Holding(Struct, frozen=True, kw_only=True):
    """An account; `moved` is what its last change came to, `fresh` whether that was the ledger's last."""

    account: str
    kind: str
    short: str
    unit: str
    balance_minor: int
    moved_minor: int
    fresh: bool


class Shown(Struct, frozen=True, kw_only=True):
    """`silent` while the core does not answer: then the rest is what it said last."""

    silent: bool
    agree: bool
    sum: int
    unit: str
    holdings: list[Holding]


class Ledger:
    """Reads; what it reads of the payer's account is what the phone shows as the balance."""

    def __init__(self, board: Board, core: BankCore, phone: Phone) -> None:
        self._board, self._core, self._phone = board, core, phone
        self._held: dict[str, int] = {}
        self._moved: dict[str, int] = {}
        self._fresh: set[str] = set()
        self._last: Shown | None = None

    async def keep(self) -> None:
        """As long as the showroom is open."""
        while True:
            await self._board.somebody()
            await self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def look(self) -> None:
        """Once."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                books = await self._core.books()
        except (TimeoutError, aiohttp.ClientError):
            if self._last is not None:
                self._board.show("ledger", {**_fields(self._last), "silent": True})
            return
        self._take(books)

    def _take(self, books: Any) -> None:
        accounts = [one for one in books["accounts"] if one["unit"] == CURRENCY]
        held = {one["account"]: one["balance_minor"] for one in accounts}
        changes = {name: now - self._held.get(name, 0) for name, now in held.items()}
        changed = {name: by for name, by in changes.items() if by}
        if changed:
            self._fresh = set(changed) if self._held else set()
            self._moved |= changed if self._held else {}
            self._held = held
        self._last = Shown(
            silent=False,
            agree=books["balances_agree"],
            sum=sum(books["sums"].values()),
            unit=CURRENCY,
            holdings=[self._holding(name) for name in sorted(held, key=_place)],
        )
        self._board.show("ledger", self._last)
        self._phone.has(Amount(amount_minor=held.get(f"payer:{self._phone.owner.id}", 0), currency=CURRENCY))

    def _holding(self, account: str) -> Holding:
        kind, _, name = account.partition(":")
        return Holding(
            account=account,
            kind=account if kind == "bank" else kind,
            short="" if kind == "bank" else name[-_SHORT:],
            unit=CURRENCY,
            balance_minor=self._held[account],
            moved_minor=self._moved.get(account, 0),
            fresh=account in self._fresh,
        )


def _place(account: str) -> tuple[int, str]:
    """Customers first, then who is paid, then who gives, then the bank's own."""
    found = (number for number, kind in enumerate(_ORDER) if account.startswith(kind))
    return (next(found, len(_ORDER)), account)


def _fields(shown: Shown) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in Shown.__struct_fields__}
