"""A symbol's modules: codewords placed in zigzag, the best of eight masks laid over them (section 7.7, 7.8)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

import qrcode

from qr.symbol.codewords import Ecc, codewords
from qr.symbol.penalty import penalty

_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _: row % 2 == 0,
    lambda _, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: (row * column % 3 + (row + column) % 2) % 2 == 0,
)
_TIMING_COLUMN = 6
_FIRST_WITH_VERSION_INFORMATION = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """The modules of a QR symbol without its quiet zone; `rows` are integers, leftmost module highest."""

    version: int
    ecc: Ecc
    mask: int
    penalty: int
    size: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """All that symbols of one version and level share, each plane an integer (see `penalty`).

    `place` picks, for each bit of a plane, a character from the codewords' bits and a final "0";
    `fixed` and `masks` are the function patterns and the masked data modules of each mask.
    """

    size: int
    place: Callable[[str], tuple[str, ...]]
    everything: int
    fixed: tuple[int, ...]
    masks: tuple[int, ...]

    @property
    def stride(self) -> int:
        return self.size + 1


def draw(text: str, ecc: Ecc) -> Symbol:
    """The smallest symbol of the text at this level, under the mask with the fewest points.

    Raises:
        SymbolTooLarge: it does not fit version 40.
    """
    words = codewords(text, ecc)
    frame = _frame(words.version, ecc)
    bits = f"{int.from_bytes(words.data):0{len(words.data) * 8}b}" + "0"
    data = int("".join(frame.place(bits)), 2)
    planes = [data ^ mask | fixed for mask, fixed in zip(frame.masks, frame.fixed, strict=True)]
    points = [penalty(dark, frame.everything ^ dark, stride=frame.stride) for dark in planes]
    best = min(range(len(_MASKS)), key=points.__getitem__)
    return Symbol(
        version=words.version,
        ecc=ecc,
        mask=best,
        penalty=points[best],
        size=frame.size,
        rows=_rows(planes[best], frame.size),
    )


def size_of(version: int) -> int:
    """Modules along a side."""
    return version * 4 + 17


@cache
def data_modules(version: int, ecc: Ecc) -> tuple[tuple[int, int], ...]:
    """Row and column of every module that holds data, in the order of the codewords' bits."""
    pattern = _function_patterns(version, ecc, 0)
    return tuple((row, column) for row, column in _zigzag(len(pattern)) if pattern[row][column] is None)


def _rows(plane: int, size: int) -> tuple[int, ...]:
    one_row = (1 << size) - 1
    return tuple(plane >> (size + 1) * (size - 1 - row) & one_row for row in range(size))


@cache
def _frame(version: int, ecc: Ecc) -> _Frame:
    patterns = [_function_patterns(version, ecc, mask) for mask in range(len(_MASKS))]
    size = len(patterns[0])
    cells = [(row, column) for row in range(size) for column in range(size)]
    data = data_modules(version, ecc)
    order = {cell: at for at, cell in enumerate(data)}
    light = len(data) // 8 * 8  # where the final "0" stands: for remainder, function and gap modules
    bits = [min(order.get((row, column), light), light) for row in range(size) for column in range(size + 1)]
    return _Frame(
        size=size,
        place=itemgetter(*bits[:-1]),
        everything=_plane(size, cells),
        fixed=tuple(
            _plane(size, [cell for cell in cells if pattern[cell[0]][cell[1]]]) for pattern in patterns
        ),
        masks=tuple(_plane(size, [cell for cell in data if mask(*cell)]) for mask in _MASKS),
    )


def _plane(size: int, dark: Iterable[tuple[int, int]]) -> int:
    modules = bytearray(b"0" * size * (size + 1))
    for row, column in dark:
        modules[row * (size + 1) + column] = ord("1")
    return int(modules[:-1], 2)


def _zigzag(size: int) -> Iterator[tuple[int, int]]:
    """Modules in pairs of columns from the right, up and down in turn, past the vertical timing pattern."""
    rights = [right if right > _TIMING_COLUMN else right - 1 for right in range(size - 1, 0, -2)]
    for turn, right in enumerate(rights):
        for row in range(size - 1, -1, -1) if turn % 2 == 0 else range(size):
            yield row, right
            yield row, right - 1


def _function_patterns(version: int, ecc: Ecc, mask: int) -> list[list[bool | None]]:
    """Finders, timing, alignment, format and version information as `qrcode` draws them, None elsewhere."""
    library = qrcode.QRCode(version=version, error_correction=ecc.value)
    size = library.modules_count = size_of(version)
    library.modules = [[None] * size for _ in range(size)]
    for row, column in ((0, 0), (size - 7, 0), (0, size - 7)):
        library.setup_position_probe_pattern(row, column)
    library.setup_position_adjust_pattern()
    library.setup_timing_pattern()
    library.setup_type_info(False, mask)
    if version >= _FIRST_WITH_VERSION_INFORMATION:
        library.setup_type_number(False)
    patterns: list[list[bool | None]] = library.modules
    return patterns
