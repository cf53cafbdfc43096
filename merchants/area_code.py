"""Counties by GB/T 2260, from the table that python-stdnum keeps for identity numbers."""

import re

from stdnum import numdb

# Six digits; a province alone (`0000` at the end) is no place to put a store.
_SHAPE = re.compile(r"[0-9]{2}(?!0000)[0-9]{4}")


def is_area_code(code: str) -> bool:
    """Whether there is, or was, a county of this code, or a city, as some have no counties."""
    return bool(_SHAPE.fullmatch(code)) and bool(numdb.get("cn/loc").info(code)[-1][1])
