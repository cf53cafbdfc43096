"""Change requests and bulk files: taken by one, approved by another."""

from aiohttp import web

from gateway.api import bulks, change_documents, changes
from gateway.door.listeners import Page
from gateway.pages.operator import forms
from gateway.pages.operator.colleagues import named
from gateway.pages.operator.office import HOME, Deed, Draw, Here, Office
from gateway.pages.operator.papers import paper_pages
from gateway.wire.changes import ChangeCase, Sections

CHANGES = f"{HOME}/changes"
BULKS = f"{HOME}/bulks"
_CHANGE = f"{CHANGES}/{{change_id}}"
_BULK = f"{BULKS}/{{bulk_id}}"


def change_pages(office: Office) -> tuple[Page, ...]:
    def deed(name: str, do: Deed, back: Draw = show_change) -> Page:
        return office.deed(f"{_CHANGE}/{name}", do, back=back)

    return (
        office.page(CHANGES, show_changes),
        office.page(_CHANGE, show_change),
        deed("take", take_change),
        deed("approve", approve_change),
        deed("reject", reject_change),
        *paper_pages(
            office,
            _CHANGE,
            parameter="change_id",
            listed=change_documents.list_change_case_documents,
            opened=change_documents.open_change_document,
            name="change_document_id",
            declared=wanted,
        ),
    )


def bulk_pages(office: Office) -> tuple[Page, ...]:
    def deed(name: str, do: Deed) -> Page:
        return office.deed(f"{_BULK}/{name}", do, back=show_bulk)

    return (
        office.page(BULKS, show_bulks),
        office.page(_BULK, show_bulk),
        deed("take", take_bulk),
        deed("approve", approve_bulk),
        deed("reject", reject_bulk),
    )


async def show_changes(here: Here) -> web.StreamResponse:
    status = here.asked("status", "submitted")
    listed = await here.do(
        changes.list_changes, query={"status": status, "limit": 50, "cursor": here.asked("cursor")}
    )
    return here.draw("changes.html", listed=listed, state=status)


async def show_change(here: Here) -> web.StreamResponse:
    at = {"change_id": here.path["change_id"]}
    case = await here.do(changes.get_change_case, path=at)
    papers = (await here.do(change_documents.list_change_case_documents, path=at)).items
    people = await named(here, case.requested_by, case.reviewer_id, case.approver_id)
    return here.draw("change.html", case=case, one=case.change, papers=papers, people=people)


async def wanted(here: Here) -> Sections | None:
    """What stands beside a paper; nothing once it is erased."""
    case: ChangeCase = await here.do(changes.get_change_case, path={"change_id": here.path["change_id"]})
    return case.change.wanted


async def take_change(here: Here) -> str:
    await here.press(changes.take_change, path=here.path)
    return _change(here, "taken")


async def approve_change(here: Here) -> str:
    await here.press(changes.approve_change, path=here.path, body=_reason(here))
    return _change(here, "approved")


async def reject_change(here: Here) -> str:
    await here.press(changes.reject_change, path=here.path, body=_reason(here))
    return _change(here, "rejected")


async def show_bulks(here: Here) -> web.StreamResponse:
    state = here.asked("state", "checked")
    listed = await here.do(
        bulks.list_bulks, query={"state": state, "limit": 50, "cursor": here.asked("cursor")}
    )
    return here.draw("bulks.html", listed=listed, state=state)


async def show_bulk(here: Here) -> web.StreamResponse:
    at = {"bulk_id": here.path["bulk_id"]}
    case = await here.do(bulks.get_bulk_case, path=at)
    faulty = here.asked("faulty")
    lines = await here.do(
        bulks.list_case_lines, path=at, query={"faulty": faulty, "limit": 50, "cursor": here.asked("cursor")}
    )
    people = await named(here, case.reviewer_id, case.approver_id)
    return here.draw("bulk.html", case=case, one=case.bulk, lines=lines, faulty=faulty, people=people)


async def take_bulk(here: Here) -> str:
    asked = forms.terms(here.form.get("fee", ""), here.form.get("limit", ""))
    await here.press(bulks.take_bulk, path=here.path, body=asked)
    return _bulk(here, "taken")


async def approve_bulk(here: Here) -> str:
    """Under the very terms that stood on the page."""
    asked = forms.terms(here.form.get("fee", ""), here.form.get("limit", ""))
    await here.press(bulks.approve_bulk, path=here.path, body={"terms": asked, **_reason(here)})
    return _bulk(here, "approved")


async def reject_bulk(here: Here) -> str:
    await here.press(bulks.reject_bulk, path=here.path, body=_reason(here))
    return _bulk(here, "rejected")


def _reason(here: Here) -> dict[str, str]:
    return {"reason": here.form.get("reason", "").strip()}


def _change(here: Here, done: str) -> str:
    return f"{CHANGES}/{here.path['change_id']}?done={done}"


def _bulk(here: Here, done: str) -> str:
    return f"{BULKS}/{here.path['bulk_id']}?done={done}"
