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
class Wanted:
    """What a request asks for beside its body: `path` has the parameters, `query` is still to be read."""

    path: Mapping[str, str]
    raw_path: str
    query: str
    key: str | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every endpoint needs and one process has once."""

    parts: "Parts"
    bearer: Bearer
    claims: ClaimDesk
    room: WaitingRoom = field(default_factory=WaitingRoom)


class Endpoint:
    """An operation that is ready to answer."""

    def __init__(self, operation: Operation, desk: Desk) -> None:
        self.operation = operation
        self._desk = desk
        self._body = BodyReader(operation)
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
        wanted = Wanted(
            path=path,
            raw_path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            key=request.headers.get("Idempotency-Key"),
            headers=request.headers,
        )
        self._check_key(wanted)
        body = await self._body.read(request) if self.operation.method != "GET" else NO_BODY
        answer, replayed = await self._do(wanted, body, caller, request_id=trace.request_id, now=now)
        return _render(answer, trace.request_id, replayed=replayed)

    async def perform(
        self,
        wanted: Wanted,
        content: bytes | None,
        caller: Caller | None,
        *,
        stranger: web.BaseRequest | None = None,
        request_id: str,
    ) -> Answer:
        """The same for whom a page knows, or a stranger at it, with the same rights, limits and idempotency."""
        if caller is not None:
            self._permit(caller)
            await self._desk.bearer.admit(
                caller, self.operation.method, claims=self.operation.idempotent, told={}
            )
        else:
            assert self.operation.scope is None, "what has a scope asks who it is for"
            assert stranger is not None, "who is nobody's client is counted by where it comes from"
            self._desk.bearer.admit_stranger(stranger, self.operation.strangers, told={})
        self._check_key(wanted)
        if "Content-Type" in wanted.headers:  # what somebody sent to a page as it is
            self._body.accept(wanted.headers["Content-Type"])
        body = self._body.judge(content) if content is not None else NO_BODY
        answer, _ = await self._do(wanted, body, caller, request_id=request_id, now=datetime.now(UTC))
        return answer

    async def _do(
        self, wanted: Wanted, body: Body, caller: Caller | None, *, request_id: str, now: datetime
    ) -> tuple[Answer, bool]:
        """The answer, and whether it is a replay."""
        query = self._query.read(wanted.query) if self._query is not None else None
        claim = self._claim(wanted, caller, body) if self.operation.idempotent else None
        call: Call[Any, Any] = Call(
            body=body.value,
            query=query,
            path=wanted.path,
            headers=wanted.headers,
            parts=self._desk.parts,
            request_id=request_id,
            now=now,
            signed_by=caller,
            idempotency=claim,
        )
        with self._seat(call):
            answer = await self._work(call)
        return answer, claim is not None and claim.replayed

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
            if operation.counts_strangers:
                self._desk.bearer.admit_stranger(request, operation.strangers, told=trace.told)
            return None
        try:
            caller = await self._desk.bearer(request, claims=operation.idempotent, told=trace.told)
        except DATABASE_LOST as error:
            self._note_loss(error)
            raise NothingHappened from error
        trace.client_id = caller.client_id
        self._permit(caller)
        return caller

    def _permit(self, caller: Caller) -> None:
        operation = self.operation
        if operation.scope is not None and operation.scope not in caller.scopes:
            raise InsufficientScope(operation.scope)
        if operation.roles and operation.roles.isdisjoint(caller.roles):
            raise InsufficientRole(sorted(operation.roles))

    def _check_key(self, wanted: Wanted) -> None:
        if not self.operation.idempotent:
            return
        if wanted.key is None:
            raise IdempotencyKeyMissing
        if not _KEY.fullmatch(wanted.key):
            raise IdempotencyKeyMalformed

    def _claim(self, wanted: Wanted, caller: Caller | None, body: Body) -> Claim:
        assert wanted.key is not None, "checked before the body was read"
        said = f"{self.operation.method}\n{wanted.raw_path}\n{wanted.query}\n".encode()
        return Claim(
            self._desk.claims,
            caller=caller,
            operation=self.operation.name,
            key=wanted.key,
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
