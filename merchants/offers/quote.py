"""What a payer would get: the best result for one cart, with a reason for every offer that does not apply.

Pure and deterministic: the same offers, cart, payer, room and moment give the same quote and hash. It
reserves nothing; what budgets and caps have left is passed in as `Room` where it is known, and otherwise taken
to be untouched, for reserving finds out (`reservations.py`).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from merchants.offers.funding import FunderShare, split
from merchants.offers.offer import Deal, Moment, Offer, Target, limits_of, moment_of
from merchants.offers.reason import SHORT_OF, Reason
from merchants.offers.stacking import Candidate, Combination, Room, best_combination
from merchants.offers.terms import discount_minor
from merchants.payer import PayerFacts

# Stands for "no bound"; above any amount we take.
_BOUNDLESS_MINOR = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What is bought, from whom and where; `store_id` is None online."""

    partner_id: str
    merchant_id: str
    store_id: str | None
    order_minor: int
    currency: str
    code_kind: str


class LiveOffers(Struct, frozen=True):
    """A partner's live offers, earliest first, as of a version; made once and quoted from many times.

    Attributes:
        untouched: by offer id, the room of an offer that nobody has used yet.
    """

    version: int
    offers: tuple[Offer, ...]
    untouched: Mapping[str, Room]

    @classmethod
    def of(cls, version: int, offers: Iterable[Offer]) -> "LiveOffers":
        """These offers, whatever order they come in."""
        in_order = tuple(sorted(offers, key=lambda offer: offer.id))
        return cls(version, in_order, {offer.id: _untouched(offer.deal) for offer in in_order})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An offer's part in the payment; its funders' shares sum to its discount."""

    offer: Offer
    discount_minor: int
    funders: tuple[FunderShare, ...]

    @property
    def offer_id(self) -> str:
        return self.offer.id

    @property
    def version(self) -> int:
        return self.offer.version


class LookedAt(Struct, frozen=True):
    """An offer that does not apply, and why."""

    offer_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The best result: order = payable + discount; `hash` is what a payer who confirms has seen."""

    order_minor: int
    currency: str
    discount_minor: int
    applied: tuple[Applied, ...]
    looked_at: tuple[LookedAt, ...]
    hash: str

    @property
    def payable_minor(self) -> int:
        return self.order_minor - self.discount_minor


def best(
    live: LiveOffers,
    cart: Cart,
    payer: PayerFacts | None,
    now: datetime,
    *,
    room: Mapping[str, Room] | None = None,
) -> Quote:
    """The best quote for a cart.

    Args:
        live: the partner's live offers.
        cart: its order is at least one minor unit.
        payer: None while unknown, as on a poster: offers for segments are left out then.
        now: aware; offers mean its wall clock in Shanghai.
        room: by offer id, what is known to be left; no entry means untouched.
    """
    rooms = live.untouched if room is None else {**live.untouched, **room}
    moment, segments = moment_of(now), frozenset() if payer is None else frozenset(payer.segments)
    found = [_look_at(offer, cart, segments, moment, rooms[offer.id]) for offer in live.offers]
    combination = best_combination([one for one in found if isinstance(one, Candidate)], cart.order_minor)
    taken = {one.offer.id for one in combination.taken}
    looked_at = tuple(
        LookedAt(offer.id, _beaten(one) if isinstance(one, Candidate) else one)
        for offer, one in zip(live.offers, found, strict=True)
        if offer.id not in taken
    )
    return _quote(cart, combination, looked_at)


def _look_at(
    offer: Offer, cart: Cart, segments: frozenset[str], moment: Moment, room: Room
) -> Candidate | Reason:
    """The offer as a candidate by itself, or why it is none."""
    deal = offer.deal
    if deal.currency != cart.currency:
        return Reason.OTHER_CURRENCY
    outside = _outside(deal.target, cart, segments, moment)
    if outside is not None:
        return outside
    order_minor = cart.order_minor
    alone_minor = discount_minor(deal.terms, order_minor=order_minor, remaining_minor=order_minor)
    if alone_minor == 0:
        return Reason.SPEND_TOO_SMALL
    return Candidate(offer, alone_minor, room) if room.minor > 0 else room.bound


def _beaten(one: Candidate) -> Reason:
    """Why a candidate was not taken."""
    return Reason.OTHERS_GIVE_MORE if one.fits_alone else one.room.bound


def _outside(target: Target, cart: Cart, segments: frozenset[str], moment: Moment) -> Reason | None:
    """Why this place, moment or payer is not meant; None when it is."""
    if moment.day < target.starts_on:
        return Reason.NOT_STARTED
    if moment.day > target.ends_on:
        return Reason.ENDED
    if target.merchants and cart.merchant_id not in target.merchants:
        return Reason.OTHER_MERCHANT
    if target.stores and cart.store_id not in target.stores:
        return Reason.OTHER_STORE
    if target.code_kinds and cart.code_kind not in target.code_kinds:
        return Reason.OTHER_CODE_KIND
    if target.weekdays and moment.weekday not in target.weekdays:
        return Reason.OTHER_WEEKDAY
    if target.hours and not any(hours.holds(moment.clock) for hours in target.hours):
        return Reason.OTHER_HOUR
    if target.segments and segments.isdisjoint(target.segments):
        return Reason.OTHER_SEGMENT
    return None


def _untouched(deal: Deal) -> Room:
    """The room of an offer that nobody has used yet."""
    bounds = [(limit.minor, SHORT_OF[limit.scope]) for limit in limits_of(deal) if limit.minor is not None]
    minor, bound = min(bounds, default=(_BOUNDLESS_MINOR, Reason.BUDGET_USED_UP))
    return Room(minor, bound)


def _quote(cart: Cart, combination: Combination, looked_at: tuple[LookedAt, ...]) -> Quote:
    applied = tuple(
        Applied(
            offer=one.offer,
            discount_minor=one.discount_minor,
            funders=split(
                one.offer.deal.funding,
                one.discount_minor,
                partner_id=cart.partner_id,
                merchant_id=cart.merchant_id,
            ),
        )
        for one in combination.taken
    )
    return Quote(
        order_minor=cart.order_minor,
        currency=cart.currency,
        discount_minor=combination.discount_minor,
        applied=applied,
        looked_at=looked_at,
        hash=_hash(cart, combination),
    )


def _hash(cart: Cart, combination: Combination) -> str:
    """SHA-256 (hex) over order and discounts; reasons are left out, for they change by the minute."""
    lines = [f"{cart.order_minor} {cart.currency}"]
    lines += [f"{one.offer.id} {one.offer.version} {one.discount_minor}" for one in combination.taken]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
