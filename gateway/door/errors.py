"""What the door itself refuses; each docstring is the sentence the caller reads.

A second paragraph, where there is one, is for the operator and shows up in `openapi.yaml` beside the first.
"""

from collections.abc import Mapping, Sequence

from gateway.wire.problem import Fault


class DoorError(Exception):
    """The request could not be let in."""

    pointer: str | None = None


class RequestInvalid(DoorError):
    """The request does not fit its schema; correct every fault that is listed and send it again."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(*(fault.code for fault in faults))
        self.faults = tuple(faults)


class BodyMalformed(DoorError):
    """The body is not the JSON we take (RFC 8259, UTF-8, one value per key); see the fault that is listed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.faults = (fault,)


class BodyTooLarge(DoorError):
    """The body is longer than this operation takes; send less."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self.max_bytes = max_bytes


class BodyTooSlow(DoorError):
    """The body did not arrive in time; nothing happened, send it again on a better line."""


class UnsupportedContentType(DoorError):
    """The body has another content type than this operation takes; see `accepts`."""

    def __init__(self, accepts: Sequence[str]) -> None:
        super().__init__(*accepts)
        self.accepts = tuple(accepts)


class UnsupportedContentEncoding(DoorError):
    """Compressed bodies are not taken; send the body as it is, without Content-Encoding."""


class TooManyWaits(DoorError):
    """So many calls of yours wait at once; nothing happened: let some end, ask without `wait_s`, or use webhooks.

    Raise LONG_POLLS_PER_CALLER for a partner that needs more, or ask why it does.
    """

    retry_after_s = 5

    def __init__(self, at_once: int) -> None:
        super().__init__(at_once)
        self.at_once = at_once


class WaitingRoomFull(DoorError):
    """As many calls wait here as may; nothing happened: ask again in a moment, or without `wait_s`.

    Add replicas, or raise LONG_POLLS where there is memory.
    """

    retry_after_s = 2


class MalformedHttp(DoorError):
    """This is not well-formed HTTP/1.1; check the client or the proxy between."""


class NotFound(DoorError):
    """There is nothing here, or it is not yours; check the path and the id in it."""


class MethodNotAllowed(DoorError):
    """The path exists, but not with this method; the Allow header lists those it takes."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(*allowed)
        self.allowed = tuple(sorted(allowed))


class TokenMissing(DoorError):
    """This operation needs `Authorization: Bearer …`, or `DPoP …`, with an access token from `/oauth/token`."""


class InsufficientScope(DoorError):
    """The token lacks this operation's scope; ask for one that carries `needed_scope`."""

    def __init__(self, needed_scope: str) -> None:
        super().__init__(needed_scope)
        self.needed_scope = needed_scope


class InsufficientRole(DoorError):
    """This takes an operator with one of `needed_roles`."""

    def __init__(self, needed_roles: Sequence[str]) -> None:
        super().__init__(*needed_roles)
        self.needed_roles = tuple(sorted(needed_roles))


class RateLimited(DoorError):
    """You ask faster than you may, as `violated_policies` says; nothing happened, send it again after `retry_after_s`.

    One client's is a loop in its software, as a rule; a merchant's may be a busy day: then raise RATE_LIMITS. Many
    networks at once that are over `joining` guess codes, or open applications to no purpose: let the proxy drop them.
    """

    def __init__(self, violated: Sequence[str], retry_after_s: int, told: Mapping[str, str]) -> None:
        super().__init__(*violated)
        self.violated_policies = tuple(violated)
        self.retry_after_s = retry_after_s
        self._told = told

    @property
    def told(self) -> Mapping[str, str]:
        """The quotas as they are now, for the headers."""
        return self._told


class IdempotencyKeyMissing(DoorError):
    """This operation needs an Idempotency-Key header: a fresh UUID per intent, the same one per repeat."""

    pointer = "#header/Idempotency-Key"


class IdempotencyKeyMalformed(DoorError):
    """The Idempotency-Key has to be 1 to 128 visible ASCII characters; a UUID is best."""

    pointer = "#header/Idempotency-Key"


class IdempotencyKeyReused(DoorError):
    """This Idempotency-Key belongs to another request; a new intent takes a new key."""

    pointer = "#header/Idempotency-Key"


class SecretAlreadyShown(DoorError):
    """The secret was shown and may not be shown again; make a new one with the call in `rotate`."""

    def __init__(self, rotate: str | None) -> None:
        super().__init__(rotate)
        self.rotate = rotate


class NothingHappened(DoorError):
    """The gateway cannot work right now and nothing happened; repeat with the same Idempotency-Key.

    The database did not answer, or gave up on a statement, before anything was committed.
    """


class OutcomeUnknown(DoorError):
    """The gateway cannot say whether this happened; query it, or repeat with the same Idempotency-Key.

    The database was lost after the operation may have committed.
    """


class InternalError(DoorError):
    """Something broke on our side; query before you repeat, and give us the request id.

    A defect: the log holds the error's kind and place under the request id.
    """


class NotReady(DoorError):
    """This process should get no requests now; ask another one.

    `failing` names the parts; during a stop the door itself is one of them.
    """

    def __init__(self, failing: Sequence[str]) -> None:
        super().__init__(*failing)
        self.failing = tuple(failing)


class NotSignedIn(DoorError):
    """You are not signed in, or not any more; sign in and try again."""


class FormForged(DoorError):
    """This form was not sent by a page of ours, or by one of an earlier visit; open the page again and repeat."""
