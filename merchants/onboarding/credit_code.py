"""The unified social credit code: a check digit, and inside an organisation code with its own.

Sources: GB 32100-2015, section 4 (the code), GB 11714-1997 (the organisation code).
"""

from enum import StrEnum

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

_ORGANISATION = slice(8, 16)
_ORGANISATION_CHECK = 16
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# 91 is a company, 92 a sole trader (个体工商户): department of registration and kind of organisation.
_SOLE_TRADER = "92"


class CreditCodeFault(StrEnum):
    """What can be wrong with one; the first that applies, for the later ones mean nothing without it."""

    MALFORMED = "credit_code_malformed"
    CHECK_DIGIT = "credit_code_check_digit"
    ORGANISATION = "credit_code_organisation"


def fault_of(code: str) -> CreditCodeFault | None:
    """What is wrong with a code as written (no spaces, capitals), or None."""
    try:
        if uscc.validate(code) != code:
            return CreditCodeFault.MALFORMED
    except InvalidChecksum:
        return CreditCodeFault.CHECK_DIGIT
    except ValidationError:
        return CreditCodeFault.MALFORMED
    if code[_ORGANISATION_CHECK] != organisation_check_digit(code[_ORGANISATION]):
        return CreditCodeFault.ORGANISATION
    return None


def organisation_check_digit(body: str) -> str:
    """The ninth character of an organisation code; python-stdnum checks only the outer one."""
    total = sum(
        int(character, 36) * weight for character, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def is_of_sole_trader(code: str) -> bool:
    return code.startswith(_SOLE_TRADER)
