"""Ids that say what they name, when they were made and whose they are.

An id is a prefix and a UUIDv7 (RFC 9562, section 5.7) in hex whose last 32 bits are the partner's number,
so every id names its shard. What belongs to the bank or to a payer carries number 0.
"""

import secrets
import time

BANK = 0
_UUID_HEX_DIGITS = 32
_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 30


def new_id(prefix: str, partner_no: int) -> str:
    """A fresh id such as `pay_01939e7c5b7a7c3f9d2e4a6b00000007`, sortable by its millisecond.

    Args:
        prefix: the resource's three letters, without underscore.
        partner_no: 0 to 2^32 - 1; 0 for rows of the bank or of a payer.
    """
    assert 0 <= partner_no < 1 << 32, "a partner number has 32 bits"
    random = secrets.randbits(_RANDOM_A_BITS + _RANDOM_B_BITS)
    random_a, random_b = random >> _RANDOM_B_BITS, random & ((1 << _RANDOM_B_BITS) - 1)
    millisecond = time.time_ns() // 1_000_000
    value = millisecond << 80 | 7 << 76 | random_a << 64 | 2 << 62 | random_b << 32 | partner_no
    return f"{prefix}_{value:032x}"


def partner_no_of(resource_id: str) -> int | None:
    """The partner number inside an id, or None for a text that is no id of ours."""
    digits = resource_id.rpartition("_")[2]
    if len(digits) != _UUID_HEX_DIGITS:
        return None
    try:
        return int(digits[-8:], 16)
    except ValueError:
        return None
