"""Payloads as pictures: PNG and SVG, QR and Code 128, with quiet zone and caption.

CPU-bound and pure, a millisecond or two: call it in a thread. Symbols have the error correction their use
needs: M on a screen, Q in print, where a fold or a stain takes modules away.
"""

import io
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from qr import code128
from qr.logo import Logo, plate
from qr.symbol import Ecc, Symbol, coverable, draw

_QUIET_ZONE = 4  # modules, ISO/IEC 18004 section 9.1
_BAR_QUIET_ZONE = 10  # modules, ISO/IEC 15417 section 4.4
_BAR_HEIGHT = 50  # modules; at least 15 % of the width, and 5 mm
_LIGHT, _DARK = 1, 0
_CAPTION_LINES = 1.6
_MM_PER_INCH = 25.4
_SMALLEST_LOGO = 3  # modules; with less there is nothing to see
_PNG_COMPRESSION = 1
"""Rows repeat, so the fastest level already finds nearly everything there is to find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Where a symbol is shown.

    Attributes:
        ecc: error correction for this use.
        width_px: the picture is at most so wide; modules are whole pixels, so usually a little less.
        dpi: dots per inch of the device, for pictures that are printed at their own size.
        caption_px: height of the caption's letters.
        font: a TrueType file with the merchants' script; None is Pillow's own, which has Latin letters only.
    """

    ecc: Ecc
    width_px: int
    dpi: int | None = None
    caption_px: int = 24
    font: str | None = None


SCREEN = Style(ecc=Ecc.M, width_px=600)
TILL_RECEIPT = Style(ecc=Ecc.Q, width_px=384, dpi=203, caption_px=22)
"""The 48 mm that a 58 mm thermal printer prints, dot for dot at 203 dpi."""
POSTER = Style(ecc=Ecc.Q, width_px=1200, dpi=300, caption_px=64)


def png(
    payload: str, *, style: Style = SCREEN, caption: str | None = None, logo: Logo | None = None
) -> bytes:
    """A QR code as a PNG, black and white but for the logo in its middle.

    Raises:
        SymbolTooLarge: the payload does not fit a symbol.
    """
    symbol = draw(payload, style.ecc)
    modules = symbol.size + 2 * _QUIET_ZONE
    module_px = max(1, style.width_px // modules)
    picture = Image.new("1", (modules, modules), _LIGHT)
    picture.paste(_modules(symbol), (_QUIET_ZONE, _QUIET_ZONE))
    scaled = picture.resize((modules * module_px, modules * module_px), Image.Resampling.NEAREST)
    if logo:
        scaled = _with_logo(scaled, logo, symbol, module_px)
    return _png(scaled, style, caption)


def svg(payload: str, *, style: Style = SCREEN, caption: str | None = None, logo: Logo | None = None) -> str:
    """A QR code as an SVG, one unit a module; it scales to any poster.

    Raises:
        SymbolTooLarge: the payload does not fit a symbol.
    """
    symbol = draw(payload, style.ecc)
    width = symbol.size + 2 * _QUIET_ZONE
    path = "".join(
        f"M{_QUIET_ZONE + start},{_QUIET_ZONE + row}h{end - start}v1h{start - end}z"
        for row, bits in enumerate(symbol.rows)
        for start, end in _dark_runs(f"{bits:0{symbol.size}b}")
    )
    above = _svg_logo(logo, symbol) if logo else ""
    return _svg(path, width=width, height=width, style=style, caption=caption, letter=width / 18, above=above)


def code128_png(text: str, *, style: Style = SCREEN, caption: str | None = None) -> bytes:
    """A Code 128 bar code as a black-and-white PNG.

    Raises:
        NotCode128: the text has characters it cannot write, or is too long.
    """
    widths = code128.bars(text)
    modules = sum(widths) + 2 * _BAR_QUIET_ZONE
    module_px = max(1, style.width_px // modules)
    line = Image.new("1", (modules, 1), _LIGHT)
    for start, end in _bar_runs(widths):
        line.paste(_DARK, (start, 0, end, 1))
    size = (modules * module_px, _BAR_HEIGHT * module_px)
    return _png(line.resize(size, Image.Resampling.NEAREST), style, caption)


def code128_svg(text: str, *, style: Style = SCREEN, caption: str | None = None) -> str:
    """A Code 128 bar code as an SVG, one unit a module.

    Raises:
        NotCode128: the text has characters it cannot write, or is too long.
    """
    widths = code128.bars(text)
    path = "".join(
        f"M{start},0h{end - start}v{_BAR_HEIGHT}h{start - end}z" for start, end in _bar_runs(widths)
    )
    width = sum(widths) + 2 * _BAR_QUIET_ZONE
    return _svg(path, width=width, height=_BAR_HEIGHT, style=style, caption=caption, letter=width / 16)


def _with_logo(picture: Image.Image, logo: Logo, symbol: Symbol, module_px: int) -> Image.Image:
    """The logo on a white plate in the middle, as large as error correction bears.

    The level stays as it is: a higher one would bear more and make the modules smaller, of which blur takes more.
    """
    side = coverable(symbol.version, symbol.ecc)
    if side < _SMALLEST_LOGO:
        return picture
    square = plate(logo, side_px=side * module_px, margin_px=module_px // 2)
    whole = picture.convert(square.mode)
    at = (picture.width - square.width) // 2
    whole.paste(square, (at, at))
    return whole


def _svg_logo(logo: Logo, symbol: Symbol) -> str:
    side = coverable(symbol.version, symbol.ecc)
    if side < _SMALLEST_LOGO:
        return ""
    at, inside = _QUIET_ZONE + (symbol.size - side) // 2, side - 1
    return (
        f'<rect x="{at}" y="{at}" width="{side}" height="{side}" fill="#fff"/>'
        f'<image x="{at + 0.5}" y="{at + 0.5}" width="{inside}" height="{inside}" href="{logo.data_url}"/>'
    )


def _modules(symbol: Symbol) -> Image.Image:
    """One pixel a module. Mode "1" packs a row into whole bytes, leftmost pixel highest, 1 is light."""
    row_bytes = -(-symbol.size // 8)
    shift, all_light = row_bytes * 8 - symbol.size, (1 << symbol.size) - 1
    packed = b"".join(((row ^ all_light) << shift).to_bytes(row_bytes) for row in symbol.rows)
    return Image.frombytes("1", (symbol.size, symbol.size), packed)


def _dark_runs(bits: str) -> list[tuple[int, int]]:
    """Start and end of each run of ones."""
    runs, end = [], 0
    while (start := bits.find("1", end)) >= 0:
        end = bits.find("0", start)
        end = len(bits) if end < 0 else end
        runs.append((start, end))
    return runs


def _bar_runs(widths: tuple[int, ...]) -> list[tuple[int, int]]:
    """Start and end of each bar, after the quiet zone."""
    runs, at = [], _BAR_QUIET_ZONE
    for index, width in enumerate(widths):
        if index % 2 == 0:
            runs.append((at, at + width))
        at += width
    return runs


def _png(picture: Image.Image, style: Style, caption: str | None) -> bytes:
    if caption:
        picture = _captioned(picture, style, caption)
    out = io.BytesIO()
    dpi = (style.dpi, style.dpi) if style.dpi else None
    picture.save(out, "PNG", compress_level=_PNG_COMPRESSION, **({"dpi": dpi} if dpi else {}))
    return out.getvalue()


def _captioned(picture: Image.Image, style: Style, caption: str) -> Image.Image:
    """The picture with one centred line beneath, cut to its width."""
    font = _font(style.font, style.caption_px)
    while caption and font.getlength(caption) > picture.width:
        caption = caption[:-1]
    height = picture.height + round(style.caption_px * _CAPTION_LINES)
    larger = Image.new(picture.mode, (picture.width, height), "white")
    larger.paste(picture, (0, 0))
    place = (picture.width / 2, picture.height)
    ImageDraw.Draw(larger).text(place, caption, fill="black", font=font, anchor="ma")
    return larger


@cache
def _font(path: str | None, size_px: int) -> ImageFont.FreeTypeFont:
    if path:
        return ImageFont.truetype(path, size_px)
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow is built with FreeType in every wheel"
    return font


def _svg(
    path: str, *, width: int, height: int, style: Style, caption: str | None, letter: float, above: str = ""
) -> str:
    text, full = "", float(height)
    if caption:
        full += letter * _CAPTION_LINES
        text = (
            f'<text x="{width / 2}" y="{height + letter}" font-size="{letter:.2f}" text-anchor="middle" '
            f'font-family="sans-serif">{escape(caption)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {full:g}"{_print_size(width, full, style)}>'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<path shape-rendering="crispEdges" d="{path}"/>{above}{text}</svg>'
    )


def _print_size(width: int, height: float, style: Style) -> str:
    """Millimetres, where the style has a paper; on a screen the page decides."""
    if style.dpi is None:
        return ""
    unit_mm = style.width_px // width / style.dpi * _MM_PER_INCH
    return f' width="{width * unit_mm:.2f}mm" height="{height * unit_mm:.2f}mm"'
