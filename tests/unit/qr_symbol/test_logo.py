import io
import random
import struct
import zlib

import pytest
import zxingcpp
from PIL import Image

from qr import render
from qr.logo import LogoUnfit, read_logo
from qr.symbol import Ecc, coverable, draw
from tests.prove.legibility import LOGO, PAYLOADS


def read(picture: Image.Image) -> str:
    (found,) = zxingcpp.read_barcodes(picture)
    text: str = found.text
    return text


def covered(payload: str, ecc: Ecc, chance: random.Random) -> Image.Image:
    """A symbol whose middle holds noise wherever a cover may lie, four pixels a module."""
    symbol = draw(payload, ecc)
    side, size = coverable(symbol.version, ecc), symbol.size
    picture = Image.new("L", (size + 8, size + 8), 255)
    middle = range(size // 2 - side // 2, size // 2 + side // 2 + 1)
    for row in range(size):
        for column in range(size):
            dark = symbol.rows[row] >> (size - 1 - column) & 1
            if row in middle and column in middle:
                dark = chance.getrandbits(1)
            picture.putpixel((column + 4, row + 4), 0 if dark else 255)
    return picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)


@pytest.mark.parametrize("ecc", list(Ecc))
@pytest.mark.parametrize("kind", list(PAYLOADS))
def test_noise_in_the_middle_is_mended(kind: str, ecc: Ecc) -> None:
    payload = PAYLOADS[kind]()
    assert read(covered(payload, ecc, random.Random(7))) == payload


def test_a_cover_never_reaches_what_a_scanner_finds_a_symbol_by() -> None:
    for version in (1, 2, 6, 7, 14, 20):
        for ecc in Ecc:
            assert coverable(version, ecc) <= version * 4 + 17 - 2 * 9


def test_a_logo_is_in_colour_in_the_middle_and_read_in_every_form() -> None:
    payload = PAYLOADS["order code, EMV"]()
    picture = Image.open(io.BytesIO(render.png(payload, caption="CORNER SHOP", logo=LOGO)))
    assert picture.mode == "RGB"
    assert read(picture) == payload
    drawing = render.svg(payload, logo=LOGO)
    symbol = draw(payload, render.SCREEN.ecc)
    side = coverable(symbol.version, symbol.ecc)
    assert f'<rect x="{4 + (symbol.size - side) // 2}"' in drawing
    assert 'href="data:image/png;base64,' in drawing


def test_a_logo_costs_no_more_than_a_few_kilobytes() -> None:
    assert len(render.png(PAYLOADS["order code, link"](), logo=LOGO)) < 24_000


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is very large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", bomb(1025, 8), bomb(60_000, 60_000), bomb(8, 8)[:40], LOGO.png + bytes(256 * 1024)],
)
def test_what_is_no_small_png_is_no_logo(content: bytes) -> None:
    with pytest.raises(LogoUnfit):
        read_logo(content)
