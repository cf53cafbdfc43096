import io
import re
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from qr.code128 import NotCode128
from qr.render import POSTER, SCREEN, TILL_RECEIPT, Style, code128_png, code128_svg, png, svg

PAYLOAD = (
    "00020101021226890019cn.example.pay.test0115100000000000001022200000000070000000000420302A10410189355344552045411"
    "53031565406128.005802CN5911CORNER SHOP6007BEIJING80700019cn.example.pay.test0143" + "aB3-_" * 8 + "xyz"
)
PAYMENT_CODE = "2312345678901234567"
STYLES = {"screen": SCREEN, "till": TILL_RECEIPT, "poster": POSTER}


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture.convert("L")


def read(picture: Image.Image) -> tuple[str, str]:
    (found,) = zxingcpp.read_barcodes(picture)
    return found.text, found.format.name


def drawn(document: str, px: int = 4) -> Image.Image:
    """The paths of an SVG of ours as pixels."""
    root = ET.fromstring(document)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    picture = Image.new("L", (round(width * px), round(height * px)), 255)
    path = root.find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    for x, y, w, h in re.findall(r"M(\d+),(\d+)h(\d+)v(\d+)h-\d+z", path.attrib["d"]):
        left, top = int(x) * px, int(y) * px
        box = (left, top, left + int(w) * px - 1, top + int(h) * px - 1)
        ImageDraw.Draw(picture).rectangle(box, fill=0)
    return picture


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize("caption", [None, "Corner Shop <&>"])
def test_every_qr_picture_is_read_back(style: Style, caption: str | None) -> None:
    picture = opened(png(PAYLOAD, style=style, caption=caption))
    assert read(picture) == (PAYLOAD, "QRCode")
    assert picture.width <= style.width_px
    assert read(drawn(svg(PAYLOAD, style=style, caption=caption))) == (PAYLOAD, "QRCode")


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize("caption", [None, "Show this to the cashier"])
def test_every_bar_code_is_read_back(style: Style, caption: str | None) -> None:
    picture = opened(code128_png(PAYMENT_CODE, style=style, caption=caption))
    assert read(picture) == (PAYMENT_CODE, "Code128")
    assert read(drawn(code128_svg(PAYMENT_CODE, style=style, caption=caption))) == (PAYMENT_CODE, "Code128")
    assert read(opened(png(PAYMENT_CODE, style=style, caption=caption))) == (PAYMENT_CODE, "QRCode")


@pytest.mark.parametrize(
    "text", ["1", "12", "123", "1234", "12345", "A1234", "AB12345C", "0" * 18, "~ !\"#$%&'()*+", "Code 128"]
)
def test_code_128_writes_any_mixture_of_digits_and_ascii(text: str) -> None:
    assert read(opened(code128_png(text, style=POSTER))) == (text, "Code128")


def test_every_character_and_every_pair_of_digits_is_written_as_it_is_read() -> None:
    pairs = "".join(f"{number:02d}" for number in range(100))
    printable = "".join(map(chr, range(32, 127)))
    for text in (*(pairs[at : at + 40] for at in range(0, 200, 40)), printable[:48], printable[48:]):
        assert read(opened(code128_png(text, style=POSTER))) == (text, "Code128")


@pytest.mark.parametrize("text", ["", "中文", "a\n", "x" * 49])
def test_what_code_128_cannot_write_is_refused(text: str) -> None:
    with pytest.raises(NotCode128):
        code128_png(text)


@pytest.mark.parametrize(
    "distort",
    [
        lambda picture: picture.filter(ImageFilter.GaussianBlur(3)),
        lambda picture: picture.rotate(30, expand=True, fillcolor=255),
        lambda picture: ImageEnhance.Contrast(picture).enhance(0.5),
    ],
    ids=["blurred", "rotated", "half the contrast"],
)
def test_a_screen_is_read_under_bad_conditions(distort: object) -> None:
    assert callable(distort)
    assert read(distort(opened(png(PAYLOAD)))) == (PAYLOAD, "QRCode")


def test_a_receipt_fits_the_printer_dot_for_dot() -> None:
    picture = Image.open(io.BytesIO(png(PAYLOAD, style=TILL_RECEIPT)))
    assert picture.info["dpi"] == pytest.approx((203, 203), abs=0.1)
    assert picture.mode == "1"
    document = svg(PAYLOAD, style=TILL_RECEIPT)
    width_mm = float(re.findall(r'width="([\d.]+)mm"', document)[0])
    assert 40 < width_mm <= 48.1


def test_a_caption_is_escaped_cut_to_the_width_and_beneath_the_quiet_zone() -> None:
    bare, captioned = opened(png("x")), opened(png("x", caption="W" * 200))
    assert captioned.width == bare.width
    assert captioned.crop((0, 0, *bare.size)).tobytes() == bare.tobytes()
    assert captioned.height > bare.height
    assert "&lt;script&gt;" in svg("x", caption="<script>")
    ET.fromstring(svg("x", caption="<&>"))
