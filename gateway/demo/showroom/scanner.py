"""A scanner: it reads what is in a picture, as a till's or a phone's does, and amounts as people type them."""

import asyncio
import io
import re
from typing import Final

from PIL import Image, UnidentifiedImageError

from gateway.demo import pictures
from gateway.demo.checks import CURRENCY
from gateway.demo.showroom.refusals import AmountUnclear, NothingRead, PictureUnreadable, SeveralRead
from gateway.wire.money import PositiveAmount

# A camera's frame has two million; more is nobody's screen.
_MOST_PIXELS: Final = 9_000_000
_AMOUNT: Final = re.compile(r"(?P<whole>[0-9]{1,6}|[0-9]{1,3},[0-9]{3})(?:[.。](?P<part>[0-9]{1,2}))?")


async def read(picture: bytes) -> str:
    """The one text that the codes in the picture say; QR and bars of one code say the same.

    Raises:
        NothingRead, SeveralRead, PictureUnreadable: why there is none.
    """
    return await asyncio.to_thread(_read, picture)


def _read(picture: bytes) -> str:
    try:
        image = Image.open(io.BytesIO(picture), formats=["PNG"])
        if image.width * image.height > _MOST_PIXELS:
            raise PictureUnreadable
        texts = pictures.texts_in(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise PictureUnreadable from error
    if not texts:
        raise NothingRead
    if len(texts) > 1:
        raise SeveralRead
    return texts.pop()


def typed(text: str) -> PositiveAmount:
    """An amount of money as it was typed.

    Raises:
        AmountUnclear: it is none, or nothing.
    """
    found = _AMOUNT.fullmatch(text.strip().removeprefix("¥").strip())
    if found is None:
        raise AmountUnclear
    minor = int(found["whole"].replace(",", "")) * 100 + int((found["part"] or "").ljust(2, "0") or 0)
    if minor == 0:
        raise AmountUnclear
    return PositiveAmount(amount_minor=minor, currency=CURRENCY)
