"""Amounts as people type them: nobody's comma makes an amount a hundredfold."""

import struct
import zlib

import pytest

from gateway.demo.showroom import scanner
from gateway.demo.showroom.refusals import AmountUnclear, PictureUnreadable
from gateway.pages.partner import forms
from gateway.pages.typed import minor_of

UNCLEAR = ("", "12,80", "1,28", "12,3456", ",128", "1,2,3", "128,", "12.", "-1", "1e3", "１２", "12.345")


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.80", 1_280), (" 128 ", 12_800), ("1,280", 128_000), ("12,345,678.9", 1_234_567_890), ("0.01", 1)],
)
def test_an_amount_is_what_stands_there(text: str, minor: int) -> None:
    assert minor_of(text, "CNY") == minor


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_could_be_two_amounts_is_none(text: str) -> None:
    assert minor_of(text, "CNY") is None


def test_a_currency_has_its_own_digits() -> None:
    assert (minor_of("1,280", "JPY"), minor_of("12.8", "JPY"), minor_of("1.234", "KWD")) == (
        1_280,
        None,
        1_234,
    )


def test_the_demos_till_reads_no_other_way() -> None:
    assert scanner.typed("¥1,280.50").amount_minor == 128_050
    for text in ("12,80", "1,2,3", "0"):
        with pytest.raises(AmountUnclear):
            scanner.typed(text)


def test_fields_that_contradict_each_other_or_lead_nowhere_are_nobodys() -> None:
    made_up = {"/a": "x", "/a/b": "y", "/a/b/c": "z", "/" + "d/" * 10_000: "deep", "/e/f": "1", "csrf": "t"}
    assert forms.nested(made_up) == {"a": "x", "e": {"f": "1"}}


async def test_a_picture_that_unpacks_to_more_than_it_is_is_refused() -> None:
    """A PNG whose text chunk grows a thousandfold."""
    with pytest.raises(PictureUnreadable):
        await scanner.read(_swollen())


def _swollen() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 5_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + head + text + chunk(b"IDAT", zlib.compress(b"\0" * 72)) + chunk(b"IEND", b"")
    )
