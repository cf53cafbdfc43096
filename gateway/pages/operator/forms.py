"""What operators type, as operations want it; what cannot be read is a fault in words."""

import re
from typing import Any, Final

from gateway.door.errors import RequestInvalid
from gateway.pages.texts import mark
from gateway.pages.typed import minor_typed
from gateway.wire.problem import Fault

# One in full is 10 000; what has more digits is nobody's fee.
_FEE: Final = re.compile("[0-9]{1,5}")
_NO_FEE: Final = mark("Give the fee in whole hundredths of a percent.")
CURRENCY: Final = "CNY"
"""In which merchants are settled, and their limits are."""


def terms(fee: str, limit: str) -> dict[str, Any]:
    """Fee and limit, as the API takes them.

    Raises:
        RequestInvalid: one of them is no number.
    """
    if not _FEE.fullmatch(fee.strip()):
        raise RequestInvalid([Fault(pointer="/fee_basis_points", code="invalid", detail=_NO_FEE)])
    asked: dict[str, Any] = {"fee_basis_points": int(fee), "payment_limit": None}
    if limit.strip():
        asked["payment_limit"] = {
            "amount_minor": minor_typed(limit, CURRENCY, pointer="/payment_limit"),
            "currency": CURRENCY,
        }
    return asked
