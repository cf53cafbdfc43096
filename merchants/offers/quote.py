"""What a payer would get: the best result for one cart, with a reason for every offer that does not apply.

Pure and deterministic: the same offers, cart, payer, history, room and moment give the same quote and hash. It
reserves nothing; what budgets and caps have left is passed in as `Room` where it is known, and otherwise taken
to be untouched, for reserving finds out (`reserving.py`).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from merchants.offers.cart import NEWCOMER, Cart, History
from merchants.offers.funding import FunderShare
from merchants.offers.giving import CREDITED, Form
from merchants.offers.live import LiveOffers, LookedAt, Ready, Room
from merchants.offers.offer import Limit, Offer, moment_of
from merchants.offers.reason import Reason
from merchants.offers.stacking import Candidate, Combination, best_combination
from merchants.payer import PayerFacts

_NOBODY: frozenset[str] = frozenset()


class Applied(Struct, frozen=True, kw_only=True):
    """An offer's part in the payment; its funders' shares sum to what it gives.

    Attributes:
        limits: its bounds, each of which a counter stands for.
        given_minor: in `unit`: minor units of the currency, or points.
        coupon_id: of the coupon that is used up by it.
    """

    offer: Offer
    limits: tuple[Limit, ...]
    form: Form
    unit: str
    given_minor: int
    funders: tuple[FunderShare, ...]
    coupon_id: str | None = None

    @property
    def offer_id(self) -> str:
        return self.offer.id

    @property
    def version(self) -> int:
        return self.offer.version

    @property
    def discount_minor(self) -> int:
        """What is taken off the order by it."""
        return self.given_minor if self.form is Form.DISCOUNT else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The best result: order = payable + discount; `hash` is what a payer who confirms has seen."""

    order_minor: int
    currency: str
    discount_minor: int
    fee_waived_minor: int
    applied: tuple[Applied, ...]
    looked_at: tuple[LookedAt, ...]
    hash: str

    @property
    def payable_minor(self) -> int:
        return self.order_minor - self.discount_minor

    @property
    def discounts(self) -> tuple[Applied, ...]:
        """What is taken off the order."""
        return tuple(one for one in self.applied if one.form is Form.DISCOUNT)

    @property
    def credits(self) -> tuple[Applied, ...]:
        """What is given after the payment."""
        return tuple(one for one in self.applied if one.form in CREDITED)


def best(
    live: LiveOffers,
    cart: Cart,
    payer: PayerFacts | None,
    now: datetime,
    *,
    room: Mapping[str, Room] | None = None,
    history: History = NEWCOMER,
) -> Quote:
    """The best quote for a cart.

    Args:
        live: the partner's live offers.
        cart: its order is at least one minor unit.
        payer: None while unknown, as on a poster: offers for segments are left out then.
        now: aware; offers mean its wall clock in Shanghai.
        room: by offer id, what is known to be left; no entry means untouched.
        history: what the payer has behind them; where `live.asks_history` says that it matters.
    """
    moment = moment_of(now)
    segments = _NOBODY if payer is None else frozenset(payer.segments)
    profile = live.shortlist(cart, moment).profile(cart, segments, history)
    reach = bisect_right(profile.leasts_minor, cart.order_minor)
    candidates: list[Candidate] = []
    looked_at = [*profile.others, *profile.too_small[reach:]]
    for one in profile.certain[:reach]:
        reason = _look_at(one, cart, cart.order_minor, room, candidates)
        if reason is not None:
            looked_at.append(one.because[reason])
    for one in profile.asking:
        reason = one.refuses(cart, moment, history)
        if reason is None:
            reason = _look_at(one, cart, one.goods_minor(cart), room, candidates)
        if reason is not None:
            looked_at.append(one.because[reason])
    combination = best_combination(candidates, cart.order_minor, cart.fee_minor)
    taken = {one.ready.id for one in combination.taken}
    looked_at += [
        one.ready.because[Reason.OTHERS_GIVE_MORE if one.fits_alone else one.room.bound]
        for one in candidates
        if one.ready.id not in taken
    ]
    return _quote(cart, combination, tuple(looked_at), history)


def _look_at(
    one: Ready, cart: Cart, goods_minor: int, room: Mapping[str, Room] | None, candidates: list[Candidate]
) -> Reason | None:
    """Add the offer to the candidates, or say why it is none."""
    alone_minor = one.give(goods_minor, cart.order_minor, cart.fee_minor)
    if alone_minor == 0:
        return Reason.SPEND_TOO_SMALL
    left = room.get(one.id, one.untouched) if room else one.untouched
    if left.minor <= 0:
        return left.bound
    candidates.append(
        Candidate(one, goods_minor, alone_minor, alone_minor * one.weight, left, alone_minor <= left.minor)
    )
    return None


def _quote(cart: Cart, combination: Combination, looked_at: tuple[LookedAt, ...], history: History) -> Quote:
    applied = tuple(
        _applied(cart, one.ready, one.given_minor, history.coupons.get(one.ready.id))
        for one in combination.taken
    )
    return Quote(
        order_minor=cart.order_minor,
        currency=cart.currency,
        discount_minor=sum(one.discount_minor for one in applied),
        fee_waived_minor=sum(one.given_minor for one in applied if one.form is Form.FEE),
        applied=applied,
        looked_at=looked_at,
        hash=_hash(cart, combination),
    )


def _applied(cart: Cart, one: Ready, given_minor: int, coupon_id: str | None) -> Applied:
    return Applied(
        offer=one.offer,
        limits=one.limits,
        form=one.form,
        unit=one.unit,
        given_minor=given_minor,
        funders=one.plan_at(cart.merchant_id).split(given_minor),
        coupon_id=coupon_id if one.needs_coupon else None,
    )


def _hash(cart: Cart, combination: Combination) -> str:
    """SHA-256 (hex) over order and what is given; reasons are left out, for they change by the minute.

    Nor is a waived fee the payer's business: what they agree to does not change with it.
    """
    lines = [f"{cart.order_minor} {cart.currency}"]
    lines += [
        f"{one.ready.id} {one.ready.offer.version} {one.given_minor}"
        for one in combination.taken
        if one.ready.form is not Form.FEE
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
