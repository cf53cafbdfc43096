"""A small online shop: shelves, a cart with the offers that will apply, and orders that are paid on a hosted page.

The page of a checkout session shows the same signed code that stands in the shop's window here; it opens the phone by
a deep link, lets a declined order be tried again, and leads the customer back with the gateway's signature.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Final, Literal

from msgspec import Struct

from gateway.client import FINAL, Partner, ResultReader, ResultRefused
from gateway.demo.checks import CURRENCY, asked
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Deed, Nothing, Which
from gateway.demo.showroom.errands import Errands
from gateway.demo.showroom.refusals import CartEmpty, NobodyWaits, NotOurWord
from gateway.wire.checkout import CheckoutLine, CheckoutRequest, CheckoutSession
from gateway.wire.money import Amount
from gateway.wire.offer_figures import Quote, QuoteRequest
from gateway.wire.payments import CartLine, Payment

_MOST_OF_ONE: Final = 9
_ORDER_LIFE_S: Final = 300
_LOOK_EVERY_S: Final = 0.5
# An end is told at once; one in doubt is shown as such after this.
_WAIT_S: Final = 1
_UNPAID: Final = frozenset({"requires_payer"})
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
    """Everything in the shop's window.

    Attributes:
        quote: what a customer would get.
        url: the order's hosted page, for this customer alone.
        again: it was declined, and may be tried again there.
        returned: the customer came back from there, with a signature that holds.
    """

    screen: Screen
    lines: list[Line]
    count: int
    quote: Quote | None
    picture: str | None
    url: str | None
    payment: Payment | None
    again: bool
    returned: bool


class Shop:
    """The shop's server, which has the head office's credentials; `url` is where customers come back to."""

    def __init__(
        self, board: Board, errands: Errands, office: Partner, results: ResultReader, *, url: str
    ) -> None:
        self._board, self._errands, self._office = board, errands, office
        self._results, self._url = results, url
        self._cart: dict[str, int] = {}
        self._quote: Quote | None = None
        self._screen: Screen = "shelves"
        self._picture: str | None = None
        self._payment: Payment | None = None
        self._session: CheckoutSession | None = None
        self._returned = False
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
        self._changed()

    async def remove(self, one: Which) -> None:
        """Out of it."""
        left = self._cart.get(one.id, 0) - 1
        self._cart.pop(one.id, None)
        if left > 0:
            self._cart[one.id] = left
        self._changed()

    async def check_out(self, _: Nothing) -> None:
        """An order, its hosted page, and its signed code."""
        lines = self._lines()
        if not lines:
            raise CartEmpty
        session = await self._office.open_checkout(
            CheckoutRequest(
                amount=asked(_total(lines)),
                merchant_order_no=f"WEB-{self._opened:%H%M%S}-{next(self._numbers):03d}",
                description="、".join(f"{one.name} {one.quantity}" for one in lines),
                lines=[_sold(one) for one in lines],
                success_url=f"{self._url}/demo/shop/thanks",
                cancel_url=f"{self._url}/demo",
                expires_in_s=_ORDER_LIFE_S,
            )
        )
        self._session, self._returned = session, False
        self._errands.send(self._follow(session))
        await self._offer(session)

    async def back(self, _: Nothing) -> None:
        """To the shelves; an order that nobody has paid is withdrawn."""
        session, self._session = self._session, None
        payment, self._payment = self._payment, None
        if payment is not None and payment.state == "succeeded":
            self._cart.clear()
            self._quote = None
        self._go("shelves")
        if session is not None and payment is not None and payment.state in _UNPAID:
            await self._office.expire_checkout(session.id)

    async def welcome(self, signed: str) -> None:
        """A customer's browser comes back from the hosted page and says that it paid: the signature decides."""
        if self._session is None:
            raise NobodyWaits
        try:
            await self._results.verify_checkout_result(signed, session_id=self._session.id)
        except ResultRefused as error:
            raise NotOurWord from error
        self._returned = True
        self.show()

    async def _offer(self, session: CheckoutSession) -> None:
        """Show how to pay: the code of the latest attempt."""
        code = await self._office.qr_code(session.payment_id)
        picture = self._board.hang(await self._office.picture(code.id))
        payment = await self._office.payment(session.payment_id)
        if self._is_here_for(session):
            self._session, self._picture, self._payment = session, picture, payment
            self._go("pay" if payment.state in _UNPAID else "result")

    async def _follow(self, session: CheckoutSession) -> None:
        """Through every attempt to the end, as long as the customer is here."""
        while self._is_here_for(session):
            payment = await self._end_of(session)
            if payment is None or payment.state == "succeeded":
                return
            now = await self._next_attempt(session)
            if now is None:
                return
            session = now
            await self._offer(session)

    async def _end_of(self, session: CheckoutSession) -> Payment | None:
        """What became of this attempt, with every doubt shown as such on the way; None if the customer has left."""
        while True:
            payment = await self._office.payment(session.payment_id, wait_s=_WAIT_S)
            if not self._is_here_for(session):
                return None
            if payment.state not in _UNPAID:
                self._payment = payment
                self._go("result")
            if payment.state in FINAL:
                return payment

    async def _next_attempt(self, session: CheckoutSession) -> CheckoutSession | None:
        """Once the customer tries again, on the hosted page; None when that is over."""
        while self._is_here_for(session):
            now = await self._office.checkout(session.id)
            if now.attempts > session.attempts:
                return now
            self._session = now
            self.show()
            if now.state != "open":
                return None
            await asyncio.sleep(_LOOK_EVERY_S)
        return None

    def _changed(self) -> None:
        """Shown at once; what it comes to, as soon as the gateway has said."""
        self._quote = None
        self.show()
        self._errands.send(self._ask_for_offers())

    async def _ask_for_offers(self) -> None:
        """Asked for what is in the cart when the answer comes."""
        lines = self._lines()
        if lines:
            items = [CartLine(sku=one.sku, amount_minor=one.sum.amount_minor) for one in lines]
            cart = QuoteRequest(amount=asked(_total(lines)), code_kind="order_code", items=items)
            quote = await self._office.quote(cart)
            if self._lines() != lines:
                return
            self._quote = quote
        self.show()

    def _is_here_for(self, session: CheckoutSession) -> bool:
        """The customer may have gone back to the shelves, or on to another order, meanwhile."""
        return self._session is not None and self._session.id == session.id

    def _may_be_tried_again(self) -> bool:
        session, payment = self._session, self._payment
        if session is None or payment is None:
            return False
        return session.state == "open" and payment.state in ("declined", "expired")

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
            url=None if self._session is None else self._session.url,
            payment=self._payment,
            again=self._may_be_tried_again(),
            returned=self._returned,
        )
        self._board.show("shop", state)


def _sold(line: Line) -> CheckoutLine:
    return CheckoutLine(
        name=line.name, amount_minor=line.sum.amount_minor, quantity=line.quantity, sku=line.sku
    )


def _total(lines: list[Line]) -> int:
    return sum(one.sum.amount_minor for one in lines)
