"""Which offers go together: the combination that takes most off for the payer.

Offers are taken off in order of priority, then of creation; one of a group, an exclusive one alone, `TOGETHER`
at most. Among combinations that take off the same, the one of fewer offers wins (no right is spent for
nothing), then the one of offers that come earlier in that order. The search is exact for up to `SEARCHED`
offers; of more it looks at the strongest of each group first, so that it stays bounded.
"""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from merchants.offers.offer import Offer
from merchants.offers.reason import Reason
from merchants.offers.terms import LEAST_PAYABLE_MINOR, discount_minor

# At most 2^8 combinations, and in practice a dozen, for the bound below cuts the rest off.
SEARCHED = 8
# A transfer has at most sixteen legs: four offers of three funders, the payer and the fee are fourteen.
TOGETHER = 4


class Room(Struct, frozen=True):
    """What an offer has left for this cart and payer, and which of its bounds is the tightest."""

    minor: int
    bound: Reason


class Candidate(Struct, frozen=True):
    """An offer that is meant for this cart; `alone_minor` is what it takes off when nothing else does.

    What does not fit its room alone may still fit after a stronger offer, as a percentage does.
    """

    offer: Offer
    alone_minor: int
    room: Room

    @property
    def fits_alone(self) -> bool:
        return self.alone_minor <= self.room.minor


class Taken(Struct, frozen=True):
    """An offer that is applied, and what it takes off in this combination."""

    offer: Offer
    discount_minor: int


class Combination(Struct, frozen=True):
    """Offers in the order they are taken off."""

    taken: tuple[Taken, ...]
    discount_minor: int

    def rank(self) -> tuple[int, int, tuple[tuple[int, str], ...]]:
        """Smaller is better."""
        return -self.discount_minor, len(self.taken), tuple(_order(one.offer) for one in self.taken)


NOTHING = Combination((), 0)


def best_combination(candidates: Sequence[Candidate], order_minor: int) -> Combination:
    """The best combination for an order; `NOTHING` without candidates."""
    together = [one for one in candidates if not one.offer.deal.stacking.exclusive]
    found = _Search(sorted(_strongest(together), key=lambda one: _order(one.offer)), order_minor).run()
    if len(together) == len(candidates):
        return found
    singles = [
        Combination((Taken(one.offer, one.alone_minor),), one.alone_minor)
        for one in candidates
        if one.offer.deal.stacking.exclusive and one.fits_alone
    ]
    return min((found, *singles), key=Combination.rank)


def _order(offer: Offer) -> tuple[int, str]:
    return offer.deal.stacking.priority, offer.id


def _strongest(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """At most `SEARCHED`: those without group and the best of every group, then the second best ones."""
    if len(candidates) <= SEARCHED:
        return candidates
    seen: dict[str, int] = defaultdict(int)
    places = []
    for one in sorted(candidates, key=lambda one: -one.alone_minor):
        group = one.offer.deal.stacking.group
        place = 0 if group is None else seen[group]
        places.append((not one.fits_alone, place, -one.alone_minor, one.offer.id, one))
        if group is not None:
            seen[group] += 1
    places.sort(key=lambda place: place[:4])
    return [place[4] for place in places[:SEARCHED]]


class _Search:
    """Branch and bound: take or leave each offer in turn, leaving a branch that cannot beat the best.

    Taking comes before leaving, so among equals the combination found first is the one that comes first.
    """

    def __init__(self, candidates: Sequence[Candidate], order_minor: int) -> None:
        self._candidates = candidates
        self._order_minor = order_minor
        self._most_minor = order_minor - LEAST_PAYABLE_MINOR
        self._reach = [_reach(candidates[place:]) for place in range(len(candidates) + 1)]
        self._best = NOTHING

    def run(self) -> Combination:
        self._from(0, (), 0, frozenset())
        return self._best

    def _from(self, place: int, taken: tuple[Taken, ...], off_minor: int, groups: frozenset[str]) -> None:
        if off_minor > self._best.discount_minor or self._same_with_fewer(taken, off_minor):
            self._best = Combination(taken, off_minor)
        if not self._can_win(place, len(taken), off_minor):
            return
        one = self._candidates[place]
        group = one.offer.deal.stacking.group
        if group is None or group not in groups:
            off = self._off(one, off_minor)
            if off:
                with_group = groups if group is None else groups | {group}
                self._from(place + 1, (*taken, Taken(one.offer, off)), off_minor + off, with_group)
        self._from(place + 1, taken, off_minor, groups)

    def _same_with_fewer(self, taken: tuple[Taken, ...], off_minor: int) -> bool:
        return off_minor == self._best.discount_minor and len(taken) < len(self._best.taken)

    def _can_win(self, place: int, size: int, off_minor: int) -> bool:
        """Whether offers from here on could take off more, or the same with fewer."""
        best = self._best
        for more, reach in enumerate(self._reach[place][1 : TOGETHER - size + 1], start=1):
            reached = min(off_minor + reach, self._most_minor)
            if reached > best.discount_minor:
                return True
            if reached == best.discount_minor and size + more < len(best.taken):
                return True
        return False

    def _off(self, one: Candidate, off_minor: int) -> int:
        """What it takes off after others; nothing where its budget has no room for that."""
        remaining = self._order_minor - off_minor
        off = discount_minor(one.offer.deal.terms, order_minor=self._order_minor, remaining_minor=remaining)
        return off if off <= one.room.minor else 0


def _reach(candidates: Sequence[Candidate]) -> list[int]:
    """What 0, 1, 2, … of these take off at most: none takes more than alone, and a group gives one."""
    most_of: dict[str, int] = {}
    free = []
    for one in candidates:
        group = one.offer.deal.stacking.group
        if group is None:
            free.append(one.alone_minor)
        else:
            most_of[group] = max(most_of.get(group, 0), one.alone_minor)
    sums = [0]
    for alone_minor in sorted((*free, *most_of.values()), reverse=True)[:TOGETHER]:
        sums.append(sums[-1] + alone_minor)
    return sums
