"""At a glance: what waits for somebody, and for whom."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from gateway.api import bulks, changes, in_doubt, offer_reviews, operator_proposals, reviews
from gateway.door.listeners import Page
from gateway.door.operation import Operation
from gateway.pages.operator.office import HOME, Here, Office
from gateway.pages.texts import mark

_MANY: Final = 100
"""A list's longest page; more than that is `100+`, for nobody counts further."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue: what it is called, where it is, and how many are in it."""

    text: str
    url: str
    count: int
    more: bool


_QUEUES: Final[tuple[tuple[str, str, Operation, dict[str, str]], ...]] = (
    (mark("Applications to take"), "/cases", reviews.list_cases, {"status": "submitted"}),
    (
        mark("Applications under review"),
        "/cases?status=under_review",
        reviews.list_cases,
        {"status": "under_review"},
    ),
    (mark("Bulk files to take"), "/bulks", bulks.list_bulks, {"state": "checked"}),
    (mark("Change requests to take"), "/changes", changes.list_changes, {"status": "submitted"}),
    (mark("Offers to co-sign"), "/offers", offer_reviews.list_any_offers, {"state": "proposed"}),
    (mark("Colleagues to confirm"), "/people", operator_proposals.list_operator_proposals, {}),
    (mark("Transfers in doubt"), "/in-doubt", in_doubt.list_in_doubt, {}),
)


def front_pages(office: Office) -> tuple[Page, ...]:
    return (office.page(HOME, show),)


async def show(here: Here) -> web.StreamResponse:
    waiting = [await _counted(here, *one) for one in _QUEUES if not one[2].roles or here.may(*one[2].roles)]
    return here.draw("front.html", waiting=waiting)


async def _counted(here: Here, text: str, url: str, operation: Operation, asked: dict[str, str]) -> Waiting:
    listed: Any = await here.do(operation, query={**asked, "limit": _MANY})
    return Waiting(text, HOME + url, len(listed.items), listed.next is not None)
