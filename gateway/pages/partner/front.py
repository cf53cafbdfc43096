"""The front page: how it goes today, and what waits for somebody."""

from dataclasses import dataclass

from aiohttp import web

from gateway.api import applications, merchants, offers, search, webhook_endpoints
from gateway.door.listeners import Page
from gateway.pages.partner import forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.sheet import leading_to
from gateway.pages.texts import mark
from gateway.pages.typed import begins
from gateway.wire.applications import Application
from gateway.wire.offers import Offer
from gateway.wire.webhooks import WebhookEndpoint

_LATEST = 6
_MOST = 100
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
    return (console.page(HOME, show_front),)


async def show_front(here: Here) -> web.StreamResponse:
    """An applicant's front page is its application."""
    if not here.may("query"):
        return leading_to(f"{HOME}/applications")
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
    return here.draw(
        "front.html",
        merchant=merchant,
        totals=paid.totals or [],
        latest=latest,
        endpoints=endpoints,
        failing=[one for one in endpoints if is_failing(one)],
        chores=await _chores(here, endpoints),
    )


def is_failing(endpoint: WebhookEndpoint) -> bool:
    """It should be sent to, and cannot be."""
    return endpoint.disabled_reason in {"gone", "failing"} or endpoint.health.failing_since is not None


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
