"""Logs are JSON lines of allow-listed fields; what is not on the list does not get out, whoever logs it.

An error's own words may hold what a database was given, so only its kind and its places are logged.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.door import request_id

# Ids, codes, counts and durations. Never a body, a header, a token, a name or an account.
ALLOWED_FIELDS = frozenset(
    {
        *("event", "level", "at", "logger", "request_id", "operation", "method", "status", "code"),
        *("duration_ms", "listener", "client_id", "error", "places", "port", "reason", "attempt", "attempts"),
        *("partner_id", "merchant_id", "payment_id", "refund_id", "transfer_id", "application_id"),
        *("event_id", "event_type", "endpoint_id", "delivery_id", "issuer", "core", "job", "purpose"),
        *(
            "count",
            "counts",
            "channel",
            "retry_in_s",
            "waited_s",
            "workers",
            "environment",
            "key_id",
            "jobs",
            "waits_s",
            "worker",
            "pid",
            "exit_code",
        ),
    }
)

# A deep stack says nothing more than its innermost frames.
_PLACES = 12


def set_up(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Configure structlog and the standard library's logging, once, at a process's start."""
    out = stream or sys.stdout
    structlog.configure(
        processors=[_with_request_id, structlog.processors.add_log_level, _with_time, _shape, _render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)


def places_of(error: BaseException) -> list[str]:
    """Where an error came from: `pay.py:71 accept`, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


class _Forward(logging.Handler):
    """Libraries log through here: their logger's name and the error's kind, not their formatted words."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno, "library", logger=record.name, **({"exc_info": error} if error else {})
        )


def _with_request_id(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    current = request_id.CURRENT.get()
    if current is not None:
        fields.setdefault("request_id", current)
    return fields


_with_time: Callable[..., EventDict] = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")


def _shape(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    error = _error_in(fields)
    if error is not None:
        fields["error"] = type(error).__name__
        fields["places"] = places_of(error)
    return {name: value for name, value in fields.items() if name in ALLOWED_FIELDS}


def _error_in(fields: EventDict) -> BaseException | None:
    """The error of `exc_info=error` or of `log.exception(...)`."""
    given: Any = fields.get("exc_info")
    if isinstance(given, BaseException):
        return given
    return sys.exc_info()[1] if given else None


def _render(_logger: WrappedLogger, _method: str, fields: EventDict) -> str:
    return msgspec.json.encode(fields, enc_hook=str).decode()
