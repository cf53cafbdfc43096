"""At a glance: what waits for somebody, and for whom."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import (
    bulks,
    changes,
    in_doubt,
    key_resets,
    offer_reviews,
    operator_proposals,
    reviews,
    wallet_proposals,
)
from gateway.door.listeners import Page
from gateway.door.operation import Operation
from gateway.pages.frame import HEADERS
from gateway.pages.operator.office import HOME, Here, Office
from gateway.pages.texts import mark

# The queues are worked off by people; what is counted is listed, and lists of applications are unsealed.
_EVERY_S: Final = 15
_MANY: Final = 100
"""A list's longest page; more than that is `100+`, for nobody counts further."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue: what it is called, where it is, and how many are in it.

    Attributes:
        key: what a script finds its tile by.
        tone: `none` where nobody has to do anything.
    """

    key: str
    text: str
    url: str
    shown: str
    tone: str


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
    (mark("Wallets' backends to confirm"), "/people", wallet_proposals.list_wallet_proposals, {}),
    (mark("Lost keys to reset"), "/people", key_resets.list_key_resets, {}),
    (mark("Transfers in doubt"), "/in-doubt", in_doubt.list_in_doubt, {}),
)


def front_pages(office: Office) -> tuple[Page, ...]:
    return (office.page(HOME, show), office.page(f"{HOME}/now", tell))


async def show(here: Here) -> web.StreamResponse:
    return here.draw("front.html", waiting=await _waiting(here), every_s=_EVERY_S)


async def tell(here: Here) -> web.StreamResponse:
    """The tiles, for the script that keeps them true."""
    told = [{"key": one.key, "value": one.shown, "tone": one.tone} for one in await _waiting(here)]
    return web.Response(
        body=msgspec.json.encode({"tiles": told}), headers={**HEADERS, "Content-Type": "application/json"}
    )


async def _waiting(here: Here) -> list[Waiting]:
    return [await _counted(here, *one) for one in _QUEUES if not one[2].roles or here.may(*one[2].roles)]


async def _counted(here: Here, text: str, url: str, operation: Operation, asked: dict[str, str]) -> Waiting:
    listed: Any = await here.do(operation, query={**asked, "limit": _MANY})
    count = len(listed.items)
    shown = f"{count}+" if listed.next else str(count)
    return Waiting(operation.name + "".join(asked.values()), text, HOME + url, shown, "" if count else "none")
