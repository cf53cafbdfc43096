"""Offers as a page shows them before anybody has paid: what everybody gets, what some may get besides, and what not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from gateway.payments.confirm import cart_of
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment
from gateway.transfers.transfer import Connection
from merchants.offers import quote as quotes
from merchants.offers import reserving
from merchants.offers.cart import History
from merchants.offers.giving import Form
from merchants.offers.reason import Reason
from merchants.offers.terms import FirstWith

# Somebody who has paid everywhere before and holds no coupon: what they get, everybody gets.
_ANYBODY: Final = History(known_to=frozenset(get_args(FirstWith)))
_DEPENDS_ON_WHO_PAYS: Final = frozenset({Reason.OTHER_SEGMENT, Reason.NOT_FIRST_PURCHASE, Reason.NO_COUPON})
# Others are for another shop, day or way to pay: not this order's business.
_WORTH_SAYING: Final = frozenset(
    {
        Reason.SPEND_TOO_SMALL, Reason.OTHER_ITEMS, Reason.NOT_A_MEMBER, Reason.BUDGET_USED_UP,
        Reason.DAILY_BUDGET_USED_UP, Reason.OTHERS_GIVE_MORE, Reason.OTHER_HOUR,
    }
)  # fmt: skip
# A page, no catalogue.
_MOST: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An offer that applies; `given_minor` in minor units of a currency, or in points."""

    title: str
    form: Form
    unit: str
    given_minor: int


@dataclass(frozen=True, slots=True)
class Withheld:
    """An offer that does not apply, or not to everybody, and why."""

    title: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the page says of offers; the wallet says what this payer gets, and charges no other amount."""

    payable_minor: int
    given: tuple[Given, ...]
    perhaps: tuple[Withheld, ...]
    withheld: tuple[Withheld, ...]


async def to_anybody(needs: Needs, conn: Connection, payment: Payment, *, now: datetime) -> Offered:
    """What an order comes to for somebody of whom nothing is known; reserves nothing."""
    cart = cart_of(payment)
    live = await needs.catalog.live(conn, cart.partner_id)
    room = await reserving.room(conn, live.offers, cart, None, now)
    found = quotes.best(live, cart, None, now, room=room, history=_ANYBODY)
    titles = {one.id: one.deal.name for one in live.offers}
    looked_at = [Withheld(titles[one.offer_id], one.reason) for one in found.looked_at]
    return Offered(
        payable_minor=found.payable_minor,
        given=tuple(
            Given(title=one.offer.deal.name, form=one.form, unit=one.unit, given_minor=one.given_minor)
            for one in found.applied
            if one.form is not Form.FEE
        ),
        perhaps=tuple(one for one in looked_at if one.reason in _DEPENDS_ON_WHO_PAYS)[:_MOST],
        withheld=tuple(one for one in looked_at if one.reason in _WORTH_SAYING)[:_MOST],
    )
