"""The picture in a code's middle: taken from a file once, small, and never larger than a symbol can bear."""

import base64
import io
from dataclasses import dataclass, field
from functools import lru_cache

from PIL import Image

_MOST_BYTES = 256 * 1024
_MOST_PX = 1024
"""On the widest poster a logo has fewer; a larger file is a mistake, or a bomb."""
_SIZES_REMEMBERED = 64


class LogoUnfit(ValueError):
    """The logo is no PNG of at most 256 KiB and 1024 x 1024 pixels."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG that was looked into and written anew, without whatever else its file held."""

    png: bytes = field(repr=False)

    @property
    def data_url(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


def read_logo(content: bytes) -> Logo:
    """A logo out of a file's content.

    Raises:
        LogoUnfit: see there; a picture's size is read before its pixels are.
    """
    if len(content) > _MOST_BYTES:
        raise LogoUnfit
    try:
        opened = Image.open(io.BytesIO(content), formats=("PNG",))
        if max(opened.size) > _MOST_PX:
            raise LogoUnfit
        picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise LogoUnfit from None
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Logo(out.getvalue())


@lru_cache(maxsize=_SIZES_REMEMBERED)
def plate(logo: Logo, *, side_px: int, margin_px: int) -> Image.Image:
    """The logo in the middle of a white square."""
    inside = max(1, side_px - 2 * margin_px)
    picture = Image.open(io.BytesIO(logo.png)).convert("RGBA")
    scale = inside / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side_px, side_px), "white")
    square.alpha_composite(picture, ((side_px - width) // 2, (side_px - height) // 2))
    return square.convert("RGB")
