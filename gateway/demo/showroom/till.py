"""The till of one cashier: amount, scanner, result, and the journal of its payments."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Final, Literal, Protocol

from msgspec import Struct

from gateway.client import FINAL, GatewayError, Partner
from gateway.client import Till as TillClient
from gateway.demo import pictures
from gateway.demo.showroom import scanner
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Deed, Nothing, Part, Sum, Which
from gateway.demo.showroom.errands import Errands
from gateway.demo.showroom.refusals import NobodyWaits
from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.payments import (
    Payment,
    PaymentRequest,
    RefundPreviewRequest,
    RefundRequest,
    RefundShares,
    TerminalQuery,
)
from gateway.wire.search import PaymentFilter

# Long enough for a payment that goes well; one in doubt is shown as such, while its end is waited for.
_WAIT_S: Final = 1
_DOUBT: Final = frozenset({"processing", "reversing"})
_KEPT: Final = 12
_STICKER_WAIT_S: Final = 25
_AGAIN_AFTER_S: Final = 1.0
Screen = Literal["idle", "scan", "code", "busy", "result"]


class Step(Struct, frozen=True, kw_only=True):
    """A state that the till was told, and when."""

    state: str
    at: datetime


class Shown(Struct, frozen=True, kw_only=True):
    """Everything on the till's screen; `steps` are of the payment that is shown."""

    screen: Screen
    merchant: str
    store: str
    label: str
    amount: Amount | None
    picture: str | None
    sticker: str
    payment: Payment | None
    steps: list[Step]
    journal: list[Payment]


class Place(Struct, frozen=True, kw_only=True):
    """Where the till stands."""

    merchant: str
    store: str
    label: str
    terminal_id: str
    sticker: bytes


class Customer(Protocol):
    """Who stands before the till and sees its display."""

    def taken(self, code: str) -> None: ...


class Till:
    """The till, which has a key of its own; what it may not do, the head office's people do for its cashier."""

    def __init__(
        self,
        board: Board,
        errands: Errands,
        till: TillClient,
        office: Partner,
        *,
        place: Place,
        customer: Customer,
    ) -> None:
        self._board, self._errands, self._till, self._office = board, errands, till, office
        self._place, self._customer = place, customer
        self._sticker = board.hang(place.sticker, for_good=True)
        self._numbers = count(1)
        self._opened = datetime.now(UTC)
        self._screen: Screen = "idle"
        self._turn = 0
        self._amount: PositiveAmount | None = None
        self._picture: str | None = None
        self._current: str | None = None
        self._steps: dict[str, list[Step]] = {}
        self._journal: dict[str, Payment] = {}

    @property
    def deeds(self) -> Mapping[str, Deed]:
        return {
            "charge": Deed(Sum, self.charge),
            "show": Deed(Sum, self.show_code),
            "next": Deed(Nothing, self.next),
            "look": Deed(Which, self.look),
            "cancel": Deed(Which, self.cancel),
            "preview": Deed(Part, self.preview),
            "refund": Deed(Part, self.refund),
        }

    async def charge(self, wish: Sum) -> None:
        """The cashier typed an amount, and takes the scanner."""
        self._amount = scanner.typed(wish.amount)
        self._go("scan")

    async def scanned(self, picture: bytes) -> None:
        """The scanner was held to a phone."""
        code = await scanner.read(picture)
        amount = self._amount
        if self._screen != "scan" or amount is None:
            raise NobodyWaits
        turn = self._go("busy")
        try:
            payment = await self._till.pay(
                PaymentRequest(amount=amount, merchant_order_no=self._order_no(), code=code, wait_s=_WAIT_S)
            )
        except BaseException:
            if turn == self._turn:
                self._go("scan")
            raise
        self._settle(payment, turn)
        if payment.state in _DOUBT:
            self._customer.taken(code)

    async def show_code(self, wish: Sum) -> None:
        """The other way round: the till shows a signed code, which the phone scans."""
        amount = scanner.typed(wish.amount)
        payment = await self._till.pay(PaymentRequest(amount=amount, merchant_order_no=self._order_no()))
        payload = payment.next_action.qr_payload
        assert payload is not None, "without a customer's code there is one to show"
        self._picture = self._board.hang(await asyncio.to_thread(pictures.drawn, payload))
        self._take(payment)
        self._current = payment.id
        self._go("code")
        self._errands.send(self._follow(payment.id))

    async def next(self, _: Nothing) -> None:
        """The next customer, please; an order that nobody has paid is withdrawn."""
        waiting = self._journal.get(self._current or "")
        if waiting is not None and waiting.state == "requires_payer":
            self._take(await self._till.cancel(waiting.id))
        self._current, self._amount = None, None
        self._go("idle")

    async def look(self, one: Which) -> None:
        """An earlier payment."""
        self._current = self._known(one.id).id
        self._go("result")

    async def cancel(self, one: Which) -> None:
        """Once accepted, the customer ends uncharged."""
        turn = self._turn
        payment = await self._till.cancel(self._known(one.id).id)
        self._settle(payment, turn)

    async def preview(self, part: Part) -> RefundShares:
        """Who would get what."""
        wish = RefundPreviewRequest(amount=scanner.typed(part.amount))
        return await self._office.preview_refund(self._known(part.id).id, wish)

    async def refund(self, part: Part) -> None:
        """Part of the order goes back, and that part of the discount to those who gave it."""
        turn = self._turn
        number = f"{self._known(part.id).merchant_order_no}-R{next(self._numbers)}"
        wish = RefundRequest(merchant_refund_no=number, amount=scanner.typed(part.amount))
        await self._office.refund(part.id, wish)
        self._settle(await self._till.payment(part.id), turn)

    async def open(self) -> None:
        """What it took before, and from now on what the sticker brings."""
        async for one in self._till.payments(PaymentFilter(limit=_KEPT)):
            self._take(one)
            if len(self._journal) == _KEPT:
                break
        self._errands.send(self._hear_the_sticker())
        self.show()

    async def _hear_the_sticker(self) -> None:
        """Who scans the sticker asks nobody; the till is told, and says so unless its cashier is at something else."""
        terminal_id = self._place.terminal_id
        after = (await self._till.terminal_payments(terminal_id, TerminalQuery())).next
        while True:
            query = TerminalQuery(after=after, wait_s=_STICKER_WAIT_S)
            try:
                news = await self._till.terminal_payments(terminal_id, query)
            except GatewayError:
                await asyncio.sleep(_AGAIN_AFTER_S)
                continue
            after = news.next
            for payment in news.items:
                self._settle(payment, self._turn if self._screen in ("idle", "result") else None)

    async def _follow(self, payment_id: str) -> None:
        payment = await self._till.wait(payment_id, within_s=600.0)
        self._take(payment)
        if self._current == payment_id and self._screen in ("code", "busy"):
            self._go("result")
        self.show()

    def _settle(self, payment: Payment, turn: int | None) -> None:
        """Stay with it until its end, and show it if the cashier has not turned to something else since that turn."""
        self._take(payment)
        if turn == self._turn:
            self._current = payment.id
            self._go("result")
        else:
            self.show()
        if payment.state not in FINAL:
            self._errands.send(self._follow(payment.id))

    def _take(self, payment: Payment) -> None:
        known = self._journal.get(payment.id)
        if known is not None and known.sequence > payment.sequence:
            return
        self._journal[payment.id] = payment
        steps = self._steps.setdefault(payment.id, [])
        if not steps or steps[-1].state != payment.state:
            steps.append(Step(state=payment.state, at=datetime.now(UTC)))

    def _known(self, payment_id: str) -> Payment:
        if payment_id not in self._journal:
            raise NobodyWaits
        return self._journal[payment_id]

    def _order_no(self) -> str:
        return f"T7-{self._opened:%H%M%S}-{next(self._numbers):03d}"

    def _go(self, screen: Screen) -> int:
        """Returns the number of this turn, by which an answer that comes late knows whether it is still waited for."""
        self._screen = screen
        self._turn += 1
        if screen != "code":
            self._picture = None
        self.show()
        return self._turn

    def show(self) -> None:
        newest = sorted(self._journal.values(), key=lambda one: one.created_at, reverse=True)
        current = self._journal.get(self._current or "")
        amount = self._amount
        state = Shown(
            screen=self._screen,
            merchant=self._place.merchant,
            store=self._place.store,
            label=self._place.label,
            amount=None
            if amount is None
            else Amount(amount_minor=amount.amount_minor, currency=amount.currency),
            picture=self._picture,
            sticker=self._sticker,
            payment=current,
            steps=self._steps.get(self._current or "", []),
            journal=newest[:_KEPT],
        )
        self._board.show("till", state)
