"""The front page: how it goes today, and what waits for somebody; it stays true while it is looked at."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import applications, merchants, offers, search, webhook_endpoints
from gateway.door.listeners import Page
from gateway.pages import figures
from gateway.pages.frame import language_of
from gateway.pages.language import Language
from gateway.pages.live import State
from gateway.pages.partner import forms, names
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.sheet import leading_to
from gateway.pages.texts import mark, translations
from gateway.pages.typed import begins
from gateway.storage.hub import DELIVERIES
from gateway.wire.applications import Application
from gateway.wire.offers import Offer
from gateway.wire.payments import Payment
from gateway.wire.search import PaymentTotals
from gateway.wire.webhooks import WebhookEndpoint

_LATEST = 6
_MOST = 100
# Something happens in the gateway many times a second; nobody reads faster than this.
_PACE_S: Final = 3.0
_ASKED_OF_US = {
    "draft": mark("Finish the application and submit it"),
    "needs_more_info": mark("The bank asks for more about an application"),
    "to_be_verified": mark("Enter the sum of the two credits to your account"),
    "to_be_signed": mark("Read and sign the agreement"),
}


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that waits for the partner: what, about what, and where it is done."""

    text: str
    about: str
    url: str


def front_pages(console: Console) -> tuple[Page, ...]:
    async def tell_front(here: Here) -> web.StreamResponse:
        return await _tell(here, console)

    return (console.page(HOME, show_front), console.page(f"{HOME}/live", tell_front))


async def show_front(here: Here) -> web.StreamResponse:
    """An applicant's front page is its application."""
    if not here.may("query"):
        return leading_to(f"{HOME}/applications")
    shown = await _health(here)
    language = language_of(here.request)
    return here.draw("front.html", **shown, shape=_shape(shown), tiles=_tiles(shown["totals"], language))


async def _tell(here: Here, console: Console) -> web.StreamResponse:
    """The same, as it changes."""
    language = language_of(here.request)

    async def read() -> State:
        shown = await _health(here)
        told = {
            "shape": _shape(shown),
            "values": {one["key"]: one["value"] for one in _tiles(shown["totals"], language)},
            "rows": [_row(one, language) for one in shown["latest"]],
        }
        data = msgspec.json.encode(told)
        return State(version=hashlib.sha256(data).hexdigest()[:16], data=data.decode())

    return await console.tell(here, topic=DELIVERIES, read=read, pace_s=_PACE_S)


async def _health(here: Here) -> dict[str, Any]:
    since = begins(forms.today())
    paid = await here.do(search.list_payments, query={"limit": _LATEST, "from": since.isoformat()})
    latest = paid.items or (await here.do(search.list_payments, query={"limit": _LATEST})).items
    endpoints = (
        (await here.do(webhook_endpoints.list_webhook_endpoints)).items if here.may("webhooks") else []
    )
    merchant = (
        await here.do(merchants.get_merchant, path={"merchant_id": here.merchant_id})
        if here.may("merchants")
        else None
    )
    return {
        "merchant": merchant,
        "totals": [one for one in paid.totals or [] if one.count],
        "latest": latest,
        "endpoints": endpoints,
        "failing": [one for one in endpoints if is_failing(one)],
        "chores": await _chores(here, endpoints),
    }


def is_failing(endpoint: WebhookEndpoint) -> bool:
    """It should be sent to, and cannot be."""
    return endpoint.disabled_reason in {"gone", "failing"} or endpoint.health.failing_since is not None


def _shape(shown: Mapping[str, Any]) -> str:
    """What of the page is more than figures and rows: where it differs, the page is drawn anew."""
    merchant = shown["merchant"]
    parts = [
        merchant and (merchant.status, merchant.short_name),
        [one.paid.currency for one in shown["totals"]],
        [(one.url, one.text) for one in shown["chores"]],
        [(one.id, one.status) for one in shown["failing"]],
        len(shown["endpoints"]),
        bool(shown["latest"]),
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def _tiles(totals: list[PaymentTotals], language: Language) -> list[dict[str, str]]:
    """Today's figures, currency by currency, each by a name of its own."""
    return [tile for one in totals for tile in _tiles_of(one, language)]


def _tiles_of(one: PaymentTotals, language: Language) -> list[dict[str, str]]:
    say = translations(language).gettext
    currency = one.paid.currency

    def money(amount_minor: int) -> str:
        return figures.amount(amount_minor, currency, language)

    def counted(text: str, number: int) -> str:
        return say(text) % {"number": figures.number(number, language)}

    facts = (
        (mark("Taken"), money(one.paid.amount_minor + one.discount.amount_minor)),
        ("", counted(mark("by %(number)s payments"), one.succeeded)),
        (mark("Success rate"), f"{100 * one.succeeded / one.count:.1f} %"),
        ("", counted(mark("%(number)s asked for"), one.count)),
        (mark("Discount given"), money(one.discount.amount_minor)),
        ("", say(mark("paid to you by its funders"))),
        (mark("Given back"), money(one.refunded.amount_minor)),
        ("", say(mark("of today's payments"))),
    )
    return [
        {"key": f"{currency}-{place}", "title": title, "value": value}
        for place, (title, value) in enumerate(facts)
    ]


def _row(one: Payment, language: Language) -> dict[str, str]:
    """A payment as `payment-rows.html` shows it."""
    say = translations(language).gettext

    def money(amount_minor: int) -> str:
        return figures.amount(amount_minor, one.order.currency, language)

    back = one.refunded.amount_minor
    refunded = mark("Refunded") if back == one.order.amount_minor else mark("Partly refunded")
    return {
        "url": f"{HOME}/payments/{one.id}",
        "time": one.created_at.isoformat().replace("+00:00", "Z"),
        "order_no": one.merchant_order_no,
        "state": say(names.PAYMENT_STATES[one.state]),
        "tone": names.tone(one.state),
        "refunded": say(refunded) if back else "",
        "order": money(one.order.amount_minor),
        "discount": f"−{money(one.discount.amount_minor)}" if one.discount.amount_minor else "–",
        "paid": money(one.paid.amount_minor) if one.state == "succeeded" else "–",
    }


async def _chores(here: Here, endpoints: list[WebhookEndpoint]) -> list[Chore]:
    chores: list[Chore] = []
    if here.may("apply"):
        found = (await here.do(applications.list_applications, query={"limit": _MOST})).items
        chores += [_application_chore(one) for one in found if one.status in _ASKED_OF_US]
    if here.may("offers"):
        countered = (await here.do(offers.list_offers, query={"state": "countered", "limit": _MOST})).items
        chores += [_offer_chore(one) for one in countered]
    return chores + [
        Chore(mark("An endpoint was disabled; its events are held"), one.url, f"{HOME}/webhooks/{one.id}")
        for one in endpoints
        if one.disabled_reason in {"gone", "failing"}
    ]


def _application_chore(one: Application) -> Chore:
    return Chore(_ASKED_OF_US[one.status], one.short_name or one.id, f"{HOME}/applications/{one.id}")


def _offer_chore(one: Offer) -> Chore:
    return Chore(mark("The bank made a counter-offer"), one.deal.name, f"{HOME}/offers/{one.id}")
