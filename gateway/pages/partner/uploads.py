"""A file of a form of ours: read piece by piece, and not at all where a stranger sent it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import BodyPartReader
from aiohttp.web_protocol import RequestPayloadError

from gateway.door.body import BODY_TIMEOUT_S
from gateway.door.errors import BodyTooLarge, BodyTooSlow, MalformedHttp, UnsupportedContentType
from gateway.pages.partner.console import Here
from gateway.pages.visits import check_token

_FORM: Final = "multipart/form-data"
# Five megabytes over a telephone's line.
_UPLOAD_S: Final = 4 * BODY_TIMEOUT_S
_TOKEN_BYTES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What came: `name` and `media_type` are what the browser says of it."""

    name: str
    media_type: str
    content: bytes


async def uploaded(here: Here, *, most_bytes: int, accepts: Sequence[str]) -> Upload:
    """The file of this request's form.

    Raises:
        FormForged: no page of this visit sent it.
        BodyTooLarge, BodyTooSlow, MalformedHttp
        UnsupportedContentType: there is no file in it.
    """
    try:
        async with asyncio.timeout(_UPLOAD_S):
            return await _sent(here, most_bytes, accepts)
    except TimeoutError:
        raise BodyTooSlow from None
    except (ValueError, RequestPayloadError, ConnectionError):  # no parts in it, or it broke off
        raise MalformedHttp from None


async def _sent(here: Here, most_bytes: int, accepts: Sequence[str]) -> Upload:
    """The token comes first, so that a stranger's file is not read."""
    if not here.request.content_type.startswith(_FORM):
        raise UnsupportedContentType((_FORM,))
    parts = await here.request.multipart()
    token = await parts.next()
    given = await _read(token, _TOKEN_BYTES) if isinstance(token, BodyPartReader) else b""
    check_token(here.request, here.visit, given.decode(errors="replace"))
    file = await parts.next()
    if not isinstance(file, BodyPartReader):
        raise UnsupportedContentType(accepts)
    content = await _read(file, most_bytes)
    return Upload(name=file.filename or "", media_type=file.headers.get("Content-Type", ""), content=content)


async def _read(part: BodyPartReader, most_bytes: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > most_bytes:
            raise BodyTooLarge(most_bytes)
    return bytes(content)
