"""Codes that a person reads out and another types, once: easy on the eye, random, stored as keyed hashes alone."""

import hmac
import re
import secrets
from collections.abc import Sequence

# No 0 O 1 I L, nor U, which a tired reader hears as V: 30 characters, so 6.6e11 codes of eight.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARACTERS = 8


def made() -> str:
    """Eight characters that nobody can foresee."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))


def normal(typed: str) -> str:
    """As people type it: small letters, a blank or dash in the middle."""
    return re.sub(r"[\s-]", "", typed).upper()


def is_one_of(hashes: Sequence[bytes], stored: bytes) -> bool:
    """Whether a code, hashed under each master key there is, is the stored one."""
    return any(hmac.compare_digest(stored, one) for one in hashes)
