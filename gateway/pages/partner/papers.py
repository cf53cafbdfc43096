"""Papers of an application or a change: chosen, seen before they are sent, stored. A file comes piece by piece."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.web_protocol import RequestPayloadError

from gateway.api import change_documents, documents
from gateway.door.body import BODY_TIMEOUT_S
from gateway.door.errors import (
    BodyTooLarge,
    BodyTooSlow,
    MalformedHttp,
    NotSignedIn,
    UnsupportedContentType,
)
from gateway.door.listeners import Page
from gateway.door.operation import Operation
from gateway.pages.frame import Refusal, language_of
from gateway.pages.partner.application import show_application
from gateway.pages.partner.changes import show_change
from gateway.pages.partner.console import HOME, SIGN_IN, Console, Draw, Here, leading_to
from gateway.pages.partner.entrance import told
from gateway.pages.texts import translations
from gateway.pages.visits import Visit, check_token

_FORM: Final = "multipart/form-data"
# Five megabytes over a telephone's line.
_UPLOAD_S: Final = 4 * BODY_TIMEOUT_S
_TOKEN_BYTES: Final = 256


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
    try:
        async with asyncio.timeout(_UPLOAD_S):
            media_type, content = await _sent(here.request, here.visit)
    except TimeoutError:
        raise BodyTooSlow from None
    except (ValueError, RequestPayloadError, ConnectionError):  # no parts in it, or it broke off
        raise MalformedHttp from None
    stored = await here.do(put, path=here.path, body=content, headers={"Content-Type": media_type})
    size: int = stored.size_bytes
    return size


async def _sent(request: web.BaseRequest, visit: Visit) -> tuple[str, bytes]:
    """The file of a form of ours: the token comes first, so that a stranger's file is not read."""
    if not request.content_type.startswith(_FORM):
        raise UnsupportedContentType((_FORM,))
    parts = await request.multipart()
    token = await parts.next()
    given = await _read(token, _TOKEN_BYTES) if isinstance(token, BodyPartReader) else b""
    check_token(request, visit, given.decode(errors="replace"))
    file = await parts.next()
    if not isinstance(file, BodyPartReader):
        raise UnsupportedContentType(documents.FILES.types)
    content = await _read(file, documents.FILES.max_bytes)
    return file.headers.get("Content-Type", ""), content


async def _read(part: BodyPartReader, most: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > most:
            raise BodyTooLarge(most)
    return bytes(content)
