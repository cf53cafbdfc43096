"""The phone: a wallet app and its backend, with one payer signed in.

How a payment ends it learns as every wallet's backend does, from webhooks of its own audience, or from the answer to
what its payer confirmed.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from gateway.client import FINAL, GatewayError, WalletBackend
from gateway.demo import pictures
from gateway.demo.bank_core import BankCore
from gateway.demo.showroom import scanner
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Deed, Nothing, Sum
from gateway.demo.showroom.errands import Errands
from gateway.demo.showroom.phone_screen import (
    CodeShown,
    Review,
    Screen,
    Shown,
    asked,
    review_asked,
    review_of,
    review_of_store,
)
from gateway.demo.showroom.refusals import NobodyWaits
from gateway.wire.money import Amount
from gateway.wire.payments import PayerFacts, Refusal, Scan, StoreScan, WalletPayment

_KEPT: Final = 12
_WAIT_S: Final = 3
_MOST_WAITS: Final = 10
_TOP_UP_MINOR: Final = 50_000


class Phone:
    """One payer's phone."""

    def __init__(
        self, board: Board, errands: Errands, wallet: WalletBackend, core: BankCore, owner: PayerFacts
    ) -> None:
        self._board, self._errands, self._wallet, self._core = board, errands, wallet, core
        self.owner = owner
        self._screen: Screen = "home"
        self._code: CodeShown | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._sticker: tuple[str, StoreScan] | None = None
        self._review: Review | None = None
        self._payment: WalletPayment | None = None
        self._history: dict[str, WalletPayment] = {}
        self._balance: Amount | None = None

    @property
    def deeds(self) -> Mapping[str, Deed]:
        return {
            "home": Deed(Nothing, self.home),
            "code": Deed(Nothing, self.code),
            "scan": Deed(Nothing, self.scan),
            "amount": Deed(Sum, self.amount),
            "confirm": Deed(Nothing, self.confirm),
            "decline": Deed(Nothing, self.decline),
            "top_up": Deed(Nothing, self.top_up),
        }

    async def home(self, _: Nothing) -> None:
        self._go("home")

    async def scan(self, _: Nothing) -> None:
        """The camera is on."""
        self._go("scan")

    async def code(self, _: Nothing) -> None:
        """A fresh payment code; it is renewed as long as it is shown."""
        asked_at = datetime.now(UTC)
        issued = await self._wallet.payment_code(self.owner)
        left_s = (issued.expires_at - datetime.now(UTC)).total_seconds()
        drawn = await asyncio.to_thread(lambda: (pictures.drawn(issued.code), pictures.bars(issued.code)))
        self._code = CodeShown(
            digits=issued.code,
            qr=self._board.hang(drawn[0]),
            bars=self._board.hang(drawn[1]),
            since=asked_at,
            until=issued.expires_at,
            life_s=left_s,
        )
        self._go("code")
        self._renewing = self._errands.send(self._renew(left_s))

    async def _renew(self, after_s: float) -> None:
        await asyncio.sleep(max(after_s, 1.0))
        await self.code(Nothing())

    async def scanned(self, picture: bytes) -> None:
        """What the phone was held to: an order, or a sticker that wants an amount."""
        await self.opens(await scanner.read(picture))

    async def opens(self, text: str) -> None:
        """A code, from a picture or from a link on this very phone."""
        seen = await self._wallet.look(text, self.owner)
        if isinstance(seen, Scan):
            self._ask(review_of(seen))
        else:
            self._sticker = (text, seen)
            self._go("amount")

    async def amount(self, wish: Sum) -> None:
        """What a sticker does not say."""
        if self._sticker is None:
            raise NobodyWaits
        seen = await self._wallet.scan_store(self._sticker[0], self.owner, scanner.typed(wish.amount))
        self._ask(review_of_store(seen))

    async def confirm(self, _: Nothing) -> None:
        """The payer agrees to exactly what is shown."""
        review, self._review = self._review, None
        if review is None:
            raise NobodyWaits
        self._go("asking")
        try:
            payment = await self._confirmed(review)
        except GatewayError:
            self._go("home")
            raise
        self._take(payment)
        known = self._history[payment.id]
        if self._screen == "asking":
            self._payment = known
            self._go("result")
        else:
            self.show()
        if known.state not in FINAL:
            self._errands.send(self._follow(payment.id))

    async def _confirmed(self, review: Review) -> WalletPayment:
        payable = asked(review.payable)
        if review.kind == "store":
            assert review.scan_id is not None, "a sticker was scanned"
            return await self._wallet.pay_store(
                review.scan_id,
                self.owner,
                amount=asked(review.order),
                payable=payable,
                quote=review.quote,
                wait_s=_WAIT_S,
            )
        assert review.payment_id is not None, "an order has one"
        return await self._wallet.confirm(
            review.payment_id,
            self.owner,
            payable=payable,
            scan_id=review.scan_id,
            quote=review.quote,
            wait_s=_WAIT_S,
        )

    async def decline(self, _: Nothing) -> None:
        """The payer does not want to."""
        review, self._review = self._review, None
        self._go("home")
        if review is not None and review.payment_id is not None:
            await self._wallet.decline(review.payment_id, Refusal(scan_id=review.scan_id))

    async def top_up(self, _: Nothing) -> None:
        """In a sandbox money grows on trees; the core books it against an account of its own."""
        await self._core.give(self.owner.id, _TOP_UP_MINOR)

    def heard(self, payment: WalletPayment) -> None:
        """A webhook told of a payment; whoever looks at a code is shown what became of it, and of no older one."""
        if payment.payer_id != self.owner.id or not self._take(payment):
            return
        if payment.state == "requires_confirmation" and self._review is None:
            self._ask(review_asked(payment))
        elif payment.state in FINAL and self._is_by_the_code(payment):
            self._payment = payment
            self._go("result")
        else:
            if self._payment is not None and self._payment.id == payment.id:
                self._payment = payment
            self.show()

    def _is_by_the_code(self, payment: WalletPayment) -> bool:
        """One that was in doubt may end while the next code is shown already."""
        waits = self._screen in ("code", "asking")
        return waits and self._code is not None and payment.created_at > self._code.since

    def taken(self, code: str) -> None:
        """Its owner sees that the till has this code and does not know the end: it is worth nothing any more."""
        if self._screen == "code" and self._code is not None and self._code.digits == code:
            self._go("asking")

    def recall(self, payments: list[WalletPayment]) -> None:
        """What the feed of events remembers from before this phone was opened."""
        for one in payments:
            if one.payer_id == self.owner.id:
                self._take(one)
        self.show()

    def has(self, balance: Amount) -> None:
        """The books say so."""
        self._balance = balance
        self.show()

    async def _follow(self, payment_id: str) -> None:
        for _ in range(_MOST_WAITS):
            payment = await self._wallet.payment(payment_id, wait_s=25)
            self.heard(payment)
            if payment.state in FINAL:
                return

    def _take(self, payment: WalletPayment) -> bool:
        """Whether it is news: events may come twice, and in any order."""
        known = self._history.get(payment.id)
        if known is not None and known.sequence >= payment.sequence:
            return False
        self._history[payment.id] = payment
        return True

    def _ask(self, review: Review) -> None:
        self._review = review
        self._go("review")

    def _go(self, screen: Screen) -> None:
        if self._renewing is not None and self._renewing is not asyncio.current_task():
            self._renewing.cancel()
        self._renewing = None
        self._screen = screen
        if screen != "review":
            self._review = None
        self.show()

    def show(self) -> None:
        newest = sorted(self._history.values(), key=lambda one: one.created_at, reverse=True)
        state = Shown(
            screen=self._screen,
            owner=self.owner.id,
            balance=self._balance,
            code=self._code if self._screen == "code" else None,
            sticker=self._sticker[1].merchant_name if self._sticker else None,
            review=self._review,
            payment=self._payment,
            history=newest[:_KEPT],
        )
        self._board.show("phone", state)
