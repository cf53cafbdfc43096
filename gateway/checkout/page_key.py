"""The part of a page's address that nobody guesses: a keyed hash of the session's id.

Nothing of it is stored, so a dump opens no page; and what somebody makes up is refused before the database is asked.
"""

import base64
import hmac
from typing import Final

from merchants.sealing import Sealing

_PURPOSE: Final = "checkout-page"
# 128 bits, as many as a UUID has letters for.
_BYTES: Final = 16
_BETWEEN: Final = "."


def key_of(sealing: Sealing, session_id: str) -> str:
    """`{session id}.{22 letters}`: what stands behind `/checkout/`."""
    return session_id + _BETWEEN + _written(sealing.index(session_id, purpose=_PURPOSE))


def session_of(sealing: Sealing, key: str) -> str | None:
    """The id of the session whose page this is; None for what we never wrote.

    While the master key changes, addresses under the one before are good as well.
    """
    session_id, _, secret = key.partition(_BETWEEN)
    written = [_written(one) for one in sealing.indexes(session_id, purpose=_PURPOSE)]
    return session_id if any(hmac.compare_digest(one.encode(), secret.encode()) for one in written) else None


def _written(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret[:_BYTES]).rstrip(b"=").decode()
