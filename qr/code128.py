"""Code 128 (ISO/IEC 15417) for payment codes: digits in pairs by code set C, the rest by code set B."""

from collections.abc import Iterator

from qr.errors import QrError

# Widths of bars and spaces of the 106 characters, then the stop character.
_TABLE = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 "
    "113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 "
    "212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 "
    "113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 "
    "314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 "
    "241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 "
    "211232 2331112"
)
_WIDTHS = _TABLE.split()
_TO_C, _TO_B = 99, 100
_START_B, _START_C = 104, 105
_STOP = 106
_MODULUS = 103
_FIRST_PRINTABLE = 32
_WORTH_SWITCHING = 4
"""Changing the code set costs a character, two changes cost two: four digits in a row win them back."""
_LONGEST = 48
"""At 0.25 mm a module this is as wide as a hand-held scanner reads."""


class NotCode128(QrError):
    """Only 1 to 48 printable ASCII characters are drawn as Code 128; use a QR code for this text."""


def bars(text: str) -> tuple[int, ...]:
    """Widths of bars and spaces in turn, in modules, beginning and ending with a bar.

    Raises:
        NotCode128: empty, too long, or not printable ASCII.
    """
    if not (0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()):
        raise NotCode128
    characters = list(_characters(text))
    check = (characters[0] + sum(at * value for at, value in enumerate(characters))) % _MODULUS
    return tuple(int(width) for value in (*characters, check, _STOP) for width in _WIDTHS[value])


def _characters(text: str) -> Iterator[int]:
    """Symbol character values from start to last, before the check character."""
    in_c = _digits_at(text, 0) >= _WORTH_SWITCHING or (text.isdigit() and len(text) == 2)  # noqa: PLR2004 - one pair
    yield _START_C if in_c else _START_B
    at = 0
    while at < len(text):
        digits = _digits_at(text, at)
        if in_c and digits < 2:  # noqa: PLR2004 - code set C writes pairs
            in_c = False
            yield _TO_B
        elif not in_c and digits >= _WORTH_SWITCHING and digits % 2 == 0:
            in_c = True
            yield _TO_C
        if in_c:
            yield int(text[at : at + 2])
            at += 2
        else:
            yield ord(text[at]) - _FIRST_PRINTABLE
            at += 1


def _digits_at(text: str, at: int) -> int:
    """How many digits follow each other from here."""
    rest = text[at:]
    return len(rest) - len(rest.lstrip("0123456789"))
