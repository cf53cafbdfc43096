"""Papers of a case, two of them side by side; opening one is on the trail, so a page opens only what was asked for."""

from typing import Any, Final

from aiohttp import web

from gateway.door.listeners import Page
from gateway.door.operation import Operation
from gateway.pages.frame import HEADERS
from gateway.pages.operator.office import Here, Office

# A paper is shown as a picture of ours or saved as a file; nothing in it can load or run.
_POLICY: Final = "default-src 'none'; sandbox"


def paper_pages(
    office: Office, case: str, *, parameter: str, listed: Operation, opened: Operation, name: str
) -> tuple[Page, ...]:
    """The page that shows them and the address that gives one; `parameter` and `name` are the paths' own names."""

    async def show(here: Here) -> web.StreamResponse:
        papers = (await here.do(listed, path={parameter: here.path[parameter]})).items
        chosen = [here.asked("left"), here.asked("right")]
        sides = [next((one for one in papers if one.id == wanted), None) for wanted in chosen]
        return here.draw("papers.html", papers=papers, sides=sides, case=case.format(**here.path))

    async def give(here: Here) -> web.StreamResponse:
        path = {parameter: here.path[parameter], name: here.path["paper_id"]}
        answer = await here.site.counter.do(opened, here.visit.caller, path=path)
        said: dict[str, Any] = {**HEADERS, **answer.headers, "Content-Security-Policy": _POLICY}
        assert isinstance(answer.body, bytes), "documents are bytes"
        return web.Response(body=answer.body, headers={**said, "Content-Type": answer.media})

    return (
        office.page(f"{case}/papers", show),
        office.page(f"{case}/papers/{{paper_id}}", give),
    )
