"""What can go wrong with each operation, and what caller and operator do about each code."""

from collections.abc import Iterable, Iterator

from gateway.door import errors as door
from gateway.door.operation import JSON, Operation
from gateway.door.problems import ProblemKind, kind_of
from merchants.access import errors as access

_ANY = (door.InternalError, door.NothingHappened, door.MalformedHttp)
_TOKEN = (
    door.TokenMissing,
    access.TokenMalformed,
    access.TokenNotVerified,
    access.TokenForeign,
    access.TokenExpired,
    access.ClientRevoked,
    access.DpopProofMissing,
    access.DpopTokenUnbound,
    access.DpopProofMalformed,
    access.DpopProofNotVerified,
    access.DpopMethodMismatch,
    access.DpopTargetMismatch,
    access.DpopTokenMismatch,
    access.DpopKeyMismatch,
    access.DpopProofExpired,
    access.DpopProofNotYetValid,
    access.DpopNonceNeeded,
    access.DpopProofReplayed,
    door.InsufficientScope,
    door.RateLimited,
)
_BODY = (
    door.RequestInvalid,
    door.BodyTooLarge,
    door.BodyTooSlow,
    door.UnsupportedContentType,
    door.UnsupportedContentEncoding,
)
_IDEMPOTENT = (door.IdempotencyKeyMissing, door.IdempotencyKeyMalformed, door.IdempotencyKeyReused)

# Asked of every path, so they belong to none: other methods, and paths that are not there.
_UNMATCHED = (door.NotFound, door.MethodNotAllowed)


def problems_of(operation: Operation) -> Iterator[type[Exception]]:
    """Every error the operation can answer: its own, and those of what the door does for it."""
    yield from _ANY
    yield from _of_caller(operation)
    if operation.body is not None:
        yield from _BODY
    if operation.body is not None and operation.consumes is JSON:
        yield door.BodyMalformed
    if operation.query is not None or operation.method != "GET":
        yield door.RequestInvalid
    if operation.method != "GET":
        yield from (door.BodyTooLarge, door.BodyTooSlow, door.OutcomeUnknown)
    yield from _of_waiting(operation)
    if "{" in operation.path:
        yield door.NotFound
    if operation.idempotent:
        yield from _IDEMPOTENT
    if operation.rotate is not None:
        yield door.SecretAlreadyShown
    yield from operation.problems


def _of_caller(operation: Operation) -> Iterator[type[Exception]]:
    if operation.scope is not None:
        yield from _TOKEN
    if operation.counts_strangers:
        yield door.RateLimited
    if operation.roles:
        yield door.InsufficientRole


def _of_waiting(operation: Operation) -> Iterator[type[Exception]]:
    if any("wait_s" in getattr(one, "__struct_fields__", ()) for one in (operation.body, operation.query)):
        yield door.TooManyWaits
        if operation.method == "GET":
            yield door.WaitingRoomFull


def kinds_of(operation: Operation) -> list[ProblemKind]:
    """Each kind once, by status and code."""
    return _sorted(problems_of(operation))


def every_kind(operations: Iterable[Operation]) -> list[ProblemKind]:
    """All codes there are, by status and code."""
    return _sorted([*_UNMATCHED, *(error for one in operations for error in problems_of(one))])


def advice_to_operator(kind: ProblemKind) -> str:
    """What the bank's people do about a code: the error's own second paragraph, or what its status tells."""
    if kind.operator is not None:
        return kind.operator
    if kind.status < 500:  # noqa: PLR2004 - HTTP's own boundary
        return "Nothing to do here; help the caller if one keeps sending these."
    return "Look for the request id in the log."


def _sorted(errors: Iterable[type[Exception]]) -> list[ProblemKind]:
    kinds = {}
    for error in errors:
        kind = kind_of(error)
        assert kind is not None, f"{error.__name__} has no line in problems.STATUS"
        kinds[kind.code] = kind
    return sorted(kinds.values(), key=lambda kind: (kind.status, kind.code))
