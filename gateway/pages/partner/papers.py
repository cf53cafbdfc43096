"""Papers of an application: chosen, seen before they are sent, stored. A file comes in a form, piece by piece."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.web_protocol import RequestPayloadError

from gateway.api import documents
from gateway.door.body import BODY_TIMEOUT_S
from gateway.door.errors import (
    BodyTooLarge,
    BodyTooSlow,
    MalformedHttp,
    NotSignedIn,
    UnsupportedContentType,
)
from gateway.door.listeners import Page
from gateway.pages.frame import Refusal, language_of
from gateway.pages.partner.application import show_application
from gateway.pages.partner.console import HOME, SIGN_IN, Console, Here, leading_to
from gateway.pages.partner.entrance import told
from gateway.pages.texts import translations
from gateway.pages.visits import Visit, check_token

_FORM: Final = "multipart/form-data"
# Five megabytes over a telephone's line.
_UPLOAD_S: Final = 4 * BODY_TIMEOUT_S
_TOKEN_BYTES: Final = 256


def paper_pages(console: Console) -> tuple[Page, ...]:
    path = f"{HOME}/applications/{{application_id}}/papers/{{document_kind}}"

    async def put(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
        try:
            visit = await console.visits.of(request)
        except NotSignedIn:
            return leading_to(SIGN_IN)
        here = Here(site=console.site, request=request, path=parameters, visit=visit)
        return await _put(here)

    return (console.open("POST", path, put),)


async def _put(here: Here) -> web.StreamResponse:
    for_script = "application/json" in here.request.headers.get("Accept", "")
    try:
        stored = await _stored(here)
    except Exception as error:  # noqa: BLE001 - whatever it is, its page says so
        refusal = Refusal.of(error)
        if not for_script:
            return await show_application(here.refused(refusal))
        say = translations(language_of(here.request)).gettext
        return told(refusal.status, {"detail": say(refusal.detail)})
    if for_script:
        return told(200, {"size_bytes": stored})
    return leading_to(f"{HOME}/applications/{here.path['application_id']}#papers")


async def _stored(here: Here) -> int:
    """How many bytes it has now."""
    try:
        async with asyncio.timeout(_UPLOAD_S):
            media_type, content = await _sent(here.request, here.visit)
    except TimeoutError:
        raise BodyTooSlow from None
    except (ValueError, RequestPayloadError, ConnectionError):  # no parts in it, or it broke off
        raise MalformedHttp from None
    stored = await here.do(
        documents.put_document, path=here.path, body=content, headers={"Content-Type": media_type}
    )
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
