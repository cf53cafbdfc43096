"""An application, from the first line to the agreement: filled in, checked as it is typed, submitted, answered.

Each section is a form. A script sends it while it is typed and shows what the pre-check says beside the fields; without
the script it is saved by its button, and says the same.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.api import applications, applying, documents, merchants
from gateway.door.errors import NotFound, RequestInvalid
from gateway.door.listeners import Page
from gateway.pages.faults import of_fault
from gateway.pages.frame import language_of
from gateway.pages.partner import joining, sections
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.partner.entrance import told
from gateway.pages.sheet import leading_to
from gateway.pages.texts import mark, translations
from gateway.wire.applications import Application, ApplicationFault
from gateway.wire.documents import Document
from gateway.wire.problem import Fault

_MOST: Final = 100
_OPEN: Final = frozenset({"draft", "needs_more_info"})
_WITHDRAWABLE: Final = frozenset({"submitted", "under_review", "needs_more_info"})
_HOUSES: Final = frozenset({"mall", "platform"})
STAGES: Final = (
    (mark("Fill in"), frozenset({"draft", "needs_more_info"})),
    (mark("Review by the bank"), frozenset({"submitted", "under_review"})),
    (mark("Account"), frozenset({"to_be_verified"})),
    (mark("Agreement"), frozenset({"to_be_signed"})),
    (mark("Active"), frozenset({"approved", "active"})),
)


def application_pages(console: Console) -> tuple[Page, ...]:
    one = f"{HOME}/applications/{{application_id}}"
    return (
        console.page(f"{HOME}/applications", show_applications),
        console.deed(f"{HOME}/applications", apply_for_another, back=show_applications),
        console.page(one, show_application),
        console.deed(f"{one}/sections/{{section}}", save, back=show_application),
        console.deed(f"{one}/submit", submit, back=show_application),
        console.deed(f"{one}/withdraw", withdraw, back=show_application),
    )


async def show_applications(here: Here) -> web.StreamResponse:
    """An applicant has one and sees it; a partner sees those of its house too."""
    mine = await here.do(
        applications.list_applications, query={"limit": _MOST, "cursor": here.request.query.get("cursor")}
    )
    if not here.may("merchants") and len(mine.items) == 1:
        return leading_to(f"{HOME}/applications/{mine.items[0].id}")
    return here.draw("applications.html", applications=mine, **await _house(here))


async def apply_for_another(here: Here) -> str:
    """The draft of a tenant or seller, empty as yet."""
    opened = await here.do(
        applying.apply_for_sub_merchant,
        path={"merchant_id": here.merchant_id},
        body={},
        key=here.form.get("key"),
    )
    return f"{HOME}/applications/{opened.id}"


async def show_application(here: Here) -> web.StreamResponse:
    application: Application = await here.do(applications.get_application, path=_of(here))
    shown: dict[str, Any] = {
        "application": application,
        "stages": STAGES,
        "can_be_withdrawn": application.status in _WITHDRAWABLE,
    }
    if application.status in _OPEN:
        return here.draw("application.html", **shown, **await _draft(here, application))
    if application.status in joining.WAITING:
        return await joining.show(here, application, shown)
    return here.draw("application-waits.html", **shown)


async def save(here: Here) -> str | web.StreamResponse:
    """One section; for the script, what the pre-check says now."""
    section = sections.BY_NAME.get(here.path["section"])
    if section is None:
        raise NotFound
    changes = sections.declared_by(section, here.form)
    for_script = "application/json" in here.request.headers.get("Accept", "")
    try:
        if changes:
            await here.do(applications.change_application, path=_of(here), body=changes)
    except RequestInvalid as error:
        if not for_script:
            raise
        return await _checked(here, saved=False, faults=error.faults)
    if for_script:
        return await _checked(here, saved=True)
    return f"{HOME}/applications/{here.path['application_id']}#{section.name}"


async def submit(here: Here) -> str:
    await here.do(applications.submit_application, path=_of(here), key=here.form.get("key"))
    return f"{HOME}/applications/{here.path['application_id']}"


async def withdraw(here: Here) -> str:
    await here.do(
        applications.withdraw_application,
        path=_of(here),
        body={"reason": here.form.get("reason", "").strip()},
        key=here.form.get("key"),
    )
    return f"{HOME}/applications/{here.path['application_id']}"


async def _draft(here: Here, application: Application) -> dict[str, Any]:
    papers: list[Document] = (await here.do(documents.list_documents, path=_of(here))).items
    left = await _left(here)
    declared = sections.known(application)
    return {
        "sections": sections.sections_of(application),
        "known": declared,
        "rows": lambda section: sections.rows_of(section, declared),
        "found": {one.pointer: of_fault(one) for one in left if _is_beside_a_field(one)},
        "left": left,
        "is_left": lambda section: _is_left(section, left),
        "papers": {one.kind: one for one in papers},
        "wanted": [one.pointer.rpartition("/")[2] for one in left if one.pointer.startswith("/documents/")],
        "asked": {one.pointer: one.note for one in application.questions},
    }


async def _left(here: Here) -> list[ApplicationFault]:
    found: list[ApplicationFault] = (await here.do(applications.precheck_application, path=_of(here))).faults
    return found


async def _checked(here: Here, *, saved: bool, faults: tuple[Fault, ...] = ()) -> web.Response:
    """For the script: was it kept, what is wrong at which pointer, and which sections are not whole yet."""
    left = await _left(here)
    say = translations(language_of(here.request)).gettext
    every: tuple[Fault | ApplicationFault, ...] = (*left, *faults)
    return told(
        200,
        {
            "saved": saved,
            "faults": {one.pointer: say(of_fault(one)) for one in every},
            "left": [one.name for one in sections.BY_NAME.values() if _is_left(one, left)],
            "count": len(left),
        },
    )


async def _house(here: Here) -> dict[str, Any]:
    """Tenants or sellers, for a partner that may have some."""
    if not here.may("merchants"):
        return {"sub_merchants": None}
    merchant = await here.do(merchants.get_merchant, path={"merchant_id": here.merchant_id})
    if merchant.kind not in _HOUSES:
        return {"sub_merchants": None}
    cursor = here.request.query.get("merchants")
    return {
        "sub_merchants": await here.do(merchants.list_merchants, query={"limit": _MOST, "cursor": cursor})
    }


def _is_left(section: sections.Section, left: list[ApplicationFault]) -> bool:
    return any(
        one.pointer == pointer or one.pointer.startswith(f"{pointer}/")
        for one in left
        for pointer in section.pointers()
    )


def _is_beside_a_field(fault: ApplicationFault) -> bool:
    """What is not there yet is counted; only what is wrong is said at its field."""
    return fault.code != "missing" and not fault.pointer.startswith("/documents/")


def _of(here: Here) -> Mapping[str, str]:
    return {"application_id": here.path["application_id"]}
