"""From segments to the codewords of a symbol: version, padding, Reed-Solomon, interleaving (section 7.5)."""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import chain, zip_longest

import qrcode
from qrcode import base

from qr.errors import QrError
from qr.symbol.segments import COUNT_BITS, segment_bits

_TERMINATOR_BITS = 4
_PADDING = b"\xec\x11"


class Ecc(Enum):
    """How much of a symbol may be lost: 7, 15, 25, 30 %."""

    L = qrcode.ERROR_CORRECT_L
    M = qrcode.ERROR_CORRECT_M
    Q = qrcode.ERROR_CORRECT_Q
    H = qrcode.ERROR_CORRECT_H


class SymbolTooLarge(QrError):
    """This text does not fit into a QR symbol; shorten it."""


@dataclass(frozen=True, slots=True)
class Codewords:
    """All codewords of a symbol, in the order they are placed."""

    version: int
    data: bytes


def codewords(text: str, ecc: Ecc) -> Codewords:
    """The codewords of the smallest symbol that holds the text.

    Raises:
        SymbolTooLarge: not even version 40 does.
    """
    first = 1
    for last, count_bits in COUNT_BITS:
        bits = segment_bits(text, count_bits)
        version = _smallest(len(bits), ecc, first, last)
        if version:
            return Codewords(version, _protected(_padded(bits, _capacity(version, ecc)), version, ecc))
        first = last + 1
    raise SymbolTooLarge


def _smallest(bits: int, ecc: Ecc, first: int, last: int) -> int | None:
    return next((v for v in range(first, last + 1) if bits <= _capacity(v, ecc) * 8), None)


@cache
def blocks(version: int, ecc: Ecc) -> tuple[tuple[int, int], ...]:
    """Data and check codewords of each block (table 9)."""
    found = base.rs_blocks(version, ecc.value)
    return tuple((one.data_count, one.total_count - one.data_count) for one in found)


@cache
def _capacity(version: int, ecc: Ecc) -> int:
    return sum(data for data, _ in blocks(version, ecc))


def _padded(bits: str, capacity: int) -> bytes:
    bits += "0" * min(_TERMINATOR_BITS, capacity * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8)
    return data + (_PADDING * capacity)[: capacity - len(data)]


def _protected(data: bytes, version: int, ecc: Ecc) -> bytes:
    """Data and check codewords, each taken from the blocks in turn."""
    parts, checks, at = [], [], 0
    for data_count, check_count in blocks(version, ecc):
        part = data[at : at + data_count]
        at += data_count
        parts.append(part)
        checks.append(_check_codewords(part, check_count))
    interleaved = chain.from_iterable(chain(zip_longest(*parts), zip_longest(*checks)))
    return bytes(word for word in interleaved if word is not None)


def _check_codewords(data: bytes, count: int) -> bytes:
    """The remainder of the data, as a polynomial over GF(256), by the generator polynomial."""
    multiples = _generator_multiples(count)
    shift = 8 * (count - 1)
    low = (1 << shift) - 1
    remainder = 0
    for word in data:
        remainder = (remainder & low) << 8 ^ multiples[word ^ remainder >> shift]
    return remainder.to_bytes(count)


@cache
def _generator_multiples(count: int) -> tuple[int, ...]:
    """The generator polynomial of this degree, without its leading 1, times every element of GF(256)."""
    generator = base.Polynomial([1], 0)
    for power in range(count):
        generator = generator * base.Polynomial([1, base.gexp(power)], 0)
    tail = [generator[at] for at in range(1, count + 1)]
    return tuple(int.from_bytes(bytes(_product(factor, one) for one in tail)) for factor in range(256))


def _product(one: int, two: int) -> int:
    return base.gexp(base.glog(one) + base.glog(two)) if one and two else 0
