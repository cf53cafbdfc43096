"""What can be wrong with a consumer-presented payload."""

from collections.abc import Sequence
from enum import StrEnum

from qr.errors import QrError
from qr.fault import Fault


class FaultKind(StrEnum):
    """The rule that was broken."""

    NOT_BASE64 = "not_base64"
    PAYLOAD_TOO_LONG = "payload_too_long"
    TAG_MALFORMED = "tag_malformed"
    LENGTH_MALFORMED = "length_malformed"
    TRUNCATED = "truncated"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"
    WRONG_LENGTH = "wrong_length"
    WRONG_VALUE = "wrong_value"


class CpmRefused(QrError):
    """This is no valid EMVCo consumer-presented payload; mend the objects named in its faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)
