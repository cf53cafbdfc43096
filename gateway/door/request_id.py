"""The id under which one request is found in the answer, in the log and in a call to the bank's desk."""

import re
import secrets
from contextvars import ContextVar

# What a caller's own tracing sends is kept, if it can stand in a log line as it is.
_SANE = re.compile(r"[A-Za-z0-9_.:-]{8,64}")

CURRENT: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set for the task of each request, so that whatever logs below carries it."""


def settle(given: str | None) -> str:
    """The caller's `X-Request-Id` if it is sane, else a new one; logs carry it from here on."""
    request_id = given if given is not None and _SANE.fullmatch(given) else secrets.token_hex(16)
    CURRENT.set(request_id)
    return request_id
