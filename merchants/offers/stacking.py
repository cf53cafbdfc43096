"""Which offers go together: the combination that is worth most to the payer.

Worth is counted in money first, whether taken off or paid back, then in points, then in what the merchant is spared.
Offers are given in turn: discounts, then what is reckoned from the rest; among them by priority, then by creation. One
of a group, an exclusive one alone, `TOGETHER` at most. Among combinations of equal worth the one of fewer offers wins
(no right is spent for nothing), then the one of offers that come earlier in that order. The search is exact for up to
`SEARCHED` offers; of more it looks at the strongest of each group first, so that it stays bounded.
"""

from bisect import insort
from collections.abc import Sequence
from operator import attrgetter

from msgspec import Struct

from merchants.offers.giving import LEAST_PAYABLE_MINOR, Form
from merchants.offers.live import Ready, Room

# At most 2^8 combinations, and in practice a dozen, for the bound below cuts the rest off.
SEARCHED = 8
# A transfer has at most sixteen legs: see `funding.MAX_OTHERS`.
TOGETHER = 4

_WORTH_ALONE = attrgetter("worth_alone")


class Candidate(Struct, frozen=True, eq=False):
    """An offer that is meant for this cart, and what it gives when nothing else does.

    What does not fit its room alone may still fit after a stronger offer, as a percentage does.
    """

    ready: Ready
    goods_minor: int
    alone_minor: int
    worth_alone: int
    room: Room
    fits_alone: bool


class Taken(Struct, frozen=True, eq=False):
    """An offer that is applied, and what it gives in this combination."""

    ready: Ready
    given_minor: int


class Combination(Struct, frozen=True, eq=False):
    """Offers in turn, and what they are worth together."""

    taken: tuple[Taken, ...]
    worth: int

    def rank(self) -> tuple[int, int, tuple[tuple[int, int, str], ...]]:
        """Smaller is better."""
        return -self.worth, len(self.taken), tuple(one.ready.turn for one in self.taken)


NOTHING = Combination((), 0)


def best_combination(candidates: Sequence[Candidate], order_minor: int, fee_minor: int = 0) -> Combination:
    """The best combination for an order; `NOTHING` without candidates."""
    if not candidates:
        return NOTHING
    together = [one for one in candidates if not one.ready.exclusive]
    if not _exclude_each_other(together):
        found = _Search(_strongest(together), order_minor, fee_minor).run()
        singles = [one for one in candidates if one.ready.exclusive]
    else:
        found, singles = NOTHING, [*candidates]
    alone = _best_alone(singles)
    return found if alone is None else min(found, alone, key=Combination.rank)


def _exclude_each_other(together: Sequence[Candidate]) -> bool:
    """Whether all are in one group: only one of them is given, and nothing is left to search."""
    shared = -1
    for one in together:
        shared &= one.ready.group
        if not shared:
            return False
    return True


def _best_alone(candidates: Sequence[Candidate]) -> Combination | None:
    """The one of these that is worth most by itself; among equals, the one that comes first in turn."""
    best: Candidate | None = None
    for one in candidates:
        if not one.fits_alone or (best is not None and one.worth_alone < best.worth_alone):
            continue
        if best is None or one.worth_alone > best.worth_alone or one.ready.turn < best.ready.turn:
            best = one
    return None if best is None else Combination((Taken(best.ready, best.alone_minor),), best.worth_alone)


def _worth_alone(one: Candidate) -> int:
    return one.alone_minor * one.ready.weight


def _strongest(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """At most `SEARCHED`: those without group and the best of every group, then the second best ones."""
    if len(candidates) <= SEARCHED:
        return candidates
    first: list[Candidate] = []
    later: list[tuple[bool, int, int, Candidate]] = []
    seen: dict[int, int] = {}
    # Among equals the earlier offer first.
    for number, one in enumerate(sorted(candidates, key=lambda one: (-one.worth_alone, one.ready.id))):
        group, place = one.ready.group, 0
        if group:
            place = seen.get(group, 0)
            seen[group] = place + 1
        if place == 0 and one.fits_alone:
            first.append(one)
            if len(first) == SEARCHED:
                return first
        else:
            later.append((not one.fits_alone, place, number, one))
    later.sort()
    return [*first, *(place[3] for place in later)][:SEARCHED]


class _Search:
    """Branch and bound: take or leave each offer in turn, leaving a branch that cannot beat the best.

    Taking comes before leaving, so among equals the combination found first is the one that comes first.
    """

    def __init__(self, candidates: Sequence[Candidate], order_minor: int, fee_minor: int) -> None:
        self._candidates = sorted(candidates, key=lambda one: one.ready.turn)
        self._order_minor = order_minor
        self._fee_minor = fee_minor
        discounts_only = all(one.ready.form is Form.DISCOUNT for one in candidates)
        most_minor = order_minor - LEAST_PAYABLE_MINOR
        self._most = most_minor * candidates[0].ready.weight if discounts_only else None
        self._reach = _reach(self._candidates)
        self._floor = self._greedy()
        self._worth = 0
        self._taken: tuple[tuple[Candidate, int], ...] = ()

    def run(self) -> Combination:
        self._from(0, (), 0, 0, 0)
        return Combination(tuple(Taken(one.ready, minor) for one, minor in self._taken), self._worth)

    def _from(
        self, place: int, taken: tuple[tuple[Candidate, int], ...], off_minor: int, worth: int, groups: int
    ) -> None:
        size = len(taken)
        if worth > self._worth or (worth == self._worth and size < len(self._taken)):
            self._worth, self._taken = worth, taken
        if not self._can_win(place, size, worth):
            return
        one = self._candidates[place]
        ready = one.ready
        if not groups & ready.group:
            minor = ready.give(one.goods_minor, self._order_minor - off_minor, self._fee_minor)
            if 0 < minor <= one.room.minor:
                off = minor if ready.form is Form.DISCOUNT else 0
                more = worth + minor * ready.weight
                self._from(place + 1, (*taken, (one, minor)), off_minor + off, more, groups | ready.group)
        self._from(place + 1, taken, off_minor, worth, groups)

    def _can_win(self, place: int, size: int, worth: int) -> bool:
        """Whether offers from here on could be worth more, or the same with fewer."""
        best, fewest = self._worth, len(self._taken)
        reach = self._reach[place]
        for more in range(1, min(len(reach), TOGETHER - size + 1)):
            reached = worth + reach[more]
            if self._most is not None and reached > self._most:
                reached = self._most
            if reached >= self._floor and (reached > best or (reached == best and size + more < fewest)):
                return True
        return False

    def _greedy(self) -> int:
        """What the strongest are worth together: nothing that is worth less has to be looked at."""
        chosen, groups = [], 0
        for one in sorted(self._candidates, key=_WORTH_ALONE, reverse=True):
            if one.fits_alone and not groups & one.ready.group:
                chosen.append(one)
                groups |= one.ready.group
                if len(chosen) == TOGETHER:
                    break
        chosen.sort(key=lambda one: one.ready.turn)
        off_minor = worth = 0
        for one in chosen:
            minor = one.ready.give(one.goods_minor, self._order_minor - off_minor, self._fee_minor)
            if minor <= one.room.minor:
                worth += minor * one.ready.weight
                off_minor += minor if one.ready.form is Form.DISCOUNT else 0
        return worth


def _reach(candidates: Sequence[Candidate]) -> list[list[int]]:
    """From each place on, what 0, 1, 2, … more offers are worth at most: none is worth more than alone."""
    reach: list[list[int]] = [[0]]
    largest: list[int] = []
    for one in reversed(candidates):
        insort(largest, -one.worth_alone)
        del largest[TOGETHER:]
        sums = [0]
        for worth in largest:
            sums.append(sums[-1] - worth)
        reach.append(sums)
    reach.reverse()
    return reach
