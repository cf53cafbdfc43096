'''An operation is declared once; everything else the door does with it follows from the declaration.

A worked example, `gateway/api/stores.py`:

    from gateway.door.operation import Answer, Call, operation
    from gateway.wire.stores import NewStore, Store, StoreFilter

    async def replay_store(call: Call[NewStore], resource_id: str) -> Answer:
        """Answers a repeated request with the store as it is now."""
        return Answer(201, await read_store(call, resource_id))

    @operation(
        "POST",
        "/v1/merchants/{merchant_id}/stores",
        summary="Open a store",
        scope="merchants",
        idempotent=True,
        replay=replay_store,
        answers={201: Store},
        problems=(MerchantNotFound, StoreNumberTaken),
        example=NewStore(name="Nanshan", area_code="440305"),
    )
    async def open_store(call: Call[NewStore]) -> Answer:
        """The docstring becomes the operation's description."""
        store_id = new_id("sto", partner_no)
        async with call.claim.transaction(store_id) as conn:
            store = await shops.open_store(conn, store_id, call.path["merchant_id"], call.body.name)
        return Answer(201, Store.of(store))

    @operation("GET", "/v1/stores", summary="List stores", scope="query", answers={200: Page[Store]})
    async def list_stores(call: Call[None, StoreFilter]) -> Answer:
        async with call.parts.pool.acquire() as conn:
            rows = await shops.list_stores(conn, call.caller.tenant, limit=call.query.limit)
        return Answer(200, Page(items=[Store.of(row) for row in rows], next=None))

`gateway/api/table.py` lists it; nothing else needs to be told. Handlers raise their floor's errors; which
HTTP status that is stands in `gateway/door/problems.py`.
'''

import enum
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, get_args, get_type_hints

from typing_extensions import TypeVar

from gateway.door.caller import Caller, Role, Scope
from gateway.door.idempotency import Claim

if TYPE_CHECKING:  # read by type checkers alone: the door hands the parts on and never looks inside
    from gateway.parts import Parts

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT", default=None)

# How strangers are counted: those who sign in, again and again, or those who come in, once.
StrangerPolicy = Literal["address", "joining"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

# Enough for any JSON we take; documents and bulk files declare their own limit.
MAX_BODY_BYTES = 64 * 1024


class Listener(enum.Flag):
    """Which socket serves an operation: the operators' one is never reachable from outside the bank."""

    PUBLIC = enum.auto()
    OPERATORS = enum.auto()
    EITHER = PUBLIC | OPERATORS


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes of these content types instead of JSON, as a request's body (`consumes`) or an answer."""

    types: tuple[str, ...]
    max_bytes: int = MAX_BODY_BYTES


JSON = Media(("application/json",))
FORM = Media(("application/x-www-form-urlencoded",))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets.

    Attributes:
        body: a wire struct for JSON, `bytes` together with `media`, or None for no body.
        media: the content type of `bytes`.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json"


@dataclass(slots=True, kw_only=True)
class Call(Generic[BodyT, QueryT]):
    """One request that passed the door: `Call[Body]`, or `Call[Body, Query]`; None where there is none.

    Attributes:
        body: the validated struct (`bytes` where the operation consumes other media).
        query: the validated struct of query parameters.
        path: parameters of the path, each at most 64 letters, digits or `_.:-`.
        headers: of the request, for `If-None-Match` and the like; looked up without regard to case.
        now: when the request arrived, aware UTC; leases and expiry use PostgreSQL's clock instead.
    """

    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    headers: Mapping[str, str]
    parts: "Parts"
    request_id: str
    now: datetime
    signed_by: Caller | None
    idempotency: Claim | None

    @property
    def caller(self) -> Caller:
        """Who calls; operations without a scope have no caller and must not ask."""
        assert self.signed_by is not None, "an operation without scope has no caller"
        return self.signed_by

    @property
    def claim(self) -> Claim:
        """The idempotency claim; only operations declared `idempotent` have one."""
        assert self.idempotency is not None, "only idempotent operations have a claim"
        return self.idempotency


# Bodies by status, and by a name that says which of them it is.
AnswerExamples = Mapping[int, Mapping[str, Any]]
Handler = Callable[[Call[Any, Any]], Awaitable[Answer]]
Replay = Callable[[Call[Any, Any], str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One declared operation; made by `operation`, listed in `gateway/api/table.py`.

    Attributes:
        name: the handler's name; `operationId` and part of the idempotency scope, so never renamed.
        scope: what the token must carry; None for an operation that needs no token.
        roles: an operator must hold one of these; empty for any operator.
        answers: what each success status carries: a wire struct, `Media`, or None.
        problems: errors of this operation's own; the door's and the token's are known anyway.
        rotate: the call that makes a new secret, named once the first one may not be shown again.
        strangers: the rate limit of callers without a token.
    """

    name: str
    method: Method
    path: str
    summary: str
    description: str
    scope: Scope | None
    roles: frozenset[Role]
    listener: Listener
    consumes: Media
    body: Any
    query: Any
    answers: Mapping[int, Any]
    problems: tuple[type[Exception], ...]
    example: Any
    answer_example: Any
    answer_examples: AnswerExamples
    rotate: str | None
    strangers: StrangerPolicy
    handler: Handler
    replay: Replay | None

    @property
    def counts_strangers(self) -> bool:
        """Whether callers are counted by network: not where anybody may read, as caches and load balancers do."""
        return self.scope is None and self.method != "GET"

    @property
    def idempotent(self) -> bool:
        return self.replay is not None


def operation(
    method: Method,
    path: str,
    *,
    summary: str,
    answers: Mapping[int, Any],
    scope: Scope | None = None,
    roles: tuple[Role, ...] = (),
    listener: Listener = Listener.PUBLIC,
    idempotent: bool = False,
    replay: Replay | None = None,
    problems: tuple[type[Exception], ...] = (),
    consumes: Media = JSON,
    example: Any = None,
    answer_example: Any = None,
    answer_examples: AnswerExamples | None = None,
    rotate: str | None = None,
    strangers: StrangerPolicy = "address",
) -> Callable[[Callable[[Call[BodyT, QueryT]], Awaitable[Answer]]], Operation]:
    """Declare an operation; the types of body and query are read from the handler's `Call[...]`.

    - `path` has its parameters in braces: `/v1/payments/{payment_id}`.
    - `idempotent`: `Idempotency-Key` is required, the handler works inside `call.claim.transaction()`, and
      `replay(call, resource_id)` answers repeats with the resource as it is now.
    - `consumes`: `FORM` for a form read into the body struct, another `Media` for plain bytes.
    - `example`: a body (struct instance), shown in `openapi.yaml` and sent by schemathesis.
    - `answer_example`: the first success answer's body; without one it is put together from the fields'
      own examples (`msgspec.Meta(examples=[...])`).
    - `answer_examples`: likewise of several bodies, by status and name, where an answer may be one or another.
    """
    assert idempotent == (replay is not None), "an idempotent operation says how it is replayed"

    def declare(handler: Callable[[Call[BodyT, QueryT]], Awaitable[Answer]]) -> Operation:
        body, query = _types_of(handler)
        return Operation(
            name=handler.__name__,
            method=method,
            path=path,
            summary=summary,
            description=inspect.getdoc(handler) or summary,
            scope=scope,
            roles=frozenset(roles),
            listener=listener,
            consumes=consumes,
            body=body,
            query=query,
            answers=answers,
            problems=problems,
            example=example,
            answer_example=answer_example,
            answer_examples=answer_examples or {},
            rotate=rotate,
            strangers=strangers,
            handler=handler,
            replay=replay,
        )

    return declare


def _types_of(handler: Callable[..., Any]) -> tuple[Any, Any]:
    """Body and query types from `call: Call[Body, Query]`; None where the operation has none."""
    [first, *_] = inspect.signature(handler).parameters
    hints = get_type_hints(handler, include_extras=True)
    body, query = (*get_args(hints[first]), None)[:2]
    return tuple(None if one is type(None) else one for one in (body, query))  # type: ignore[return-value]
