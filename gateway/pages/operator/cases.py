"""The review queue: applications by state, and one of them with all that is known and what may be done with it."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from gateway.api import documents, personal, reviews
from gateway.door.listeners import Page
from gateway.pages.operator import forms
from gateway.pages.operator.colleagues import named
from gateway.pages.operator.office import HOME, Here, Office
from gateway.pages.operator.papers import paper_pages
from gateway.wire.applications import Application, Case

QUEUE = f"{HOME}/cases"
_CASE = f"{QUEUE}/{{application_id}}"
# So many lines to ask back about; more are asked for in words.
QUESTIONS = 4


def case_pages(office: Office) -> tuple[Page, ...]:
    """The queue, a case, its papers, and the deeds."""

    def deed(name: str, do: Any, back: Any = show_case) -> Page:
        return office.deed(f"{_CASE}/{name}", do, back=back)

    return (
        office.page(QUEUE, show_queue),
        office.page(_CASE, show_case),
        deed("take", take),
        deed("terms", propose),
        deed("ask", ask),
        deed("approve", approve),
        deed("reject", reject),
        deed("override", override),
        office.page(f"{_CASE}/clear", show_unmasking),
        office.show_once(f"{_CASE}/clear", unmask, back=show_unmasking),
        *paper_pages(
            office, _CASE, parameter="application_id",
            listed=documents.list_case_documents, opened=documents.open_document, name="document_id",
            declared=declared,
        ),
    )  # fmt: skip


async def show_queue(here: Here) -> web.StreamResponse:
    status = here.asked("status", "submitted")
    listed = await here.do(
        reviews.list_cases, query={"status": status, "limit": 50, "cursor": here.asked("cursor")}
    )
    return here.draw("cases.html", listed=listed, state=status)


async def show_case(here: Here) -> web.StreamResponse:
    """Everything about it, masked; what may be done depends on where it stands and on who looks."""
    at = {"application_id": here.path["application_id"]}
    case = await here.do(reviews.get_case, path=at)
    papers = (await here.do(documents.list_case_documents, path=at)).items
    checked = await here.do(reviews.precheck_case, path=at)
    people = await named(here, case.reviewer_id, case.approver_id, case.override_by)
    return here.draw(
        "case.html",
        case=case,
        one=case.application,
        papers=papers,
        checked=checked,
        people=people,
        questions=range(QUESTIONS),
    )


async def declared(here: Here) -> Application:
    """What stands beside a paper."""
    case: Case = await here.do(reviews.get_case, path={"application_id": here.path["application_id"]})
    return case.application


async def take(here: Here) -> str:
    await here.press(reviews.take_case, path=here.path)
    return _case(here, "taken")


async def propose(here: Here) -> str:
    await here.do(
        reviews.propose_terms,
        path=here.path,
        body=forms.terms(here.form.get("fee", ""), here.form.get("limit", "")),
    )
    return _case(here, "proposed")


async def ask(here: Here) -> str:
    body = {"reason": here.form.get("reason", "").strip(), "questions": list(_questions(here.form))}
    await here.press(reviews.ask_for_more, path=here.path, body=body)
    return _case(here, "asked")


async def approve(here: Here) -> str:
    """The very terms that stood on the page: if others were proposed since, nothing happens."""
    body = {
        "terms": forms.terms(here.form.get("fee", ""), here.form.get("limit", "")),
        "reason": here.form.get("reason", "").strip(),
    }
    await here.press(reviews.approve_case, path=here.path, body=body)
    return _case(here, "approved")


async def reject(here: Here) -> str:
    await here.press(
        reviews.reject_case, path=here.path, body={"reason": here.form.get("reason", "").strip()}
    )
    return _case(here, "rejected")


async def override(here: Here) -> str:
    body = {"reason": here.form.get("reason", "").strip()}
    await here.press(reviews.override_credit_code, path=here.path, body=body)
    return _case(here, "overridden")


async def show_unmasking(here: Here) -> web.StreamResponse:
    here.need(personal.unmask_application)
    case = await here.do(reviews.get_case, path=here.path)
    return here.draw("unmask.html", back=_case(here), what=case.application.id)


async def unmask(here: Here) -> web.StreamResponse:
    """Shown in the answer itself, and nowhere afterwards."""
    shown = await here.do(personal.unmask_application, path=here.path, body=unmasking(here))
    return here.draw("unmasked.html", shown=shown, back=_case(here), what=here.path["application_id"])


def unmasking(here: Here) -> dict[str, Any]:
    sections = [
        name for name in ("legal_representative", "owners", "contact", "settlement") if name in here.form
    ]
    return {"sections": sections, "reason": here.form.get("reason", "").strip()}


def _questions(form: Mapping[str, str]) -> Iterable[dict[str, str]]:
    for number in range(QUESTIONS):
        pointer, note = form.get(f"pointer-{number}", ""), form.get(f"note-{number}", "").strip()
        if pointer and note:
            yield {"pointer": pointer, "note": note}


def _case(here: Here, done: str = "") -> str:
    return f"{QUEUE}/{here.path['application_id']}" + (f"?done={done}" if done else "")
