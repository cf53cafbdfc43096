"""Plots of the last hour, from what the operation for monitoring answers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.pages.operator.names import DECLINES
from gateway.pages.plots import MOST_LINES, Line, Plot
from gateway.pages.texts import mark
from gateway.wire.monitoring import MonitoredMinute, Monitoring
from merchants.money import exponent

OTHERS: Final = mark("All others")


def payments(seen: Monitoring) -> Plot:
    names = {
        "succeeded": mark("Succeeded"),
        "declined": mark("Declined"),
        "lapsed": mark("Lapsed"),
        "open": mark("Not decided"),
    }
    lines = tuple(
        Line(name=text, values=tuple(float(getattr(one, field)) for one in seen.minutes))
        for field, text in names.items()
    )
    return _plot(seen, lines, shape_bars=True)


def success(seen: Monitoring) -> Plot:
    """Of what each core has decided, the share that it approved."""
    rates = [
        {
            core.issuer: 100 * core.approved / all_of_it
            for core in minute.cores
            if (all_of_it := core.approved + core.declined + core.undone)
        }
        for minute in seen.minutes
    ]
    decided = ((core.issuer, core.approved + core.declined) for one in seen.minutes for core in one.cores)
    lines = tuple(
        Line(name=issuer, values=tuple(_rounded(rate.get(issuer)) for rate in rates))
        for issuer in _ranked(decided)[:MOST_LINES]
    )
    return Plot(at=_times(seen), lines=lines, unit="%", ceiling=100)


def latency(seen: Monitoring) -> Plot:
    lines = (
        Line(name=mark("99 of 100"), values=tuple(_float(one.p99_ms) for one in seen.minutes)),
        Line(name=mark("Half of them"), values=tuple(_float(one.p50_ms) for one in seen.minutes)),
    )
    return Plot(at=_times(seen), lines=lines, unit=" ms")


def declines(seen: Monitoring) -> Plot:
    """By what the core or we said; a core's own reasons, which only it knows, stay codes."""
    return _most(
        seen, lambda one: {each.reason: float(each.payments) for each in one.declines}, DECLINES, coded=True
    )


def discounts(seen: Monitoring, currency: str) -> Plot:
    """In whole units of the currency; offers by the name they were used under."""
    titles = {one.offer_id: one.title for one in seen.offers}
    scale = 10 ** exponent(currency)

    def spent(one: MonitoredMinute) -> dict[str, float]:
        return {
            each.offer_id: each.discount.amount_minor / scale
            for each in one.discounts
            if each.discount.currency == currency
        }

    return _most(seen, spent, titles)


def lag(seen: Monitoring) -> Plot:
    values = tuple(_float(one.webhook_lag_ms) for one in seen.minutes)
    return Plot(at=_times(seen), lines=(Line(name=mark("99 of 100"), values=values),), unit=" ms")


def currencies(seen: Monitoring) -> list[str]:
    """In which anything was spent on discounts, the busiest first."""
    found = Counter(one.discount.currency for minute in seen.minutes for one in minute.discounts)
    return [currency for currency, _ in found.most_common()]


def _most(
    seen: Monitoring,
    values: Callable[[MonitoredMinute], Mapping[str, float]],
    titles: Mapping[str, str],
    *,
    coded: bool = False,
) -> Plot:
    """Bars of the greatest few, and all others as one; `coded`, with what is titled beside its title."""
    minutes = [values(one) for one in seen.minutes]
    ranked = _ranked(pair for one in minutes for pair in one.items())
    kept = ranked if len(ranked) <= MOST_LINES else ranked[: MOST_LINES - 1]
    lines = [
        Line(
            name=titles.get(name, name),
            values=tuple(one.get(name, 0.0) for one in minutes),
            code=name if coded and name in titles else "",
        )
        for name in kept
    ]
    if rest := ranked[len(kept) :]:
        lines.append(
            Line(name=OTHERS, values=tuple(sum(one.get(name, 0.0) for name in rest) for one in minutes))
        )
    return _plot(seen, tuple(lines), shape_bars=True)


def _plot(seen: Monitoring, lines: tuple[Line, ...], *, shape_bars: bool) -> Plot:
    """Where all of it is nothing, say so in place of an empty frame."""
    if not any(value for line in lines for value in line.values):
        lines = tuple(replace(one, values=(None,) * len(one.values)) for one in lines)
    return Plot(at=_times(seen), lines=lines, shape="bars" if shape_bars else "line")


def _ranked(pairs: Iterable[tuple[str, float]]) -> list[str]:
    """Names by the sum of their values, the greatest first."""
    total: defaultdict[str, float] = defaultdict(float)
    for name, value in pairs:
        total[name] += value
    return sorted(total, key=lambda name: (-total[name], name))


def _times(seen: Monitoring) -> tuple[datetime, ...]:
    return tuple(one.at for one in seen.minutes)


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
