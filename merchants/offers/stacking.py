"""Which offers go together: the combination that takes most off for the payer.

Offers are taken off in order of priority, then of creation; one of a group, an exclusive one alone, `TOGETHER`
at most. Among combinations that take off the same, the one of fewer offers wins (no right is spent for nothing),
then the one of earlier offers. The search is exact for up to `SEARCHED` offers; of more it looks at the strongest
of each group first, so that it stays bounded.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from merchants.offers.offer import Offer
from merchants.offers.reason import Reason
from merchants.offers.terms import LEAST_PAYABLE_MINOR, discount_minor

# At most 2^8 combinations, and in practice a dozen, for the bound below cuts the rest off.
SEARCHED = 8
# A transfer has at most sixteen legs: four offers of three funders, the payer and the fee are fourteen.
TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Room:
    """What an offer has left for this cart and payer, and which of its bounds is the tightest."""

    minor: int
    bound: Reason


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that is meant for this cart; `alone_minor` is what it takes off when nothing else does.

    What does not fit its room alone may still fit after a stronger offer, as a percentage does.
    """

    offer: Offer
    alone_minor: int
    room: Room

    @property
    def fits_alone(self) -> bool:
        return self.alone_minor <= self.room.minor


@dataclass(frozen=True, slots=True)
class Taken:
    """An offer that is applied, and what it takes off in this combination."""

    offer: Offer
    discount_minor: int


@dataclass(frozen=True, slots=True)
class Combination:
    """Offers in the order they are taken off."""

    taken: tuple[Taken, ...]
    discount_minor: int

    def rank(self) -> tuple[int, int, tuple[str, ...]]:
        """Smaller is better."""
        ids = tuple(sorted(one.offer.id for one in self.taken))
        return -self.discount_minor, len(ids), ids


NOTHING = Combination((), 0)


def best_combination(candidates: Sequence[Candidate], order_minor: int) -> Combination:
    """The best combination for an order; `NOTHING` without candidates."""
    alone = [one for one in candidates if one.offer.deal.stacking.exclusive]
    together = [one for one in candidates if not one.offer.deal.stacking.exclusive]
    singles = [
        Combination((Taken(one.offer, one.alone_minor),), one.alone_minor) for one in alone if one.fits_alone
    ]
    search = _Search(_in_order(_strongest(together)), order_minor)
    return min((search.run(), *singles), key=Combination.rank)


def _strongest(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """At most `SEARCHED`: those without group and the best of every group, then the second best ones."""
    if len(candidates) <= SEARCHED:
        return candidates
    seen: dict[str, int] = defaultdict(int)
    places = []
    for one in sorted(candidates, key=lambda one: (-one.alone_minor, one.offer.id)):
        group = one.offer.deal.stacking.group
        place = 0 if group is None else seen[group]
        places.append((not one.fits_alone, place, -one.alone_minor, one.offer.id, one))
        if group is not None:
            seen[group] += 1
    return [one for *_, one in sorted(places, key=lambda place: place[:4])[:SEARCHED]]


def _in_order(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    return sorted(candidates, key=lambda one: (one.offer.deal.stacking.priority, one.offer.id))


class _Search:
    """Branch and bound: take or leave each offer in turn, leaving a branch that cannot reach the best."""

    def __init__(self, candidates: Sequence[Candidate], order_minor: int) -> None:
        self._candidates = candidates
        self._order_minor = order_minor
        # What all offers from here on could take off at most, since none takes more than it does alone.
        self._reach = [sum(one.alone_minor for one in candidates[i:]) for i in range(len(candidates) + 1)]
        self._best = NOTHING

    def run(self) -> Combination:
        self._from(0, (), 0, frozenset())
        return self._best

    def _from(self, place: int, taken: tuple[Taken, ...], off_minor: int, groups: frozenset[str]) -> None:
        reach = min(off_minor + self._reach[place], self._order_minor - LEAST_PAYABLE_MINOR)
        if reach < self._best.discount_minor:
            return
        if place == len(self._candidates):
            self._best = min(self._best, Combination(taken, off_minor), key=Combination.rank)
            return
        one = self._candidates[place]
        group = one.offer.deal.stacking.group
        if len(taken) < TOGETHER and (group is None or group not in groups):
            off = self._off(one, off_minor)
            if off:
                with_group = groups if group is None else groups | {group}
                self._from(place + 1, (*taken, Taken(one.offer, off)), off_minor + off, with_group)
        self._from(place + 1, taken, off_minor, groups)

    def _off(self, one: Candidate, off_minor: int) -> int:
        """What it takes off after others; nothing where its budget has no room for that."""
        remaining = self._order_minor - off_minor
        off = discount_minor(one.offer.deal.terms, order_minor=self._order_minor, remaining_minor=remaining)
        return off if off <= one.room.minor else 0
