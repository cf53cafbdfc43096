"""A small online shop: shelves, a cart with the offers that will apply, and an order that a phone pays."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Final, Literal

from msgspec import Struct

from gateway.client import FINAL, Partner
from gateway.demo.checks import CURRENCY, asked
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Deed, Nothing, Which
from gateway.demo.showroom.errands import Errands
from gateway.demo.showroom.refusals import CartEmpty, NobodyWaits
from gateway.wire.money import Amount
from gateway.wire.offer_figures import Quote, QuoteRequest
from gateway.wire.payments import CartLine, Payment, PaymentRequest

_MOST_OF_ONE: Final = 9
_ORDER_LIFE_S: Final = 300
Screen = Literal["shelves", "pay", "result"]


class Article(Struct, frozen=True, kw_only=True):
    """Something on the shelf; the page has its name and picture by its number."""

    sku: str
    name: str
    price: Amount


def _article(sku: str, name: str, price_minor: int) -> Article:
    return Article(sku=sku, name=name, price=Amount(amount_minor=price_minor, currency=CURRENCY))


ARTICLES: Final = (
    _article("tea", "龙井茶", 11_500),
    _article("cup", "青瓷杯", 6_800),
    _article("umbrella", "油纸伞", 8_900),
    _article("soap", "桂花香皂", 2_300),
)


class Line(Struct, frozen=True, kw_only=True):
    """So many of one article."""

    sku: str
    name: str
    quantity: int
    sum: Amount


class Shown(Struct, frozen=True, kw_only=True):
    """Everything in the shop's window; `quote` says what a customer would get."""

    screen: Screen
    lines: list[Line]
    count: int
    quote: Quote | None
    picture: str | None
    payment: Payment | None


class Shop:
    """The shop's server, which has the head office's credentials."""

    def __init__(self, board: Board, errands: Errands, office: Partner) -> None:
        self._board, self._errands, self._office = board, errands, office
        self._cart: dict[str, int] = {}
        self._quote: Quote | None = None
        self._screen: Screen = "shelves"
        self._picture: str | None = None
        self._payment: Payment | None = None
        self._opened = datetime.now(UTC)
        self._numbers = count(1)

    @property
    def deeds(self) -> Mapping[str, Deed]:
        return {
            "add": Deed(Which, self.add),
            "remove": Deed(Which, self.remove),
            "check_out": Deed(Nothing, self.check_out),
            "back": Deed(Nothing, self.back),
        }

    async def add(self, one: Which) -> None:
        """Into the cart."""
        if one.id not in {each.sku for each in ARTICLES}:
            raise NobodyWaits
        self._cart[one.id] = min(self._cart.get(one.id, 0) + 1, _MOST_OF_ONE)
        await self._ask_for_offers()

    async def remove(self, one: Which) -> None:
        """Out of it."""
        left = self._cart.get(one.id, 0) - 1
        self._cart.pop(one.id, None)
        if left > 0:
            self._cart[one.id] = left
        await self._ask_for_offers()

    async def check_out(self, _: Nothing) -> None:
        """An order, and its signed code."""
        lines = self._lines()
        if not lines:
            raise CartEmpty
        order = await self._office.pay(
            PaymentRequest(
                amount=asked(_total(lines)),
                merchant_order_no=f"WEB-{self._opened:%H%M%S}-{next(self._numbers):03d}",
                description="、".join(f"{one.name} {one.quantity}" for one in lines),
                items=[CartLine(sku=one.sku, amount_minor=one.sum.amount_minor) for one in lines],
                expires_in_s=_ORDER_LIFE_S,
            )
        )
        code = await self._office.qr_code(order.id)
        self._picture = self._board.hang(await self._office.picture(code.id))
        self._payment = order
        self._go("pay")
        self._errands.send(self._follow(order.id))

    async def back(self, _: Nothing) -> None:
        """To the shelves; an order that nobody paid is withdrawn."""
        order, self._payment = self._payment, None
        if order is not None and order.state == "succeeded":
            self._cart.clear()
            self._quote = None
        self._go("shelves")
        if order is not None and order.state not in FINAL:
            await self._office.cancel(order.id)

    async def _follow(self, order_id: str) -> None:
        order = await self._office.wait(order_id, within_s=_ORDER_LIFE_S + 120.0)
        if self._payment is not None and self._payment.id == order_id:
            self._payment = order
            self._go("result")

    async def _ask_for_offers(self) -> None:
        """What it would come to, as the gateway says; asked for what is in the cart when the answer comes."""
        lines = self._lines()
        self.show()
        if not lines:
            self._quote = None
        else:
            items = [CartLine(sku=one.sku, amount_minor=one.sum.amount_minor) for one in lines]
            cart = QuoteRequest(amount=asked(_total(lines)), code_kind="order_code", items=items)
            quote = await self._office.quote(cart)
            if self._lines() != lines:
                return
            self._quote = quote
        self.show()

    def _lines(self) -> list[Line]:
        return [
            Line(
                sku=one.sku,
                name=one.name,
                quantity=quantity,
                sum=Amount(amount_minor=quantity * one.price.amount_minor, currency=CURRENCY),
            )
            for one in ARTICLES
            if (quantity := self._cart.get(one.sku, 0))
        ]

    def _go(self, screen: Screen) -> None:
        self._screen = screen
        if screen != "pay":
            self._picture = None
        self.show()

    def show(self) -> None:
        lines = self._lines()
        state = Shown(
            screen=self._screen,
            lines=lines,
            count=sum(one.quantity for one in lines),
            quote=self._quote,
            picture=self._picture,
            payment=self._payment,
        )
        self._board.show("shop", state)


def _total(lines: list[Line]) -> int:
    return sum(one.sum.amount_minor for one in lines)
