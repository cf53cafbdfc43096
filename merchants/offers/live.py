"""A partner's live offers, made ready once and quoted from for every payment.

What an offer asks of place, code and day is answered once for each such combination and kept (`Shortlist`), and so is
what it asks of the payer, for each kind of payer there (`Profile`): for most payments most offers are for other stores,
other people or larger carts, and cost nothing. What is left to ask is compiled to plain values.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter

from msgspec import Struct

from merchants.offers.cart import Cart, History
from merchants.offers.funding import BANK_TENANT, Plan, plan
from merchants.offers.giving import Form, Give, form_of, give, least_spend_minor, unit_of
from merchants.offers.offer import Deal, Hours, Limit, Moment, Offer, Target, limits_of
from merchants.offers.reason import SHORT_OF, Reason
from merchants.offers.terms import WHOLE_BASIS_POINTS, Coupon, FirstWith, first_with

# A waived fee is money the bank does not take: no account of its offers' pays it.
_FORGONE = Plan((("bank:fees", BANK_TENANT, WHOLE_BASIS_POINTS),), 0)
# One fee is waived once: those offers are a group of their own, whatever else they are in.
_FEE_GROUP = 1
# Stands for "no bound"; above any amount we take.
_BOUNDLESS_MINOR = 1 << 62
# Stores of a chain times kinds of codes, for one day; a larger chain works out some of them again.
MAX_SHORTLISTS = 2_000
# Kinds of payers at one place: what segments they have of those that offers ask for, members or not, new or not. One
# takes a kilobyte or two; where there are more kinds, some are worked out again.
MAX_PROFILES = 16
# Discounts come off first; what is reckoned from the rest follows.
_TURN = {Form.DISCOUNT: 0, Form.CASHBACK: 1, Form.POINTS: 2, Form.FEE: 3}
# Money outweighs any number of points, and those any fee that is spared: an amount has 40 bits, four of them 42.
_WEIGHT = {Form.DISCOUNT: 1 << 88, Form.CASHBACK: 1 << 88, Form.POINTS: 1 << 44, Form.FEE: 1}


class Room(Struct, frozen=True):
    """What an offer has left for this cart and payer, and which of its bounds is the tightest."""

    minor: int
    bound: Reason


class LookedAt(Struct, frozen=True):
    """An offer that does not apply, and why."""

    offer_id: str
    reason: Reason


class Ready(Struct, frozen=True, eq=False):
    """An offer as quoting needs it.

    Attributes:
        turn: where it stands among those taken together.
        group: a bit for each group it is in, 0 for none.
        weight: what one of what it gives is worth to the payer.
        least_minor: it gives nothing on goods for less.
        asks_each: whether hours, coupons or goods are to be asked of each payment.
        limits: its bounds.
        untouched: its room before anybody used it.
        plans: who carries what it gives, by the merchant that is paid.
    """

    offer: Offer
    id: str
    give: Give
    form: Form
    unit: str
    weight: int
    turn: tuple[int, int, str]
    group: int
    exclusive: bool
    least_minor: int
    asks_each: bool
    hours: tuple[Hours, ...]
    segments: frozenset[str]
    members: bool
    first_with: FirstWith | None
    needs_coupon: bool
    on_goods: bool
    limits: tuple[Limit, ...]
    untouched: Room
    because: Mapping[Reason, LookedAt]
    plans: dict[str, Plan]

    def plan_at(self, merchant_id: str) -> Plan:
        """Who carries what is given at this merchant's till."""
        if self.form is Form.FEE:
            return _FORGONE
        known = self.plans.get(merchant_id)
        if known is None:
            offer = self.offer
            known = plan(offer.deal.funding, partner_id=offer.partner_id, merchant_id=merchant_id)
            self.plans[merchant_id] = known
        return known

    def refuses_payer(
        self, segments: frozenset[str], known_to: frozenset[FirstWith], *, member: bool
    ) -> Reason | None:
        """Why payers of this kind are not meant."""
        if self.segments and segments.isdisjoint(self.segments):
            return Reason.OTHER_SEGMENT
        if self.members and not member:
            return Reason.NOT_A_MEMBER
        if self.first_with is not None and self.first_with in known_to:
            return Reason.NOT_FIRST_PURCHASE
        return None

    def refuses(self, cart: Cart, moment: Moment, history: History) -> Reason | None:
        """Why this very payment is not meant, of those that `asks_each` is about."""
        if self.hours and not any(hours.holds(moment.clock) for hours in self.hours):
            return Reason.OTHER_HOUR
        if self.needs_coupon and self.id not in history.coupons:
            return Reason.NO_COUPON
        if self.on_goods and self.goods_minor(cart) == 0:
            return Reason.OTHER_ITEMS
        return None

    def goods_minor(self, cart: Cart) -> int:
        """The price of the goods that are meant."""
        if not self.on_goods:
            return cart.order_minor
        target = self.offer.deal.target
        return cart.goods_minor(target.items, target.categories)


class Profile(Struct, frozen=True, eq=False):
    """Offers that are for payers of one kind at one place, and why others are not.

    Attributes:
        certain: of which nothing is left to ask but the order's amount; whoever asks for least comes first.
        leasts_minor, too_small: of each of these, from which amount on it gives anything, and what is said of less.
        asking: the others, of each of which something is to be asked of each payment.
    """

    certain: tuple[Ready, ...]
    leasts_minor: tuple[int, ...]
    too_small: tuple[LookedAt, ...]
    asking: tuple[Ready, ...]
    others: tuple[LookedAt, ...]


# Segments that offers ask for, whom the payer has paid before, and whether they are a member.
_Kind = tuple[frozenset[str], frozenset[FirstWith], bool]


class Shortlist(Struct, frozen=True, eq=False):
    """Offers that are for this place, code and day, and why the others are not."""

    offers: Sequence[Ready]
    others: tuple[LookedAt, ...]
    segments: frozenset[str]
    profiles: dict[_Kind, Profile]

    def profile(self, cart: Cart, segments: frozenset[str], history: History) -> Profile:
        """What is left of them for payers like this one."""
        kind = segments & self.segments, history.known_to, cart.member_no is not None
        known = self.profiles.get(kind)
        return self._narrow(kind) if known is None else known

    def _narrow(self, kind: _Kind) -> Profile:
        if len(self.profiles) >= MAX_PROFILES:
            self.profiles.clear()
        segments, known_to, member = kind
        certain, asking, others = [], [], [*self.others]
        for one in self.offers:
            reason = one.refuses_payer(segments, known_to, member=member)
            if reason is not None:
                others.append(one.because[reason])
            elif one.asks_each:
                asking.append(one)
            else:
                certain.append(one)
        certain.sort(key=attrgetter("least_minor"))
        profile = self.profiles[kind] = Profile(
            certain=tuple(certain),
            leasts_minor=tuple(one.least_minor for one in certain),
            too_small=tuple(one.because[Reason.SPEND_TOO_SMALL] for one in certain),
            asking=tuple(asking),
            others=tuple(others),
        )
        return profile


class LiveOffers(Struct, frozen=True, eq=False):
    """A partner's live offers, earliest first, as of a version.

    Attributes:
        asks_history: whether any of them depends on what the payer has behind them.
    """

    version: int
    offers: tuple[Offer, ...]
    ready: tuple[Ready, ...]
    asks_history: bool
    shortlists: dict[tuple[str, str | None, str, str, date], Shortlist]

    @classmethod
    def of(cls, version: int, offers: Iterable[Offer]) -> "LiveOffers":
        """These offers, whatever order they come in."""
        in_order = tuple(sorted(offers, key=lambda offer: offer.id))
        names = sorted({offer.deal.stacking.group for offer in in_order if offer.deal.stacking.group})
        bits = {name: _FEE_GROUP << place for place, name in enumerate(names, start=1)}
        ready = tuple(_ready(offer, bits.get(offer.deal.stacking.group or "", 0)) for offer in in_order)
        asks_history = any(one.first_with is not None or one.needs_coupon for one in ready)
        return cls(version, in_order, ready, asks_history, {})

    def shortlist(self, cart: Cart, moment: Moment) -> Shortlist:
        """The offers that are for this place, code and day."""
        key = (cart.merchant_id, cart.store_id, cart.code_kind, cart.currency, moment.day)
        known = self.shortlists.get(key)
        return self._shorten(key, cart, moment) if known is None else known

    def _shorten(self, key: tuple[str, str | None, str, str, date], cart: Cart, moment: Moment) -> Shortlist:
        if len(self.shortlists) >= MAX_SHORTLISTS:
            self.shortlists.clear()
        meant, others = [], []
        for one in self.ready:
            reason = _outside(one.offer.deal, cart, moment)
            if reason is None:
                meant.append(one)
            else:
                others.append(one.because[reason])
        segments = frozenset[str]().union(*(one.segments for one in meant))
        shortlist = self.shortlists[key] = Shortlist(tuple(meant), tuple(others), segments, {})
        return shortlist


def _ready(offer: Offer, group: int) -> Ready:
    deal, target = offer.deal, offer.deal.target
    first, form = first_with(deal.terms), form_of(deal.terms)
    needs_coupon = isinstance(deal.terms, Coupon) and deal.terms.handed_out == "claimed"
    return Ready(
        offer=offer,
        id=offer.id,
        give=give(deal.terms),
        form=form,
        unit=unit_of(deal.terms, currency=deal.currency, partner_id=offer.partner_id),
        weight=_WEIGHT[form],
        turn=(_TURN[form], deal.stacking.priority, offer.id),
        group=group | _FEE_GROUP if form is Form.FEE else group,
        exclusive=deal.stacking.exclusive,
        least_minor=least_spend_minor(deal.terms),
        asks_each=bool(target.hours or needs_coupon or target.items or target.categories),
        hours=target.hours,
        segments=target.segments,
        members=target.members,
        first_with=first,
        needs_coupon=needs_coupon,
        on_goods=bool(target.items or target.categories),
        limits=limits_of(deal),
        untouched=_untouched(deal),
        because={reason: LookedAt(offer.id, reason) for reason in Reason},
        plans={},
    )


def _outside(deal: Deal, cart: Cart, moment: Moment) -> Reason | None:
    """Why this place, code or day is not meant; None when it is."""
    target = deal.target
    if deal.currency != cart.currency:
        return Reason.OTHER_CURRENCY
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
    return _other_day(target, moment)


def _other_day(target: Target, moment: Moment) -> Reason | None:
    if target.dates and moment.day not in target.dates:
        return Reason.OTHER_DATE
    if target.weekdays and moment.weekday not in target.weekdays:
        return Reason.OTHER_WEEKDAY
    return None


def _untouched(deal: Deal) -> Room:
    """The room of an offer that nobody has used yet."""
    bounds = [(limit.minor, SHORT_OF[limit.scope]) for limit in limits_of(deal) if limit.minor is not None]
    minor, bound = min(bounds, default=(_BOUNDLESS_MINOR, Reason.BUDGET_USED_UP))
    return Room(minor, bound)
