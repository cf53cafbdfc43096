"""Uploaded files: judged by their content and rebuilt, so that nothing survives but what is seen.

A picture is decoded and encoded anew, without metadata; of a PDF only its pages are kept, without scripts, forms,
attachments and links. Pure and slow: for an executor.
"""

import io
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageOps
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from merchants.onboarding.errors import DocumentTypeDiffers, DocumentUnreadable

MediaType = Literal["image/jpeg", "image/png", "application/pdf"]
MEDIA_TYPES: Final[tuple[MediaType, ...]] = ("image/jpeg", "image/png", "application/pdf")
MAX_FILE_BYTES: Final = 5 * 1024 * 1024
# A page at 600 dpi has 35 million; a picture that claims more is made to fill a memory.
_MAX_PIXELS: Final = 40_000_000
_MAX_PAGES: Final = 50
_JPEG_QUALITY: Final = 90

_STARTS: Final[dict[MediaType, bytes]] = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}
# What a page could do besides being looked at.
_ACTIVE_MEMBERS: Final = ("/Annots", "/AA", "/B", "/PieceInfo", "/Metadata")


@dataclass(frozen=True, slots=True)
class File:
    """A file that is harmless to open."""

    media_type: MediaType
    content: bytes


def rebuilt(raw: bytes, *, said: str) -> File:
    """The file anew, if it is what its sender says.

    Raises:
        DocumentTypeDiffers: the content is of another type, or of none we take.
        DocumentUnreadable: broken, encrypted, or larger than anybody looks at.
    """
    found = next((one for one, start in _STARTS.items() if raw.startswith(start)), None)
    if found is None or found != said:
        raise DocumentTypeDiffers
    return File(found, _pdf(raw) if found == "application/pdf" else _picture(raw, found))


def _picture(raw: bytes, media_type: MediaType) -> bytes:
    kind = "JPEG" if media_type == "image/jpeg" else "PNG"
    try:
        with Image.open(io.BytesIO(raw), formats=(kind,)) as image:
            _refuse_if(image.width * image.height > _MAX_PIXELS, "it has more than 40 million pixels")
            ImageOps.exif_transpose(image, in_place=True)
            mode = "RGB" if kind == "JPEG" or image.mode != "RGBA" else "RGBA"
            plain = image.convert(mode) if image.mode != mode else image
            plain.load()
    except DocumentUnreadable:
        raise
    except Exception as error:  # whatever a decoder says to hostile bytes
        raise DocumentUnreadable("it does not decode to a picture") from error
    out = io.BytesIO()
    # Only the pixels go over; a copy of them would take as much memory again.
    plain.info.clear()
    plain.save(out, kind, quality=_JPEG_QUALITY, exif=b"")
    return out.getvalue()


def _pdf(raw: bytes) -> bytes:
    try:
        return _pages_alone(PdfReader(io.BytesIO(raw)))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise DocumentUnreadable("it does not read as a PDF") from error


def _pages_alone(reader: PdfReader) -> bytes:
    _refuse_if(reader.is_encrypted, "it is encrypted")
    _refuse_if(not 1 <= len(reader.pages) <= _MAX_PAGES, "it has no page, or more than 50")
    writer = PdfWriter()
    for page in reader.pages:
        for member in _ACTIVE_MEMBERS:
            page.pop(member, None)
        writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _refuse_if(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence: refuse if (this), because (that)
    if holds:
        raise DocumentUnreadable(why)
