"""The audit trail: by object, actor, deed and time."""

import re
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from gateway.api import trail
from gateway.door.errors import RequestInvalid
from gateway.door.listeners import Page
from gateway.pages.operator.colleagues import named
from gateway.pages.operator.office import HOME, Here, Office
from gateway.pages.texts import mark
from gateway.pages.typed import CHINA
from gateway.wire.problem import Fault

TRAIL: Final = f"{HOME}/trail"
_FILTERS: Final = ("object_id", "actor", "deed", "from", "to")
_NO_TIME: Final = mark("Give a time such as 2026-11-11T08:30.")
# What an object's id begins with, and where its page is.
_PAGES: Final = {"app": "cases", "mer": "merchants", "chg": "changes", "ofr": "offers", "blk": "bulks"}
_ID: Final = re.compile(r"([a-z]{3})_[0-9a-f]{32}")


def trail_pages(office: Office) -> tuple[Page, ...]:
    return (office.page(TRAIL, show),)


async def show(here: Here) -> web.StreamResponse:
    asked = {name: here.asked(name).strip() for name in _FILTERS}
    query = {**asked, "from": _moment(asked["from"], "/from"), "to": _moment(asked["to"], "/to")}
    listed = await here.do(trail.read_trail, query={**query, "limit": 50, "cursor": here.asked("cursor")})
    people = await named(here, *(one.actor for one in listed.items))
    return here.draw(
        "trail.html",
        listed=listed,
        asked=asked,
        people=people,
        address=address_of,
        further={name: value for name, value in asked.items() if value},
    )


def address_of(object_id: str) -> str | None:
    """The page of what a deed was done to, where it has one."""
    found = _ID.fullmatch(object_id)
    place = _PAGES.get(found[1]) if found else None
    return f"{HOME}/{place}/{object_id}" if place else None


def _moment(text: str, pointer: str) -> str | None:
    """What a field for date and time says, which is China's; in UTC.

    Raises:
        RequestInvalid: it is no time.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        local = moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
        return local.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # the first hours of the first year are none in UTC
        raise RequestInvalid([Fault(pointer=pointer, code="invalid", detail=_NO_TIME)]) from None
