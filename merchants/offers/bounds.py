"""Which counters a discount touches, and what they have left."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import assert_never

import asyncpg
import msgspec
from msgspec import Struct

from merchants.offers.cart import Cart
from merchants.offers.live import Room
from merchants.offers.offer import Limit, Offer, Scope, limits_of
from merchants.offers.reason import SHORT_OF


class Bound(Struct, frozen=True, kw_only=True):
    """One counter's row: which, how much a discount takes of it, and up to where it may be filled."""

    offer_id: str
    scope: Scope
    key: str
    minor: int
    limit_minor: int | None
    limit_uses: int | None


def bounds_of(
    offer_id: str,
    limits: Iterable[Limit],
    cart: Cart,
    person: str | None,
    day: date,
    *,
    discount_minor: int = 0,
) -> list[Bound]:
    """The counters of an offer that this cart and person touch; an unknown person touches none of theirs."""
    return [
        Bound(
            offer_id=offer_id,
            scope=limit.scope,
            key=key,
            minor=discount_minor,
            limit_minor=limit.minor,
            limit_uses=limit.uses,
        )
        for limit in limits
        if (key := _key(limit.scope, cart, person, day)) is not None
    ]


def as_json(bounds: Iterable[Bound]) -> str:
    """The rows as PostgreSQL's `jsonb_to_recordset` takes them."""
    return msgspec.json.encode(list(bounds)).decode()


def rooms(offers: Iterable[Offer], counters: Sequence[asyncpg.Record]) -> Mapping[str, Room]:
    """What each offer has left by its tightest bound, where a counter was found."""
    taken = {(row["offer_id"], row["scope"]): (row["taken_minor"], row["uses"]) for row in counters}
    found = {}
    for offer in offers:
        left = [
            room
            for limit in limits_of(offer.deal)
            if (room := _left(limit, *taken.get((offer.id, limit.scope.value), (0, 0)))) is not None
        ]
        if left:
            found[offer.id] = min(left, key=lambda room: room.minor)
    return found


def _key(scope: Scope, cart: Cart, person: str | None, day: date) -> str | None:
    match scope:
        case Scope.TOTAL:
            return ""
        case Scope.DAY:
            return day.isoformat()
        case Scope.STORE:
            return cart.store_id or ""
        case Scope.PERSON:
            return person
        case Scope.PERSON_DAY:
            return None if person is None else f"{day.isoformat()} {person}"
        case _ as unreachable:
            assert_never(unreachable)


def _left(limit: Limit, taken_minor: int, uses: int) -> Room | None:
    """A bound's room; one in uses alone has no say in how much, until the last use is gone."""
    bound = SHORT_OF[limit.scope]
    if limit.uses is not None and uses >= limit.uses:
        return Room(0, bound)
    return None if limit.minor is None else Room(max(0, limit.minor - taken_minor), bound)
