"""The garbage collector, told what a long-lived process is made of."""

import gc
from typing import Final

# A payment makes a few hundred objects that die by themselves; at Python's default the collector runs with every other
# payment and walks all young ones each time, for 5 % of the processor.
_YOUNG: Final = 50_000


def settle_memory() -> None:
    """Call once all is up: what stands by then stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
