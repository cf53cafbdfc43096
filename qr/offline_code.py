"""The 19 digits a phone shows without a network: our prefix, a credential's number, a one-time password, a check digit.

The password is an HOTP value (RFC 4226) of seven digits over HMAC-SHA-256, its counter the minute since 1970
(RFC 6238 with a step of 60 s). A shop sees a random number that changes with every renewal and digits that are
good once; it learns nothing of the payer, and next week's code does not look like this week's.
"""

import hashlib
import hmac

from stdnum.iso7064 import mod_11_10

STEP_S = 60
PASSWORD_DIGITS = 7
NUMBER_DIGITS = 9
SECRET_BYTES = 32
NUMBERS = 10**NUMBER_DIGITS

_PREFIX_DIGITS = 2
_DRIFT_STEPS = 1
_LATE_STEPS = 10
"""So far back a code is still known for what it was, to be refused as expired instead of unknown."""


def hotp(secret: bytes, counter: int, *, digits: int = PASSWORD_DIGITS) -> str:
    """The one-time password of a counter (RFC 4226, section 5.3, with SHA-256 as RFC 6238 allows)."""
    mac = hmac.digest(secret, counter.to_bytes(8), hashlib.sha256)
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def write_offline_code(*, prefix: str, number: int, secret: bytes, step: int) -> str:
    """What a phone shows in this minute; a wallet team writes the same in its own language."""
    digits = f"{prefix}{number:0{NUMBER_DIGITS}d}{hotp(secret, step)}"
    return digits + str(mod_11_10.calc_check_digit(digits))


def number_in(code: str) -> int:
    """The credential's number in the 19 digits of a code."""
    return int(code[_PREFIX_DIGITS : _PREFIX_DIGITS + NUMBER_DIGITS])


def step_of(code: str, secret: bytes, *, now_step: int) -> int | None:
    """The minute this code was made for, late ones included; None when the password is wrong.

    All candidates are compared, so that the time taken does not tell which one came close.
    """
    password = code[_PREFIX_DIGITS + NUMBER_DIGITS : -1]
    steps = range(now_step - _LATE_STEPS, now_step + _DRIFT_STEPS + 1)
    matching = [step for step in steps if hmac.compare_digest(hotp(secret, step), password)]
    return matching[-1] if matching else None


def is_late(step: int, *, now_step: int) -> bool:
    """Whether a code's minute is over by more than a phone's clock may be wrong."""
    return step < now_step - _DRIFT_STEPS
