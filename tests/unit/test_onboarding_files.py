"""Files that were made to hurt whoever opens them."""

import io
import time
import zlib

import pytest
from PIL import Image, PngImagePlugin
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from merchants.onboarding.errors import DocumentUnreadable
from merchants.onboarding.files import rebuilt

_PATIENCE_S = 60.0


def a_pdf(pages: int = 1) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)[NameObject("/Metadata")] = TextStringObject("who made it")
    script = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")}
    action = DictionaryObject({NameObject(name): value for name, value in script.items()})
    writer.root_object[NameObject("/OpenAction")] = action
    writer.add_attachment("virus.exe", b"MZ")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def a_bomb(megabytes: int) -> bytes:
    """A table of contents that unpacks to so much, from a thousandth of it."""
    packed = zlib.compressobj(9)
    table = b"".join(packed.compress(b"\0" * 2**20) for _ in range(megabytes)) + packed.flush()
    head = b"%PDF-1.5\n"
    stream = b"<</Type/XRef/Size 6/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>" % len(table)
    body = b"1 0 obj\n" + stream + b"stream\n" + table + b"\nendstream\nendobj\n"
    return head + body + b"startxref\n%d\n%%%%EOF" % len(head)


def test_of_a_pdf_only_its_pages_are_left() -> None:
    kept = rebuilt(a_pdf(2), said="application/pdf").content
    assert len(PdfReader(io.BytesIO(kept)).pages) == 2
    assert not any(word in kept for word in (b"app.alert", b"virus", b"who made it", b"/JavaScript"))


def test_a_pdf_that_never_ends_is_given_up() -> None:
    begun = time.monotonic()
    with pytest.raises(DocumentUnreadable):
        rebuilt(a_bomb(200), said="application/pdf")
    assert time.monotonic() - begun < _PATIENCE_S


@pytest.mark.parametrize(("raw", "why"), [(a_pdf(51), "more than 50"), (b"%PDF-1.7 none", "read as a PDF")])
def test_what_is_refused_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        rebuilt(raw, said="application/pdf")
    assert why in refused.value.why


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_of_a_picture_only_its_pixels_are_left(kind: str) -> None:
    picture, out = Image.new("RGB", (40, 30), "red"), io.BytesIO()
    exif = picture.getexif()
    exif[0x010E] = "who made it"
    exif[0x0112] = 6
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "who made it")
    more = {"pnginfo": told} if kind == "PNG" else {"comment": b"who made it"}
    picture.save(out, kind, exif=exif, icc_profile=b"who made it", **more)
    assert out.getvalue().count(b"who made it") > 1
    kept = rebuilt(out.getvalue(), said=f"image/{kind.lower()}").content
    assert b"who made it" not in kept
    assert Image.open(io.BytesIO(kept)).size == (30, 40)
