"""Sub-merchants by file: sent, watched while it is read, its faults line by line and as a file to work from.

Nothing is lost by leaving: the worker reads on by itself, and the same file sent again leads to where it is.
"""

import csv
import hashlib
import io
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import bulks, merchants
from gateway.door.errors import NotSignedIn
from gateway.door.listeners import Page
from gateway.pages import figures
from gateway.pages.faults import of_fault
from gateway.pages.frame import HEADERS, Refusal, language_of
from gateway.pages.live import State
from gateway.pages.partner.console import HOME, SIGN_IN, Console, Here
from gateway.pages.partner.uploads import Upload, uploaded
from gateway.pages.sheet import leading_to
from gateway.pages.texts import mark, translations
from gateway.wire.bulks import Bulk, BulkLine
from merchants.onboarding.bulk_file import COLUMNS

_PAGE: Final = 25
# Of faults that are downloaded: a file has 20,000 lines at most.
_AT_ONCE: Final = 1000
_URL: Final = f"{HOME}/bulks"
_WORKED_ON: Final = frozenset({"reading", "admitting"})
_JSON_LINES: Final = (".jsonl", ".ndjson", ".json")
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
STAGES: Final = (
    (mark("Being read"), frozenset({"reading"})),
    (mark("Review by the bank"), frozenset({"checked", "under_review"})),
    (mark("Being admitted"), frozenset({"admitting"})),
    (mark("Done"), frozenset({"done"})),
)
_HEADINGS: Final = (mark("Line"), mark("Your reference"), mark("Field"), mark("Code"), mark("What is wrong"))


def bulk_pages(console: Console) -> tuple[Page, ...]:
    one = f"{_URL}/{{bulk_id}}"

    async def take(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
        try:
            visit = await console.visits.of(request)
        except NotSignedIn:
            return leading_to(SIGN_IN)
        return await _take(Here(site=console.site, request=request, path=parameters, visit=visit))

    return (
        console.page(_URL, show_bulks),
        console.open("POST", _URL, take),
        console.page(f"{HOME}/bulk-columns.csv", give_columns),
        console.page(one, show_bulk),
        console.page(f"{one}/live", partial(_tell_progress, console)),
        console.page(f"{one}/faults.csv", give_faults),
    )


async def show_bulks(here: Here) -> web.StreamResponse:
    query = {"limit": _PAGE, "cursor": here.request.query.get("cursor")}
    found = await here.do(bulks.list_own_bulks, query=query)
    merchant = await here.do(merchants.get_merchant, path={"merchant_id": here.merchant_id})
    return here.draw("bulks.html", bulks=found, merchant=merchant, columns=tuple(COLUMNS))


async def give_columns(here: Here) -> web.StreamResponse:
    """An empty sheet to begin with."""
    del here
    return _sheet([tuple(COLUMNS)], "sub-merchants.csv")


async def _take(here: Here) -> web.StreamResponse:
    try:
        file = await uploaded(here, most_bytes=bulks.FILES.max_bytes, accepts=bulks.FILES.types)
        taken = await _sent_once(here, file)
    except Exception as error:  # noqa: BLE001 - whatever it is, its page says so
        return await show_bulks(here.refused(Refusal.of(error)))
    return leading_to(f"{_URL}/{taken.id}")


async def _sent_once(here: Here, file: Upload) -> Bulk:
    """The same file is one deed, until the bank has turned that down: then it may be sent once more."""
    key = f"file-{hashlib.sha256(file.content).hexdigest()}"
    taken = await _send(here, file, key=key)
    while taken.state == "rejected":
        taken = await _send(here, file, key=f"{key}-{taken.id}")
    return taken


async def _send(here: Here, file: Upload, *, key: str) -> Bulk:
    taken: Bulk = await here.do(
        bulks.create_bulk,
        path={"merchant_id": here.merchant_id},
        body=file.content,
        headers={"Content-Type": _media_type(file)},
        key=key,
    )
    return taken


async def show_bulk(here: Here) -> web.StreamResponse:
    """How far it is, and its lines; those with faults unless all are asked for."""
    bulk = await _find(here)
    asked_for_all = here.request.query.get("lines") == "all"
    query = {"limit": _PAGE, "cursor": here.request.query.get("cursor"), "faulty": not asked_for_all}
    lines = await here.do(bulks.list_bulk_lines, path=_of(here), query=query)
    return here.draw(
        "bulk.html",
        bulk=bulk,
        lines=lines,
        asked_for_all=asked_for_all,
        stages=STAGES,
        is_worked_on=bulk.state in _WORKED_ON,
        values=_values(here, bulk),
    )


async def _tell_progress(console: Console, here: Here) -> web.StreamResponse:
    """Its counters while somebody works on it; another state is another page."""
    bulk_id = here.path["bulk_id"]

    async def read() -> State:
        bulk = await _find(here)
        told = {"shape": bulk.state, "values": _values(here, bulk), "done": _done(bulk)}
        data = msgspec.json.encode(told).decode()
        version = f"{bulk.state}-{bulk.read}-{bulk.admitted}-{bulk.faulty}"
        return State(version=version, data=data, last=bulk.state not in _WORKED_ON)

    return await console.tell(here, topic=bulk_id, read=read)


async def give_faults(here: Here) -> web.StreamResponse:
    """Every fault with its line and field, for a spreadsheet."""
    say = translations(language_of(here.request)).gettext
    rows = [tuple(say(one) for one in _HEADINGS)]
    async for line in _faulty(here):
        rows += [
            (str(line.line), line.reference, one.field, one.code, say(of_fault(one))) for one in line.faults
        ]
    return _sheet(rows, f"faults-{here.path['bulk_id'][-8:]}.csv")


async def _faulty(here: Here) -> AsyncIterator[BulkLine]:
    cursor = None
    while True:
        query = {"limit": _AT_ONCE, "cursor": cursor, "faulty": True}
        page = await here.do(bulks.list_bulk_lines, path=_of(here), query=query)
        for one in page.items:
            yield one
        cursor = page.next
        if cursor is None:
            return


def _sheet(rows: list[tuple[str, ...]], name: str) -> web.Response:
    """CSV that a spreadsheet opens as it is: UTF-8 with its mark, and no cell that it would reckon with."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(
        [["'" + one if one.startswith(_FORMULA) else one for one in row] for row in rows]
    )
    return web.Response(
        body=text.getvalue().encode("utf-8-sig"),
        content_type="text/csv",
        charset="utf-8",
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'},
    )


def _media_type(file: Upload) -> str:
    """By the name first: what a browser says of a CSV file is what a spreadsheet made of it."""
    name = file.name.lower()
    if name.endswith(_JSON_LINES):
        return "application/x-ndjson"
    return "text/csv" if name.endswith(".csv") else file.media_type


def _values(here: Here, bulk: Bulk) -> dict[str, str]:
    language = language_of(here.request)
    counts = {"lines": bulk.lines, "read": bulk.read, "faulty": bulk.faulty, "admitted": bulk.admitted}
    return {name: figures.number(one, language) for name, one in counts.items()}


def _done(bulk: Bulk) -> int:
    """Lines of its present stage that are through."""
    return bulk.admitted + bulk.faulty if bulk.state == "admitting" else bulk.read


async def _find(here: Here) -> Bulk:
    found: Bulk = await here.do(bulks.get_bulk, path=_of(here))
    return found


def _of(here: Here) -> dict[str, Any]:
    return {"bulk_id": here.path["bulk_id"]}
