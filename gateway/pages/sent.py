"""What a form of a page sends, within the limits of size and time that operations have for their bodies."""

from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.door.body import receive
from gateway.door.errors import BodyTooLarge, UnsupportedContentEncoding, UnsupportedContentType

FORM: Final = "application/x-www-form-urlencoded"
# An application's largest section, every field of it filled in Chinese, has a fifth of it.
MOST_BYTES: Final = 262_144
_MOST_FIELDS: Final = 1000


async def sent(request: web.BaseRequest) -> dict[str, str]:
    """The fields of the form, empty ones too; of several with one name the last.

    Raises:
        DoorError: one of those that start with `Body` or `Unsupported`, or `MalformedHttp`.
    """
    if request.content_type != FORM:
        raise UnsupportedContentType((FORM,))
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedContentEncoding
    text = (await receive(request, MOST_BYTES)).decode(errors="replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise BodyTooLarge(MOST_BYTES) from None
