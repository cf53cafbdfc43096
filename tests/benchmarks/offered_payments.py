"""What offers cost the payments they are in: fifty live ones against none, one budget for all against many."""

from dataclasses import dataclass, field
from statistics import median

from merchants.offers.offer import Deal, PersonCaps, Stacking, Target
from merchants.offers.terms import AmountOff, PercentOff, Terms, ThresholdOff, Tier
from tests.benchmarks import processor_time
from tests.benchmarks.high_street import HighStreet, a_high_street
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report
from tests.builders import a_deal

_LIVE = 50


async def payments_offers(report: Report, pace: Pace) -> None:
    """Each shop with fifty live offers, the best of which is in every payment, against shops without any."""
    async with a_high_street(deals=fifty(groups=1)) as offering, a_high_street(deals=()) as plain:
        await _compare(report, pace, "payments_offers", offering, plain)


async def payments_offers_stacked(report: Report, pace: Pace) -> None:
    """The same where four of the fifty go together in every payment: four reservations, eight counters, four events."""
    async with a_high_street(deals=fifty(groups=10)) as offering, a_high_street(deals=()) as plain:
        await _compare(report, pace, "payments_offers_stacked", offering, plain)


async def payments_hot_budget(report: Report, pace: Pace) -> None:
    """One shop whose every payment takes from one budget, against as many tills spread over shops."""
    async with a_high_street(shops=1) as one, a_high_street() as many:
        await _compare(report, pace, "payments_hot_budget", one, many)


def fifty(*, groups: int) -> tuple[Deal, ...]:
    """A third is for other people, a third for larger carts, a third applies: one of each group, four at most."""
    target = a_deal().target
    others = Target(starts_on=target.starts_on, ends_on=target.ends_on, segments=frozenset({"age_60"}))
    kinds: list[Terms] = [
        ThresholdOff(tiers=(Tier(threshold_minor=1_000, off_minor=50),), repeating=True, cap_minor=200),
        AmountOff(off_minor=500, min_spend_minor=10**9),
        PercentOff(off_basis_points=500, cap_minor=100),
    ]
    return tuple(
        a_deal(
            name=f"offer {n}",
            terms=kinds[n % 3],
            target=others if n % 3 == 2 else target,
            stacking=Stacking(group=f"group-{n % groups}"),
            person_caps=PersonCaps(uses=10**6),
        )
        for n in range(_LIVE)
    )


async def _compare(
    report: Report, pace: Pace, name: str, measured: HighStreet, yardstick: HighStreet
) -> None:
    """Rounds in turn, so that whatever else the machine does meets both; processor time says where it goes."""
    sides = {name: _Side(measured), f"{name}_yardstick": _Side(yardstick)}
    for side in sides.values():
        await side.street.pay(await side.street.queue_up(seconds=2))  # plans, connections, caches
        await side.street.pool.execute("ANALYZE")
    for _ in range(pace.rounds):
        for side in sides.values():
            await side.play(pace.round_s)
    mine, other = (side.rates for side in sides.values())
    report.say(name, median(one / beside for one, beside in zip(mine, other, strict=True)), "ratio")
    for key, side in sides.items():
        report.say(f"{key}_a_second", median(side.rates), "payments/s")
        for part, seconds in side.processor_s.items():
            report.say(f"{key}_cpu_{part}", seconds / side.paid * 1e6, "µs/payment")


@dataclass(slots=True)
class _Side:
    """A street, and what it did so far: payments a second of each round, and the processor time of its parts."""

    street: HighStreet
    rates: list[float] = field(default_factory=list)
    processor_s: dict[str, float] = field(default_factory=dict)
    paid: int = 0

    async def play(self, round_s: int) -> None:
        queue = await self.street.queue_up(seconds=round_s)
        before = processor_time.taken_s(self.street.parts)
        tally = await self.street.pay(queue)
        for part, taken_s in processor_time.taken_s(self.street.parts).items():
            self.processor_s[part] = self.processor_s.get(part, 0.0) + taken_s - before[part]
        self.paid += tally.succeeded
        self.rates.append(tally.succeeded / round_s)
