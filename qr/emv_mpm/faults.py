"""What can be wrong with a payload, where, and which faults a lenient reader lives with."""

from collections.abc import Sequence
from enum import StrEnum

from qr.errors import QrError
from qr.fault import Fault


class FaultKind(StrEnum):
    """The rule that was broken."""

    PAYLOAD_TOO_LONG = "payload_too_long"
    ID_NOT_NUMERIC = "id_not_numeric"
    LENGTH_NOT_NUMERIC = "length_not_numeric"
    LENGTH_ZERO = "length_zero"
    TRUNCATED = "truncated"
    UNPRINTABLE = "unprintable"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    NOT_FIRST = "not_first"
    NOT_LAST = "not_last"
    CRC_WRONG = "crc_wrong"
    LOWER_CASE = "lower_case"
    TOO_LONG = "too_long"
    WRONG_LENGTH = "wrong_length"
    WRONG_CHARACTERS = "wrong_characters"
    WRONG_VALUE = "wrong_value"
    TIP_CONFLICT = "tip_conflict"


TOLERATED = frozenset(
    {
        FaultKind.PAYLOAD_TOO_LONG,
        FaultKind.LOWER_CASE,
        FaultKind.TOO_LONG,
        FaultKind.WRONG_CHARACTERS,
    }
)
"""Common in the wild, and none of them changes who is paid, how much, or where an object ends."""


class MpmRefused(QrError):
    """This is no valid EMVCo merchant-presented payload; mend the objects named in its faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)
