"""Papers of an application or a change: chosen, seen before they are sent, stored. A file comes piece by piece."""

from collections.abc import Mapping

from aiohttp import web

from gateway.api import change_documents, documents
from gateway.door.errors import NotSignedIn
from gateway.door.listeners import Page
from gateway.door.operation import Operation
from gateway.pages.frame import Refusal, language_of
from gateway.pages.partner.application import show_application
from gateway.pages.partner.changes import show_change
from gateway.pages.partner.console import HOME, SIGN_IN, Console, Draw, Here
from gateway.pages.partner.entrance import told
from gateway.pages.partner.uploads import uploaded
from gateway.pages.sheet import leading_to
from gateway.pages.texts import translations


def paper_pages(console: Console) -> tuple[Page, ...]:
    applied, changed = f"{HOME}/applications/{{application_id}}", f"{HOME}/changes/{{change_id}}"
    return (
        _upload(console, applied, documents.put_document, back=show_application),
        _upload(console, changed, change_documents.put_change_document, back=show_change),
    )


def _upload(console: Console, of: str, put: Operation, *, back: Draw) -> Page:
    """POST a paper `of` something, whose page `back` draws."""

    async def take(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
        try:
            visit = await console.visits.of(request)
        except NotSignedIn:
            return leading_to(SIGN_IN)
        here = Here(site=console.site, request=request, path=parameters, visit=visit)
        return await _put(here, put, leads_to=of.format(**parameters) + "#papers", back=back)

    return console.open("POST", f"{of}/papers/{{document_kind}}", take)


async def _put(here: Here, put: Operation, *, leads_to: str, back: Draw) -> web.StreamResponse:
    for_script = "application/json" in here.request.headers.get("Accept", "")
    try:
        stored = await _stored(here, put)
    except Exception as error:  # noqa: BLE001 - whatever it is, its page says so
        refusal = Refusal.of(error)
        if not for_script:
            return await back(here.refused(refusal))
        say = translations(language_of(here.request)).gettext
        return told(refusal.status, {"detail": say(refusal.detail)})
    return told(200, {"size_bytes": stored}) if for_script else leading_to(leads_to)


async def _stored(here: Here, put: Operation) -> int:
    """How many bytes it has now."""
    file = await uploaded(here, most_bytes=documents.FILES.max_bytes, accepts=documents.FILES.types)
    stored = await here.do(put, path=here.path, body=file.content, headers={"Content-Type": file.media_type})
    size: int = stored.size_bytes
    return size
