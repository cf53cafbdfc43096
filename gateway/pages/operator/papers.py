"""Papers of a case beside what it declares, or beside each other.

Opening one is on the trail, so a page opens only what was asked for. A picture was decoded and encoded anew by us, of a
PDF nothing is left but its pages. A PDF is drawn by the browser's own viewer in a frame: that is a sandbox made for
hostile PDFs, and none of our processes reads one for it. No other page may frame anything, and what the frame gets can
load and run nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from gateway.door.listeners import Page
from gateway.door.operation import Operation
from gateway.pages.frame import HEADERS
from gateway.pages.operator.office import Here, Office
from gateway.pages.sheet import policy
from gateway.wire.documents import Document

DECLARED: Final = "declared"
"""Stands in an address for a paper, where what is declared shall be shown."""
_PDF: Final = "application/pdf"
_ALONE: Final = "default-src 'none'; base-uri 'none'; form-action 'none'"
_SAVED: Final = {"Content-Security-Policy": f"{_ALONE}; sandbox"}
# Without `sandbox`, under which older Chromiums show no PDF at all.
_FRAMED: Final = {
    "Content-Security-Policy": f"{_ALONE}; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
_FRAMING: Final = {"Content-Security-Policy": policy(frame_src="'self'")}


def paper_pages(
    office: Office, case: str, *, parameter: str, listed: Operation, opened: Operation, name: str,
    declared: Callable[[Here], Awaitable[Any]],
) -> tuple[Page, ...]:  # fmt: skip
    """The page that shows them and the address that gives one; `parameter` and `name` are the paths' own names.

    `declared` reads the sections that stand beside a paper, masked; None where they are erased.
    """

    async def show(here: Here) -> web.StreamResponse:
        here.need(opened)
        papers = (await here.do(listed, path={parameter: here.path[parameter]})).items
        chosen = here.asked("left"), here.asked("right", DECLARED if here.asked("left") else "")
        sides = [one if one == DECLARED else _found(papers, one) for one in chosen]
        return here.draw(
            "papers.html",
            headers=_FRAMING if any(_is_pdf(one) for one in sides) else None,
            papers=papers,
            chosen=chosen,
            sides=sides,
            declared=await declared(here) if DECLARED in sides else None,
            case=case.format(**here.path),
        )

    async def give(here: Here) -> web.StreamResponse:
        path = {parameter: here.path[parameter], name: here.path["paper_id"]}
        answer = await here.site.counter.do(opened, here.visit.caller, path=path)
        assert isinstance(answer.body, bytes), "documents are bytes"
        said: dict[str, Any] = {**HEADERS, **answer.headers, **_SAVED, "Content-Type": answer.media}
        if answer.media == _PDF and _is_for_our_frame(here.request):
            saved = said["Content-Disposition"]
            said |= {**_FRAMED, "Content-Disposition": saved.replace("attachment", "inline", 1)}
        return web.Response(body=answer.body, headers=said)

    return (
        office.page(f"{case}/papers", show),
        office.page(f"{case}/papers/{{paper_id}}", give),
    )


def _found(papers: list[Document], wanted: str) -> Document | None:
    return next((one for one in papers if one.id == wanted and one.erased_at is None), None)


def _is_pdf(side: Document | str | None) -> bool:
    return isinstance(side, Document) and side.media_type == _PDF


def _is_for_our_frame(request: web.BaseRequest) -> bool:
    """As the browser itself says (Fetch Metadata); whoever follows a link gets a file to save."""
    said = request.headers.get("Sec-Fetch-Dest"), request.headers.get("Sec-Fetch-Site")
    return said == ("iframe", "same-origin")
