"""Offers that the bank co-signs: read with their figures and hash, accepted, countered, rejected, paused."""

import re
from datetime import timedelta
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import offer_reviews
from gateway.door.listeners import Page
from gateway.pages import plots
from gateway.pages.operator.office import HOME, Here, Office
from gateway.pages.plots import Line, Plot
from gateway.pages.texts import mark
from gateway.pages.typed import CHINA, begins, minor_typed
from gateway.wire.offer_figures import Figures
from merchants.money import exponent

OFFERS: Final = f"{HOME}/offers"
_OFFER: Final = f"{OFFERS}/{{offer_id}}"

_DAYS: Final = 30
_POINTS: Final = re.compile("[0-9]{1,15}")


def deal_pages(office: Office) -> tuple[Page, ...]:
    def deed(name: str, do: Any) -> Page:
        return office.deed(f"{_OFFER}/{name}", do, back=show)

    return (
        office.page(OFFERS, show_all),
        office.page(_OFFER, show),
        office.page(f"{_OFFER}/days.svg", draw_days),
        deed("accept", accept),
        deed("reject", reject),
        deed("counter", counter),
        deed("pause", pause),
        deed("resume", resume),
        deed("end", end),
    )


async def show_all(here: Here) -> web.StreamResponse:
    state = here.asked("state", "proposed")
    listed = await here.do(
        offer_reviews.list_any_offers, query={"state": state, "limit": 50, "cursor": here.asked("cursor")}
    )
    return here.draw("offers.html", listed=listed, state=state)


async def show(here: Here) -> web.StreamResponse:
    at = {"offer_id": here.path["offer_id"]}
    one = await here.do(offer_reviews.get_any_offer, path=at)
    did: Figures = await here.do(offer_reviews.get_any_offer_figures, path=at)
    in_points = did.budget_left.currency.startswith("points:")
    by_two = {share.funder for share in one.deal.funding.shares} == {"bank", "partner"}
    return here.draw(
        "offer.html",
        one=one,
        did=did,
        days=days(did),
        in_points=in_points,
        by_two=by_two,
        terms=described(one),
    )


async def draw_days(here: Here) -> web.StreamResponse:
    did: Figures = await here.do(
        offer_reviews.get_any_offer_figures, path={"offer_id": here.path["offer_id"]}
    )
    return await plots.picture(here.request, days(did))


async def accept(here: Here) -> str:
    """Exactly the version that stood on the page."""
    await here.press(offer_reviews.accept_proposal, path=here.path, body={"hash": here.form.get("hash", "")})
    return _offer(here, "accepted")


async def reject(here: Here) -> str:
    await here.press(offer_reviews.reject_proposal, path=here.path, body=_reason(here))
    return _offer(here, "rejected")


async def counter(here: Here) -> str:
    """The version that stood on the page with another budget, another last day, another share of the bank's."""
    one = await here.do(offer_reviews.get_any_offer, path={"offer_id": here.path["offer_id"]})
    deal: dict[str, Any] = msgspec.to_builtins(one.deal)
    change: dict[str, Any] = {
        "hash": here.form.get("hash", ""),
        "budgets": deal["budgets"] | _budget(here.form.get("total", ""), one.deal.currency),
        "target": deal["target"] | {"ends_on": here.form.get("ends_on") or deal["target"]["ends_on"]},
    }
    if here.form.get("bank_share"):
        change["funding"] = deal["funding"] | {"shares": _shares(here.form["bank_share"])}
    await here.do(offer_reviews.counter_offer, path=here.path, body=change)
    return _offer(here, "countered")


async def pause(here: Here) -> str:
    await here.press(offer_reviews.pause_any_offer, path=here.path, body=_reason(here))
    return _offer(here, "paused")


async def resume(here: Here) -> str:
    await here.press(offer_reviews.resume_any_offer, path=here.path)
    return _offer(here, "resumed")


async def end(here: Here) -> str:
    await here.press(offer_reviews.end_any_offer, path=here.path, body=_reason(here))
    return _offer(here, "ended")


def days(did: Figures) -> Plot:
    """What it gave, by day in China, over the last thirty days."""
    unit = did.discount.currency
    scale = 1 if unit.startswith("points:") else 10 ** exponent(unit)
    given = {one.day: one.discount.amount_minor / scale for one in did.days}
    today = did.as_of.astimezone(CHINA).date()
    shown = [today - timedelta(days=back) for back in reversed(range(_DAYS))]
    values = tuple(given.get(one, 0.0) for one in shown)
    line = Line(name=mark("Given"), values=values if any(values) else (None,) * _DAYS)
    return Plot(at=tuple(begins(one) for one in shown), lines=(line,), shape="bars")


def described(one: Any) -> list[tuple[str, Any]]:
    """The terms' members as they stand in the API, without their kind; a coupon's or first purchase's gift inlined."""
    terms: dict[str, Any] = msgspec.to_builtins(one.deal.terms)
    inner = terms.pop("gives", {})
    return [
        (name, value) for name, value in {**terms, **inner}.items() if name != "kind" and value is not None
    ]


def _budget(total: str, currency: str) -> dict[str, int]:
    if not total.strip():
        return {}
    if currency.startswith("points:") and _POINTS.fullmatch(total.strip()):
        return {"total_minor": int(total)}
    return {"total_minor": minor_typed(total, currency, pointer="/budgets/total_minor")}


def _shares(bank: str) -> list[dict[str, Any]]:
    """In percent, of a deal that bank and partner share."""
    points = minor_typed(bank, "CNY", pointer="/funding/shares")
    shares = [("bank", points), ("partner", 10_000 - points)]
    return [{"funder": funder, "basis_points": part} for funder, part in shares if part > 0]


def _reason(here: Here) -> dict[str, str]:
    return {"reason": here.form.get("reason", "").strip()}


def _offer(here: Here, done: str) -> str:
    return f"{OFFERS}/{here.path['offer_id']}?done={done}"
