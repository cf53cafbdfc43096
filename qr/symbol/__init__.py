"""QR symbols (ISO/IEC 18004:2015): from text to modules, small and fast.

The library `qrcode` knows the standard's tables and fixed patterns, and we take them from it. What it spends
nearly all its time on is done here on whole symbols at once, as bits of one integer: segments are split for
the fewest bits, Reed-Solomon divides a block as one number, and all eight masks are scored in the time the
library needs for a fraction of one. CPU-bound and pure: call it off the event loop.
"""

from qr.symbol.codewords import Ecc
from qr.symbol.covering import coverable
from qr.symbol.symbol import Symbol, draw

__all__ = ["Ecc", "Symbol", "coverable", "draw"]
