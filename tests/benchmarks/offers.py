"""What it takes to find the best of fifty live offers for one payment."""

from datetime import UTC, datetime

from merchants.offers.live import LiveOffers
from merchants.offers.offer import Deal, Stacking, Target
from merchants.offers.quote import best
from merchants.offers.terms import AmountOff, PercentOff, Terms, ThresholdOff, Tier
from tests.benchmarks.pace import Pace
from tests.benchmarks.report import Report
from tests.benchmarks.stopwatch import seconds_each
from tests.builders import a_cart, a_deal, a_payer, an_offer

_LIVE = 50


async def offers(report: Report, pace: Pace) -> None:
    """A mall's fifty: a third is for other stores, a third for other people, a third applies; and if all did."""
    now = datetime.now(UTC)
    target = a_deal().target
    elsewhere = Target(starts_on=target.starts_on, ends_on=target.ends_on, stores=frozenset({"sto_9"}))
    others = Target(starts_on=target.starts_on, ends_on=target.ends_on, segments=frozenset({"age_60"}))
    mixed, all_apply = (
        _live([_a_deal(n, targets[n % 3]) for n in range(_LIVE)])
        for targets in ([target, elsewhere, others], [target] * 3)
    )
    cart, payer = a_cart(), a_payer(segments=("new", "student"))
    assert best(mixed, cart, payer, now).applied
    mixed_s, all_s = seconds_each(
        lambda: best(mixed, cart, payer, now), lambda: best(all_apply, cart, payer, now), rounds=pace.rounds
    )
    report.say("offers", mixed_s * 1e6, "µs")
    report.say("offers_all_apply", all_s * 1e6, "µs")


def _live(deals: list[Deal]) -> LiveOffers:
    return LiveOffers.of(1, (an_offer(id=f"ofr_{n:02d}", deal=deal) for n, deal in enumerate(deals)))


def _a_deal(n: int, target: Target) -> Deal:
    """Three kinds, in ten groups of which one offer each may apply."""
    kinds: list[Terms] = [
        ThresholdOff(tiers=(Tier(threshold_minor=10_000, off_minor=2_000),), repeating=True),
        AmountOff(off_minor=500),
        PercentOff(off_basis_points=500, cap_minor=1_000),
    ]
    group = Stacking(group=f"group-{n % 10}")
    return a_deal(name=f"offer {n}", terms=kinds[n // 3 % 3], target=target, stacking=group)
