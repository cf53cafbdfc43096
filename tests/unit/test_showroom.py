"""The showroom's small parts: what its scanners read, what its tills take for an amount, what its board tells."""

import io

import pytest
from PIL import Image

from gateway.demo import pictures
from gateway.demo.showroom import refusals, scanner
from gateway.demo.showroom.board import Board


def png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def beside(*codes: bytes) -> bytes:
    """One picture with several in it."""
    images = [Image.open(io.BytesIO(one)).convert("L") for one in codes]
    sheet = Image.new("L", (sum(one.width for one in images), max(one.height for one in images)), 255)
    left = 0
    for one in images:
        sheet.paste(one, (left, 0))
        left += one.width
    return png(sheet)


async def test_bars_and_qr_of_one_code_say_one_thing() -> None:
    code = "5112345678901234567"
    assert await scanner.read(pictures.bars(code)) == code
    assert await scanner.read(beside(pictures.drawn(code), pictures.bars(code))) == code


@pytest.mark.parametrize(
    ("picture", "refusal"),
    [
        (png(Image.new("L", (200, 200), 255)), refusals.NothingRead),
        (beside(pictures.drawn("one"), pictures.drawn("another")), refusals.SeveralRead),
        (b"GIF89a", refusals.PictureUnreadable),
        (b"", refusals.PictureUnreadable),
        (pictures.drawn("cut off")[:200], refusals.PictureUnreadable),
        (png(Image.new("1", (4_000, 4_000))), refusals.PictureUnreadable),
    ],
)
async def test_a_picture_without_one_code_is_refused(picture: bytes, refusal: type[refusals.Refused]) -> None:
    with pytest.raises(refusal):
        await scanner.read(picture)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("128", 12_800), ("128.5", 12_850), (" ¥1,280.05 ", 128_005), ("0.01", 1), ("3。2", 320)],
)
def test_an_amount_is_taken_as_people_type_it(text: str, minor: int) -> None:
    assert scanner.typed(text).amount_minor == minor


@pytest.mark.parametrize("text", ["", "0", "0.00", "-1", "1.234", "abc", "1e3", "9999999", "١٢"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(refusals.AmountUnclear):
        scanner.typed(text)


async def test_the_board_tells_everything_first_and_then_what_changed() -> None:
    board = Board()
    board.show("till", {"n": 1})
    board.show("till", {"n": 2})
    news = board.watch()
    assert await anext(news) == ("till", b'{"n":2}')
    board.show("till", {"n": 2})
    board.show("phone", {"n": 3})
    assert await anext(news) == ("phone", b'{"n":3}')
    await news.aclose()
    assert {board.hang(bytes([number])) for number in range(100)}
    assert board.picture("0" * 32) is None
