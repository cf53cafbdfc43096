"""Co-branded offers: drafted, agreed with the bank, watched while they run."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from aiohttp import web

from gateway.api import offers, running_offers, stores
from gateway.door.listeners import Page
from gateway.pages import plots
from gateway.pages.partner import deal_terms, deals, forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.plots import Line, Plot
from gateway.pages.typed import begins
from gateway.wire.offer_figures import Figures
from gateway.wire.offers import Offer, OfferState
from merchants.money import exponent

_PAGE: Final = 25
_MOST: Final = 100
_URL: Final = f"{HOME}/offers"
_WEEK: Final = 7
_DAYS: Final = 60
# What colours tell apart; the others are in the table.
_STORES: Final = 5
_STOPPABLE: Final = frozenset({"scheduled", "live", "exhausted"})
_AMENDABLE: Final = frozenset({"draft", "proposed", "countered", "paused", "exhausted"})


def offer_pages(console: Console) -> tuple[Page, ...]:
    one = f"{_URL}/{{offer_id}}"
    return (
        console.page(_URL, show_offers),
        console.page(f"{HOME}/new-offer", show_new),
        console.deed(f"{HOME}/new-offer", draft, back=show_new),
        console.page(one, show_offer),
        console.page(f"{one}/days.svg", draw_days),
        console.page(f"{one}/stores.svg", draw_stores),
        console.page(f"{one}/terms", show_terms),
        console.deed(f"{one}/terms", amend, back=show_terms),
        *(console.deed(f"{one}/{deed}", _pressed(deed), back=show_offer) for deed in _DEEDS),
    )


async def show_offers(here: Here) -> web.StreamResponse:
    state = here.request.query.get("state", "")
    state = state if state in get_args(OfferState) else ""
    query = {"limit": _PAGE, "state": state, "cursor": here.request.query.get("cursor")}
    found = await here.do(offers.list_offers, query=query)
    return here.draw("offers.html", offers=found, state=state, states=get_args(OfferState), kinds=deals.KINDS)


async def show_new(here: Here) -> web.StreamResponse:
    typed = here.form or {
        "kind": "threshold_off",
        "/target/starts_on": str(forms.today()),
        "/funding/bank": "50",
    }
    return _terms_page(here, typed, offer=None)


async def draft(here: Here) -> str:
    drafted = await here.do(offers.create_offer, body=deals.deal_of(here.form), key=here.form.get("key"))
    return f"{_URL}/{drafted.id}"


async def show_terms(here: Here) -> web.StreamResponse:
    offer = await _find(here)
    return _terms_page(here, here.form or deals.fields_of(offer), offer=offer)


async def amend(here: Here) -> str:
    """The version that was read, by its hash; somebody else's change in between is not overwritten."""
    body = {**deals.deal_of(here.form), "hash": here.form.get("hash", "")}
    await here.do(offers.amend_offer, path=_of(here), body=body)
    return f"{_URL}/{here.path['offer_id']}"


async def show_offer(here: Here) -> web.StreamResponse:
    offer = await _find(here)
    figures: Figures = await here.do(running_offers.get_offer_figures, path=_of(here))
    return here.draw(
        "offer.html",
        offer=offer,
        figures=figures,
        kinds=deals.KINDS,
        weekdays=deals.WEEKDAYS,
        ways=deal_terms.HANDED_OUT,
        days=_by_day(figures),
        stores=await _store_names(here, figures),
        by_store=await _by_store(here, figures),
        may_amend=offer.state in _AMENDABLE and deals.is_drafted_by_hand(offer),
        may_pause=offer.state in _STOPPABLE,
        may_resume="partner" in offer.paused_by and offer.state == "paused",
        may_end=offer.state != "ended",
    )


async def draw_days(here: Here) -> web.StreamResponse:
    figures = await here.do(running_offers.get_offer_figures, path=_of(here))
    return await _picture(here, _by_day(figures))


async def draw_stores(here: Here) -> web.StreamResponse:
    figures = await here.do(running_offers.get_offer_figures, path=_of(here))
    return await _picture(here, await _by_store(here, figures))


_DEEDS: Final = {
    "propose": offers.propose_offer,
    "accept": offers.accept_offer,
    "reject": offers.reject_offer,
    "pause": running_offers.pause_offer,
    "resume": running_offers.resume_offer,
    "end": running_offers.end_offer,
}
_BY_HASH: Final = frozenset({"propose", "accept"})


def _pressed(deed: str) -> Any:
    """What its button does; the version is the one that was read."""

    async def press(here: Here) -> str:
        body: dict[str, str] | None = {"reason": here.form.get("reason", "").strip()}
        if deed in _BY_HASH:
            body = {"hash": here.form.get("hash", "")}
        elif deed == "resume":
            body = None
        await here.do(_DEEDS[deed], path=_of(here), body=body, key=here.form.get("key"))
        return f"{_URL}/{here.path['offer_id']}"

    return press


def _by_day(figures: Figures) -> Plot | None:
    """What was given each day, days without a payment too."""
    return _plot(figures, [("", figures)])


async def _by_store(here: Here, figures: Figures) -> Plot | None:
    """The same of each of the largest stores, one upon the other; none where there are not two."""
    largest = [one.store_id for one in figures.stores if one.store_id][:_STORES]
    if len(largest) < 2:  # noqa: PLR2004 - one store is what the first plot shows
        return None
    names = await _store_names(here, figures)
    each = [
        (
            names.get(one, one[-6:]),
            await here.do(running_offers.get_offer_figures, path=_of(here), query={"store_id": one}),
        )
        for one in largest
    ]
    return _plot(figures, each)


def _plot(whole: Figures, parts: list[tuple[str, Figures]]) -> Plot | None:
    if not whole.days:
        return None
    last = whole.days[-1].day
    # A single day would be a wall, and too many a texture.
    first = max(min(whole.days[0].day, last - timedelta(days=_WEEK - 1)), last - timedelta(days=_DAYS - 1))
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    digits = 0 if whole.discount.currency.startswith("points:") else exponent(whole.discount.currency)
    return Plot(
        at=tuple(begins(one) for one in days),
        lines=tuple(
            Line(
                name=name,
                values=tuple(
                    given.get(one, 0) / 10**digits
                    for given in ({day.day: day.discount.amount_minor for day in part.days},)
                    for one in days
                ),
            )
            for name, part in parts
        ),
        shape="bars",
    )


async def _picture(here: Here, plot: Plot | None) -> web.StreamResponse:
    nothing = Plot(at=(datetime.now(UTC),), lines=(Line(name="", values=(None,)),))
    return await plots.picture(here.request, plot or nothing)


async def _store_names(here: Here, figures: Figures) -> dict[str, str]:
    """Those of the partner itself; a sub-merchant's stores keep their ids."""
    if not figures.stores or not here.may("merchants"):
        return {}
    found = await here.do(stores.list_stores, path={"merchant_id": here.merchant_id}, query={"limit": _MOST})
    return {one.id: one.name for one in found.items}


def _terms_page(here: Here, typed: Any, *, offer: Offer | None) -> web.Response:
    """Each fault is said beside the field that says what is faulty."""
    if here.refusal is not None:
        here = here.refused(here.refusal.pointing(deal_terms.field_of))
    return here.draw(
        "offer-terms.html",
        typed=typed,
        offer=offer,
        kinds={one: deals.KINDS[one] for one in deal_terms.DRAFTED},
        firsts=deal_terms.FIRST,
        ways=deal_terms.HANDED_OUT,
        programmes=deal_terms.PROGRAMMES,
        weekdays=deals.WEEKDAYS,
    )


async def _find(here: Here) -> Offer:
    found: Offer = await here.do(offers.get_offer, path=_of(here))
    return found


def _of(here: Here) -> dict[str, str]:
    return {"offer_id": here.path["offer_id"]}
