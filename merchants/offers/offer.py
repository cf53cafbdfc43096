"""An offer's version: everything two sides agree on, frozen and hashed.

Whether an offer runs is not here: its state stands beside it (`life.py`), for agreeing and pausing change no
terms. `Offer` is read as JSON from its row and held in memory, so it is a struct; defaults are left out of
the JSON, so that a field added later does not change the hash of what was agreed before.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from merchants.errors import UnknownCurrency
from merchants.money import exponent
from merchants.offers.errors import Fault, OfferUnsound
from merchants.offers.funding import Funding
from merchants.offers.terms import Coupon, FeeWaiver, Terms, faults_of, first_with

# Offers speak of days and hours in China, which has had one offset and no summer time since 1991; a fixed
# offset needs no time zone database on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
# Keeps a version's JSON, and what the catalogue holds in memory, small.
MAX_TARGETS = 1000

CodeKind = Literal["payment_code", "offline_payment_code", "order_code", "store_code"]


class Hours(Struct, frozen=True, kw_only=True):
    """From `start` up to `end`, local time; an end at or before the start is the next morning's."""

    start: time
    end: time

    def holds(self, moment: time) -> bool:
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


class Target(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where, when and for whom; an empty set is everywhere, always or everybody.

    Attributes:
        merchants: of the partner and its sub-merchants.
        starts_on, ends_on: first and last day, Asia/Shanghai, both included.
        dates: only on these days, such as 双11; weekdays and dates are of the moment of payment, also in hours that
            run past midnight.
        weekdays: ISO, 1 is Monday.
        segments: the payer has at least one of these tags, which the wallet core supplies.
        items, categories: the offer looks at, and is given on, the lines of the cart that are one of these.
        members: only with a membership number of the partner's programme, which the till reads and vouches for.
    """

    starts_on: date
    ends_on: date
    weekdays: frozenset[int] = frozenset()
    hours: tuple[Hours, ...] = ()
    merchants: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    code_kinds: frozenset[CodeKind] = frozenset()
    segments: frozenset[str] = frozenset()
    dates: frozenset[date] = frozenset()
    items: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    members: bool = False


class Budgets(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much it may cost all funders together, in what is given (minor units, or points).

    `refund_returns`: whether a refund gives its part back to budgets and caps, and the right to a first purchase or a
    coupon with the last of it.
    """

    total_minor: int
    daily_minor: int | None = None
    per_store_minor: int | None = None
    refund_returns: bool = True


class PersonCaps(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much one natural person gets, whatever wallets and phones they use."""

    uses: int | None = None
    uses_per_day: int | None = None
    amount_minor: int | None = None
    amount_per_day_minor: int | None = None


class Stacking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it goes with others: one of a `group`, alone when `exclusive`, lower `priority` taken off first."""

    group: str | None = None
    priority: int = 100
    exclusive: bool = False


class Deal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the parties negotiate; an offer's version is a deal with its number."""

    name: str
    currency: str
    terms: Terms
    target: Target
    budgets: Budgets
    funding: Funding
    person_caps: PersonCaps = PersonCaps()
    stacking: Stacking = Stacking()


class Offer(Struct, frozen=True, kw_only=True):
    """One version of one partner's offer. Ids sort by creation, so the earlier offer is the smaller id."""

    id: str
    partner_id: str
    version: int
    deal: Deal


class Moment(Struct, frozen=True):
    """Day, ISO weekday and time of day in Shanghai."""

    day: date
    weekday: int
    clock: time


class Scope(StrEnum):
    """What a counter counts: an offer has one row for each of these that it bounds."""

    TOTAL = "total"
    DAY = "day"
    STORE = "store"
    PERSON = "person"
    PERSON_DAY = "person_day"


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound of an offer, in minor units, in uses, or both."""

    scope: Scope
    minor: int | None
    uses: int | None = None


def hash_of(offer: Offer) -> str:
    """SHA-256 (hex) over the canonical JSON of a version; both sides accept exactly this."""
    return hashlib.sha256(msgspec.json.encode(offer, order="sorted")).hexdigest()


def limits_of(deal: Deal) -> tuple[Limit, ...]:
    """The bounds a deal sets, without those it leaves open."""
    budgets, caps = deal.budgets, deal.person_caps
    every = (
        Limit(Scope.TOTAL, budgets.total_minor),
        Limit(Scope.DAY, budgets.daily_minor),
        Limit(Scope.STORE, budgets.per_store_minor),
        Limit(Scope.PERSON, caps.amount_minor, _uses_of_a_person(deal)),
        Limit(Scope.PERSON_DAY, caps.amount_per_day_minor, caps.uses_per_day),
    )
    return tuple(limit for limit in every if limit.minor is not None or limit.uses is not None)


def _uses_of_a_person(deal: Deal) -> int | None:
    """The cap that was agreed, and what the kind itself says: a first is once, a pushed coupon so often."""
    terms = deal.terms
    once = 1 if first_with(terms) else None
    pushed = terms.per_person if isinstance(terms, Coupon) and terms.handed_out == "pushed" else None
    return min((one for one in (deal.person_caps.uses, once, pushed) if one is not None), default=None)


def moment_of(now: datetime) -> Moment:
    """The wall clock an offer means, for an aware time."""
    local = now.astimezone(SHANGHAI)
    return Moment(local.date(), local.isoweekday(), local.time())


def check(deal: Deal) -> None:
    """Refuse a deal that contradicts itself.

    Raises:
        OfferUnsound: with every fault found.
    """
    faults = [
        *_currency_faults(deal.currency),
        *faults_of(deal.terms),
        *_target_faults(deal.target),
        *_bound_faults(deal),
        *deal.funding.faults(),
        *_fee_faults(deal),
    ]
    if faults:
        raise OfferUnsound(faults)


def _currency_faults(currency: str) -> Iterable[Fault]:
    try:
        exponent(currency)
    except UnknownCurrency:
        yield Fault("/currency", "currency_unknown")


def _target_faults(target: Target) -> Iterable[Fault]:
    if target.ends_on < target.starts_on:
        yield Fault("/target/ends_on", "dates_reversed")
    if not target.weekdays <= frozenset(range(1, 8)):
        yield Fault("/target/weekdays", "weekday_unknown")
    for name in ("hours", "merchants", "stores", "segments", "dates", "items", "categories"):
        if len(getattr(target, name)) > MAX_TARGETS:
            yield Fault(f"/target/{name}", "too_many_targets")


def _fee_faults(deal: Deal) -> Iterable[Fault]:
    """The fee is the bank's, so nobody else can give it away."""
    if isinstance(deal.terms, FeeWaiver) and {share.funder for share in deal.funding.shares} != {"bank"}:
        yield Fault("/funding/shares", "fee_is_the_banks")


def _bound_faults(deal: Deal) -> Iterable[Fault]:
    for name in ("total_minor", "daily_minor", "per_store_minor"):
        amount_minor = getattr(deal.budgets, name)
        if amount_minor is not None and amount_minor < 1:
            yield Fault(f"/budgets/{name}", "budget_missing")
    for name in PersonCaps.__struct_fields__:
        cap = getattr(deal.person_caps, name)
        if cap is not None and cap < 1:
            yield Fault(f"/person_caps/{name}", "cap_not_positive")
