"""Text cut into segments of the modes that take the fewest bits together (section 7.4 and annex J.2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {character: value for value, character in enumerate(_ALPHANUMERIC)}
_RUNS = re.compile(r"[0-9]+|[A-Z $%*+\-./:]+|[^0-9A-Z $%*+\-./:]+")

_ECI_UTF8 = "0111" + "00011010"
"""Mode ECI, then designator 000026: the bytes that follow are UTF-8."""

_MODE_BITS = 4
_SIXTHS = 6
"""Costs are in sixths of a bit: a digit takes 10/3 bits, an alphanumeric character 11/2."""


class Mode(IntEnum):
    """In the order of what they can hold: each can write all that those before it can."""

    NUMERIC = 0
    ALPHANUMERIC = 1
    BYTE = 2


_INDICATOR = {Mode.NUMERIC: "0001", Mode.ALPHANUMERIC: "0010", Mode.BYTE: "0100"}

COUNT_BITS: Sequence[tuple[int, dict[Mode, int]]] = (
    (9, {Mode.NUMERIC: 10, Mode.ALPHANUMERIC: 9, Mode.BYTE: 8}),
    (26, {Mode.NUMERIC: 12, Mode.ALPHANUMERIC: 11, Mode.BYTE: 16}),
    (40, {Mode.NUMERIC: 14, Mode.ALPHANUMERIC: 13, Mode.BYTE: 16}),
)
"""Up to a version, how long the count after a mode indicator is (table 3)."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring characters of one class, and their cost in each mode."""

    text: str
    mode: Mode
    costs: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Path:
    """The cheapest way to write everything up to a run, ending in some mode."""

    cost: int
    modes: tuple[Mode, ...]


def segment_bits(text: str, count_bits: dict[Mode, int]) -> str:
    """The bits of a text before terminator and padding; text outside ASCII is announced as UTF-8."""
    runs = [_run(part) for part in _RUNS.findall(text)]
    eci = "" if text.isascii() else _ECI_UTF8
    return eci + "".join(
        _INDICATOR[mode] + _body(part, mode, count_bits[mode]) for mode, part in _split(runs, count_bits)
    )


def _run(text: str) -> _Run:
    length = len(text)
    as_bytes = len(text.encode()) * 8 * _SIXTHS
    if "0" <= text[0] <= "9":
        return _Run(text, Mode.NUMERIC, (length * 20, length * 33, as_bytes))
    if text[0] in _VALUE:
        return _Run(text, Mode.ALPHANUMERIC, (0, length * 33, as_bytes))
    return _Run(text, Mode.BYTE, (0, 0, as_bytes))


def _split(runs: Sequence[_Run], count_bits: dict[Mode, int]) -> list[tuple[Mode, str]]:
    """Join runs into segments along the cheapest path through their modes."""
    if not runs:
        return []
    modes = _cheapest(runs, count_bits).modes
    starts = [0, *(at for at, (one, two) in enumerate(pairwise(modes), start=1) if one is not two), len(runs)]
    return [(modes[start], "".join(run.text for run in runs[start:end])) for start, end in pairwise(starts)]


def _cheapest(runs: Sequence[_Run], count_bits: dict[Mode, int]) -> _Path:
    header = {mode: (_MODE_BITS + bits) * _SIXTHS for mode, bits in count_bits.items()}
    paths: dict[Mode, _Path] = {}
    for run in runs:
        paths = {mode: _extend(paths, mode, header[mode], run) for mode in Mode if mode >= run.mode}
    return min(paths.values(), key=lambda path: path.cost)


def _extend(paths: dict[Mode, _Path], mode: Mode, header: int, run: _Run) -> _Path:
    """The cheapest path to the run in this mode: stay in the mode, or open a segment and round up to bits."""
    stay = paths.get(mode)
    best = min(paths.values(), key=lambda path: path.cost, default=_Path(0, ()))
    opened = -(-best.cost // _SIXTHS) * _SIXTHS + header
    if stay and stay.cost <= opened:
        return _Path(stay.cost + run.costs[mode], (*stay.modes, mode))
    return _Path(opened + run.costs[mode], (*best.modes, mode))


def _body(text: str, mode: Mode, count_bits: int) -> str:
    match mode:
        case Mode.NUMERIC:
            return f"{len(text):0{count_bits}b}" + _numeric(text)
        case Mode.ALPHANUMERIC:
            return f"{len(text):0{count_bits}b}" + _alphanumeric(text)
        case Mode.BYTE:
            data = text.encode()
            return f"{len(data):0{count_bits}b}{int.from_bytes(data):0{len(data) * 8}b}"


def _numeric(digits: str) -> str:
    groups = (digits[at : at + 3] for at in range(0, len(digits), 3))
    return "".join(f"{int(group):0{len(group) * 3 + 1}b}" for group in groups)


def _alphanumeric(text: str) -> str:
    pairs = "".join(
        f"{_VALUE[one] * 45 + _VALUE[two]:011b}" for one, two in zip(text[::2], text[1::2], strict=False)
    )
    return pairs + (f"{_VALUE[text[-1]]:06b}" if len(text) % 2 else "")
