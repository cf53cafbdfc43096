import random

import pytest
import qrcode
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from qrcode.util import lost_point

from qr.symbol import Ecc, Symbol, draw
from qr.symbol.codewords import SymbolTooLarge


def modules(symbol: Symbol) -> list[list[bool]]:
    return [
        [bool(row >> symbol.size - 1 - column & 1) for column in range(symbol.size)] for row in symbol.rows
    ]


def scanned(symbol: Symbol) -> str:
    picture = Image.new("L", (symbol.size + 8, symbol.size + 8), 255)
    for row, line in enumerate(modules(symbol)):
        for column, dark in enumerate(line):
            if dark:
                picture.putpixel((column + 4, row + 4), 0)
    (found,) = zxingcpp.read_barcodes(picture.resize((picture.width * 3, picture.height * 3), 0))
    text: str = found.text
    return text


def by_library(text: str, ecc: Ecc) -> qrcode.QRCode:
    library = qrcode.QRCode(error_correction=ecc.value)
    library.add_data(text)
    library.make()
    return library


TEXTS = [
    "A",
    "12345678901234567890",
    "HTTPS://PAY.EXAMPLE/Q/" + "7" * 193,
    "000201010212" + "Ab0" * 100,
    "最佳运输 12345",
]


@pytest.mark.parametrize("ecc", Ecc)
@pytest.mark.parametrize("text", TEXTS)
def test_a_real_decoder_reads_what_is_drawn(text: str, ecc: Ecc) -> None:
    assert scanned(draw(text, ecc)) == text


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("0123456789ABCXYZ $%*+-./:abcxyz最é😀"), min_size=1, max_size=120))
def test_any_mixture_of_modes_is_read_back(text: str) -> None:
    assert scanned(draw(text, Ecc.L)) == text


@pytest.mark.parametrize("text", TEXTS[:3])
@pytest.mark.parametrize("ecc", Ecc)
def test_no_symbol_is_larger_or_scores_worse_than_the_librarys(text: str, ecc: Ecc) -> None:
    """Both cut these texts alike; the library scores masks without their format bits, we as they are shown."""
    ours, theirs = draw(text, ecc), by_library(text, ecc)
    assert ours.penalty == lost_point(modules(ours))
    assert ours.version == theirs.version
    assert ours.penalty <= lost_point(theirs.modules)


def test_the_penalty_is_the_standards_on_random_modules() -> None:
    random_ = random.Random(3)
    for length in range(1, 60, 7):
        symbol = draw("".join(random_.choices("abcdefghij", k=length * 3)), random_.choice(list(Ecc)))
        assert symbol.penalty == lost_point(modules(symbol))


def test_digits_cost_a_third_of_bytes() -> None:
    assert draw("7" * 280, Ecc.M).version < draw("x" * 150, Ecc.M).version


def test_the_largest_text_fits_and_a_larger_one_is_refused() -> None:
    assert draw("1" * 7089, Ecc.L).version == 40
    with pytest.raises(SymbolTooLarge):
        draw("1" * 7090, Ecc.L)
