"""Live monitoring: tiles that change by themselves, and the last hour as plots; and the queue of what is in doubt."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import in_doubt, monitoring, risk
from gateway.door.errors import NotFound
from gateway.door.listeners import Page
from gateway.pages import figures, plots
from gateway.pages.frame import HEADERS, language_of
from gateway.pages.language import Language
from gateway.pages.operator import charts, names
from gateway.pages.operator.office import HOME, Here, Office
from gateway.pages.plots import Plot
from gateway.pages.texts import mark
from gateway.wire.monitoring import Monitoring

MONITORING: Final = f"{HOME}/monitoring"
CURRENCY: Final = "CNY"
# The alarms of the runbook: a core has not answered for fifteen minutes; a delivery waits for a whole minute.
_OLD_S: Final = 900
_BEHIND_S: Final = 60
_PLOTS: Final[Mapping[str, tuple[str, Callable[[Monitoring], Plot]]]] = {
    "payments": (mark("Payments a minute"), charts.payments),
    "success": (mark("Success rate by core"), charts.success),
    "latency": (mark("Time to the core's decision"), charts.latency),
    "declines": (mark("Declines by reason"), charts.declines),
    "discounts": (
        mark("Discount spent by offer"),
        lambda seen: charts.discounts(seen, next(iter(charts.currencies(seen)), CURRENCY)),
    ),
    "lag": (mark("Webhook lag"), charts.lag),
}


def watching_pages(office: Office) -> tuple[Page, ...]:
    return (
        office.page(MONITORING, show),
        office.page(f"{MONITORING}/now", tell),
        office.page(f"{MONITORING}/plots/{{name}}", draw),
        office.page(f"{HOME}/in-doubt", show_doubts),
        office.page(f"{HOME}/velocity", show_velocity),
    )


async def show(here: Here) -> web.StreamResponse:
    seen: Monitoring = await here.do(monitoring.read_monitoring)
    drawn = [(key, title, plot(seen)) for key, (title, plot) in _PLOTS.items()]
    currency = next(iter(charts.currencies(seen)), CURRENCY)
    return here.draw(
        "monitoring.html",
        seen=seen,
        plots=drawn,
        tiles=tiles(seen, language_of(here.request)),
        currency=currency,
    )


async def tell(here: Here) -> web.StreamResponse:
    """The tiles, for the script that keeps them true."""
    seen: Monitoring = await here.do(monitoring.read_monitoring)
    told = [
        {"key": one["key"], "value": one["value"], "tone": one["tone"]}
        for one in tiles(seen, language_of(here.request))
    ]
    return web.Response(
        body=msgspec.json.encode({"minute": seen.minutes[-1].at, "tiles": told}),
        headers={**HEADERS, "Content-Type": "application/json"},
    )


async def draw(here: Here) -> web.StreamResponse:
    name = here.path["name"].removesuffix(".svg")
    if name not in _PLOTS:
        raise NotFound
    seen: Monitoring = await here.do(monitoring.read_monitoring)
    return await plots.picture(here.request, _PLOTS[name][1](seen))


async def show_doubts(here: Here) -> web.StreamResponse:
    listed = await here.do(in_doubt.list_in_doubt, query={"limit": 50, "cursor": here.asked("cursor")})
    return here.draw("in-doubt.html", listed=listed, alarm_s=_OLD_S)


async def show_velocity(here: Here) -> web.StreamResponse:
    """Rules that fired, newest first: on whom, on which payment, and by how much."""
    asked = {name: here.asked(name).strip() for name in ("rule", "action", "subject")}
    listed = await here.do(
        risk.list_velocity_hits, query={**asked, "limit": 50, "cursor": here.asked("cursor")}
    )
    return here.draw(
        "velocity.html",
        listed=listed,
        asked=asked,
        further={name: value for name, value in asked.items() if value},
    )


def tiles(seen: Monitoring, language: Language) -> list[dict[str, Any]]:
    """The figures of now; `tone` says where somebody should look."""
    latest, five = seen.minutes[-2:], seen.minutes[-5:]
    elapsed_s = 60 + (seen.as_of - seen.minutes[-1].at).total_seconds()
    asked = sum(one.succeeded + one.declined + one.lapsed + one.open for one in latest)
    decided = sum(one.succeeded + one.declined for one in five)
    rate = 100 * sum(one.succeeded for one in five) / decided if decided else None
    spent = sum(
        one.discount.amount_minor
        for minute in seen.minutes
        for one in minute.discounts
        if one.discount.currency == CURRENCY
    )

    def number(value: float | None, unit: str = "") -> str:
        return "–" if value is None else figures.number(round(value, 1), language) + unit

    def tile(key: str, text: str, value: str, tone: str = "") -> dict[str, Any]:
        return {"key": key, "text": text, "value": value, "tone": tone}

    old, behind = seen.oldest_in_doubt_s > _OLD_S, seen.webhooks_behind_s > _BEHIND_S
    return [
        tile("rate", mark("Payments a second"), number(asked / elapsed_s)),
        tile("hour", mark("Succeeded, last hour"), number(sum(one.succeeded for one in seen.minutes))),
        tile("success", mark("Succeeded, five minutes"), number(rate, " %")),
        tile("p99", mark("99 of 100 decided within"), number(seen.p99_ms, " ms")),
        tile("doubt", mark("In doubt"), number(seen.in_doubt), "bad" if old else ""),
        tile("oldest", mark("Oldest in doubt"), names.age(seen.oldest_in_doubt_s), "bad" if old else ""),
        tile("lag", mark("Webhooks behind"), names.age(seen.webhooks_behind_s), "bad" if behind else ""),
        tile("spent", mark("Discount, last hour"), figures.amount(spent, CURRENCY, language)),
    ]
