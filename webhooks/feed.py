"""The feed: every event of a tenant in an order in which a reader that remembers its place loses nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from asyncpg.pool import PoolConnectionProxy

from webhooks import log_sql as sql
from webhooks.errors import CursorMalformed, CursorTooOld, EventTypeUnknown
from webhooks.event import is_filter
from webhooks.log import Event

# More transactions than 19 digits count are not to be had from one database.
_WRITTEN: Final = re.compile(r"([0-9]{1,19})\.((?:evt_[0-9a-f]{32})?)")
_SCANNED_MAX: Final = 1_000  # a rare type among a million events is found over several pages, not in one scan


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed: the publishing transaction and the id of the last event seen.

    Ids alone would not do: they are given before commit, so an event may become visible behind a reader that has
    passed its id. Transactions below the oldest one still running have all committed or never will.
    """

    xid: int = 0
    event_id: str = ""

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Read what `str` wrote.

        Raises:
            CursorMalformed: it is something else.
        """
        if text is None:
            return cls()
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise CursorMalformed
        return cls(int(written[1]), written[2])

    def __str__(self) -> str:
        return f"{self.xid}.{self.event_id}"


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, where to go on, and whether there is more already."""

    events: Sequence[Event]
    next: Cursor
    more: bool


async def end(conn: PoolConnectionProxy) -> Cursor:
    """The place behind everything that may be read now; a moment's older events may follow, newer ones all do."""
    return Cursor(await sql.now(conn))


async def read(
    conn: PoolConnectionProxy, *, tenant: str, after: Cursor, filters: Sequence[str], limit: int
) -> Page:
    """Read on from a place; `next` is a place to remember even where nothing new is there yet.

    Args:
        conn: where to read.
        tenant: whose events.
        after: where the reader stands.
        filters: types or `<object>.*`; none for all. With them a page may hold fewer than there are.
        limit: events at most.

    Raises:
        CursorTooOld: events behind the place have been swept.
        EventTypeUnknown: a filter names no event.
    """
    for one in filters:
        if not is_filter(one):
            raise EventTypeUnknown(one, "#query/type")
    passed, scanned = await sql.scan_events(
        conn, tenant=tenant, after=(after.xid, after.event_id), most=_SCANNED_MAX if filters else limit + 1
    )
    if passed and after != Cursor():
        raise CursorTooOld
    places: list[Cursor] = []
    events: list[Event] = []
    for xid, event in scanned:
        wanted = not filters or event.type in filters or f"{event.type.partition('.')[0]}.*" in filters
        if wanted and len(events) == limit:
            return Page(events, places[-1], more=True)
        places.append(Cursor(xid, event.id))
        if wanted:
            events.append(event)
    return Page(events, places[-1] if places else after, more=bool(filters) and len(scanned) == _SCANNED_MAX)
