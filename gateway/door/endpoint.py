"""One request's story: who calls, may they, what do they want, was it done before, do it, answer.

Everything that does not depend on the request is worked out once, when the door is built.
"""

import contextlib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import structlog
from aiohttp import web

from gateway.door.bearer import Bearer
from gateway.door.body import NO_BODY, Body, BodyReader
from gateway.door.caller import Caller
from gateway.door.errors import (
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    InsufficientRole,
    InsufficientScope,
    NothingHappened,
    OutcomeUnknown,
)
from gateway.door.idempotency import Claim, ClaimDesk, Replayed
from gateway.door.operation import Answer, Call, Operation
from gateway.door.parameters import Parameters
from gateway.door.schema import Schemas
from gateway.door.waiting_room import WaitingRoom
from merchants.access.errors import DpopProofReplayed

if TYPE_CHECKING:  # as in operation.py: handed on, never looked into
    from gateway.parts import Parts

log = structlog.get_logger()

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_SAFE_METHODS = frozenset({"GET"})

# The database went away, is being failed over, gave up on a statement, or has no room: it is not our defect.
DATABASE_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that died between being taken and being used.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@dataclass(slots=True)
class Trace:
    """What is known of a request so far, for its log line; `told` are headers of whatever answer it gets."""

    request_id: str
    operation: str = "unmatched"
    client_id: str | None = None
    code: str | None = None
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every endpoint needs and one process has once."""

    parts: "Parts"
    bearer: Bearer
    claims: ClaimDesk
    room: WaitingRoom = field(default_factory=WaitingRoom)


class Endpoint:
    """An operation that is ready to answer."""

    def __init__(self, operation: Operation, desk: Desk, schemas: Schemas) -> None:
        self.operation = operation
        self._desk = desk
        self._body = BodyReader(operation, schemas)
        self._query = Parameters(operation.query, prefix="#query/") if operation.query is not None else None

    async def answer(self, request: web.BaseRequest, path: Mapping[str, str], trace: Trace) -> web.Response:
        """The response, or an error that `problems.py` knows."""
        now = datetime.now(UTC)
        caller = await self._admit(request, trace)
        try:
            return await self._answer(request, path, trace, caller, now)
        except Exception:
            await self._spend_anyway(caller)
            raise

    async def _answer(
        self,
        request: web.BaseRequest,
        path: Mapping[str, str],
        trace: Trace,
        caller: Caller | None,
        now: datetime,
    ) -> web.Response:
        query = self._query.read(request.rel_url.raw_query_string) if self._query is not None else None
        key = self._key_of(request)
        body = await self._body.read(request) if self.operation.method != "GET" else NO_BODY
        claim = self._claim(request, caller, key, body) if key is not None else None
        call: Call[Any, Any] = Call(
            body=body.value,
            query=query,
            path=path,
            headers=request.headers,
            parts=self._desk.parts,
            request_id=trace.request_id,
            now=now,
            signed_by=caller,
            idempotency=claim,
        )
        with self._seat(call):
            answer = await self._work(call)
        return _render(answer, trace.request_id, replayed=claim is not None and claim.replayed)

    def _seat(self, call: Call[Any, Any]) -> contextlib.AbstractContextManager[None]:
        """For a call that wants to wait; all others pass by."""
        waits = getattr(call.query, "wait_s", 0) or getattr(call.body, "wait_s", 0)
        if not waits or call.signed_by is None:
            return contextlib.nullcontext()
        return self._desk.room.seat(call.signed_by.client_id, reading=self.operation.method in _SAFE_METHODS)

    async def _work(self, call: Call[Any, Any]) -> Answer:
        """Do the deed, or show again what an earlier request did."""
        claim, operation = call.idempotency, self.operation
        try:
            try:
                answer = await operation.handler(call)
            except Replayed as seen:
                assert operation.replay is not None, "only idempotent operations are replayed"
                if call.signed_by is not None:
                    await self._desk.bearer.spend(call.signed_by)
                return await operation.replay(call, seen.resource_id)
        except DATABASE_LOST as error:
            self._note_loss(error)
            raise self._after_loss(claim) from error
        assert claim is None or claim.used, "an idempotent operation claims its key"
        return answer

    async def _spend_anyway(self, caller: Caller | None) -> None:
        """What was refused or rolled back left the caller's proof as good as new: it must not work for another deed."""
        if caller is not None and self.operation.idempotent:
            with contextlib.suppress(DpopProofReplayed, *DATABASE_LOST):
                await self._desk.bearer.spend(caller)

    def _after_loss(self, claim: Claim | None) -> Exception:
        """What may be promised: only a commit, or a statement without a claim, can have left something.

        What a replay would have shown again did happen, and its caller must not think otherwise.
        """
        may_have_happened = (
            claim.may_have_committed or claim.replayed
            if claim is not None
            else self.operation.method not in _SAFE_METHODS
        )
        return OutcomeUnknown() if may_have_happened else NothingHappened()

    def _note_loss(self, error: Exception) -> None:
        if isinstance(error, ValueError):  # asyncpg says so when it is given a value of the wrong type
            raise error
        log.warning("database lost", operation=self.operation.name, exc_info=error)

    async def _admit(self, request: web.BaseRequest, trace: Trace) -> Caller | None:
        """The caller, if the operation wants one and this one may call it."""
        operation = self.operation
        if operation.scope is None:
            return None
        try:
            caller = await self._desk.bearer(request, claims=operation.idempotent, told=trace.told)
        except DATABASE_LOST as error:
            self._note_loss(error)
            raise NothingHappened from error
        trace.client_id = caller.client_id
        if operation.scope not in caller.scopes:
            raise InsufficientScope(operation.scope)
        if operation.roles and operation.roles.isdisjoint(caller.roles):
            raise InsufficientRole(sorted(operation.roles))
        return caller

    def _key_of(self, request: web.BaseRequest) -> str | None:
        if not self.operation.idempotent:
            return None
        key = request.headers.get("Idempotency-Key")
        if key is None:
            raise IdempotencyKeyMissing
        if not _KEY.fullmatch(key):
            raise IdempotencyKeyMalformed
        return key

    def _claim(self, request: web.BaseRequest, caller: Caller | None, key: str, body: Body) -> Claim:
        url = request.rel_url
        said = f"{self.operation.method}\n{url.raw_path}\n{url.raw_query_string}\n".encode()
        return Claim(
            self._desk.claims,
            caller=caller,
            operation=self.operation.name,
            key=key,
            fingerprint=hashlib.sha256(said + body.canonical).digest(),
            rotate=self.operation.rotate,
        )


def _render(answer: Answer, request_id: str, *, replayed: bool) -> web.Response:
    headers = {
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "Server": "gateway",
        **answer.headers,
    }
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    headers["Content-Type"] = answer.media
    body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return web.Response(status=answer.status, headers=headers, body=body)
