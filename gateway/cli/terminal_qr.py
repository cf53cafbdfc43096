"""A QR code in a terminal, two modules a character, dark on light whatever the terminal's colours are."""

from rich.console import Console
from rich.text import Text

from qr.symbol import Ecc
from qr.symbol import draw as draw_symbol

_BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
_QUIET_MODULES = 4


def draw(payload: str) -> None:
    """Print it to standard error, so that an answer in standard output stays what it is."""
    symbol = draw_symbol(payload, Ecc.L)
    width = symbol.size + 2 * _QUIET_MODULES
    rows = [[False] * width for _ in range(_QUIET_MODULES)]
    rows += [[one == "1" for one in f"{row << _QUIET_MODULES:0{width}b}"] for row in symbol.rows]
    rows += [[False] * width for _ in range(_QUIET_MODULES + 1)]
    console = Console(highlight=False, stderr=True)
    for upper, lower in zip(rows[::2], rows[1::2], strict=False):
        drawn = "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        console.print(Text(drawn, style="black on white"), crop=False, no_wrap=True)
