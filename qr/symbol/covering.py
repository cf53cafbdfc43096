"""How much of a symbol's middle a picture may cover (ISO/IEC 18004:2015, section 7.5: error correction)."""

from collections import Counter
from functools import cache, partial
from itertools import chain, takewhile, zip_longest

from qr.symbol.codewords import Ecc, blocks
from qr.symbol.symbol import data_modules, size_of

_SPENT = 2
"""A cover spends at most a half of what error correction mends; dirt, folds and blur need the other."""


@cache
def coverable(version: int, ecc: Ecc) -> int:
    """The side in modules of the largest square around the middle that may be covered; 0 for none.

    Exact and not a share of the area: a symbol is lost with its worst block, so in each block the codewords that
    the square touches are counted, and every one is taken for wrong.
    """
    sides = takewhile(partial(_is_mendable, version, ecc), range(1, size_of(version), 2))
    return max(sides, default=0)


def _is_mendable(version: int, ecc: Ecc, side: int) -> bool:
    middle = size_of(version) // 2
    covered = range(middle - side // 2, middle + side // 2 + 1)
    owners = _owners(version, ecc)
    hit = {
        at // 8
        for at, (row, column) in enumerate(data_modules(version, ecc))
        if row in covered and column in covered and at // 8 < len(owners)
    }
    lost = Counter(owners[word] for word in hit)
    mendable = [checks // 2 for _, checks in blocks(version, ecc)]
    return all(count * _SPENT <= mendable[block] for block, count in lost.items())


def _owners(version: int, ecc: Ecc) -> list[int]:
    """The block of each codeword, in the order codewords are placed (section 7.6)."""
    sizes = blocks(version, ecc)
    data = zip_longest(*([number] * count for number, (count, _) in enumerate(sizes)))
    checks = zip_longest(*([number] * count for number, (_, count) in enumerate(sizes)))
    return [number for number in chain.from_iterable(chain(data, checks)) if number is not None]
