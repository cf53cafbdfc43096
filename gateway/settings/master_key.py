"""The master key's text: 32 bytes in base64, in the environment or in a file."""

import base64
import binascii
from pathlib import Path
from typing import Final

_BYTES: Final = 32


class MasterKeyUnfit(ValueError):
    """No text or file to take a master key from; what is wrong with it, never the text itself."""


def decoded(text: str) -> bytes:
    """The key.

    Raises:
        MasterKeyUnfit
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MasterKeyUnfit("is not base64") from None
    if len(key) != _BYTES:
        raise MasterKeyUnfit(f"has {len(key)} bytes and needs {_BYTES}")
    return key


def of_file(path: str) -> str:
    """What a file holds.

    Raises:
        MasterKeyUnfit
    """
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError, ValueError):
        raise MasterKeyUnfit("cannot be read") from None
