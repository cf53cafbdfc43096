"""Sockets: what comes in on each, and how a process stops without dropping what it has begun."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.door import metrics, problems, request_id
from gateway.door.endpoint import Desk, Endpoint, Trace
from gateway.door.errors import InternalError, MalformedHttp, NotReady
from gateway.door.health import Check, Measure, health_operations
from gateway.door.operation import Listener, Method, Operation
from gateway.door.problem_docs import problem_docs
from gateway.door.router import LONGEST_PARAMETER, Router

log = structlog.get_logger()

# An idle connection of a till's is kept for as long as a shift's pauses; a proxy's usual time is 60 s.
_KEEPALIVE_S = 75.0
# How long the rest of a refused body is read, so that the refusal reaches the sender.
_LINGER_S = 2.0
_BACKLOG = 1024

PageHandler = Callable[[web.BaseRequest, Mapping[str, str]], Awaitable[web.StreamResponse]]
Serve = Callable[[web.BaseRequest, Mapping[str, str], Trace], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Something for people (HTML, pictures, a stream of events): served by the door, no operation.

    `longest_parameter` bounds what stands for a `{name}` of the path.
    """

    name: str
    method: Method
    path: str
    listener: Listener
    handler: PageHandler
    longest_parameter: int = LONGEST_PARAMETER


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener listens; port 0 for any that is free."""

    host: str
    port: int


class Door:
    """All operations and pages, ready to be listened for.

    Args:
        operations: `gateway.api.table.OPERATIONS`.
        desk: what they need.
        pages: HTML beside the operations.
        checks: what `/health/ready` asks, by name; each raises while its part cannot work.
        measures: what refreshes metrics before `/metrics` shows them.
        type_base: URL under which problem codes are explained.
        stopping: set when the process stops, for what would else go on as long as its reader stays.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        desk: Desk,
        *,
        pages: Iterable[Page] = (),
        checks: Mapping[str, Check] | None = None,
        measures: Sequence[Measure] = (),
        type_base: str = "/problems/",
        stopping: asyncio.Event | None = None,
    ) -> None:
        self.operations = with_own(operations, {"door": self._check_open, **(checks or {})}, measures)
        self.type_base = type_base
        self.stopping = stopping or asyncio.Event()
        self._routers: dict[Listener, Router[tuple[str, Serve]]] = {}
        for listener in (Listener.PUBLIC, Listener.OPERATORS):
            router = self._routers[listener] = Router()
            for one in self.operations:
                if listener in one.listener:
                    router.add(one.method, one.path, (one.name, Endpoint(one, desk).answer))
            for page in pages:
                if listener in page.listener:
                    target = (page.name, _serve_page(page.handler))
                    router.add(page.method, page.path, target, longest=page.longest_parameter)

    def server(self, listener: Listener) -> web.Server:
        """The protocol factory for one listener's sockets."""
        return _Server(Entrance(self, listener, self._routers[listener]))

    async def _check_open(self) -> None:
        if self.stopping.is_set():
            raise NotReady(["door"])


def with_own(
    operations: Iterable[Operation], checks: Mapping[str, Check], measures: Sequence[Measure] = ()
) -> tuple[Operation, ...]:
    """The operations and the door's own: health, metrics, and what problems mean."""
    everything = (*operations, *health_operations(checks, measures))
    return (*everything, problem_docs(everything))


class Entrance:
    """Where every request of one listener comes in and every answer goes out."""

    def __init__(self, door: Door, listener: Listener, router: Router[tuple[str, Serve]]) -> None:
        self._door = door
        self._listener = (listener.name or "").lower()
        self._router = router

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever it is and whatever happens."""
        begun = perf_counter()
        trace = Trace(request_id.settle(request.headers.get("X-Request-Id")))
        metrics.in_flight.inc()
        try:
            (trace.operation, serve), path = self._router.find(request.method, request.rel_url.raw_path)
            response = await serve(request, path, trace)
        except Exception as error:  # noqa: BLE001 - the last line: every error becomes a problem
            response = self.refuse(error, trace)
        finally:
            metrics.in_flight.dec()
        if trace.told:
            response.headers.update(trace.told)
        if self._door.stopping.is_set():
            response.force_close()
        self._record(request, response, trace, perf_counter() - begun)
        return response

    def refuse(self, error: Exception, trace: Trace) -> web.Response:
        """The problem an error answers; one that no floor declared is a defect of ours."""
        kind = problems.kind_of(type(error))
        if kind is None:
            log.error("defect", operation=trace.operation, exc_info=error)
            return self.refuse(InternalError(), trace)
        trace.code = kind.code
        return web.Response(
            status=kind.status,
            headers=problems.headers_of(error, kind, trace.request_id),
            body=problems.encode(error, kind, trace.request_id, self._door.type_base),
        )

    def _record(
        self, request: web.BaseRequest, response: web.StreamResponse, trace: Trace, seconds: float
    ) -> None:
        metrics.observe(trace.operation, response.status, seconds)
        log.info(
            "answered",
            listener=self._listener,
            operation=trace.operation,
            method=request.method,
            status=response.status,
            code=trace.code,
            client_id=trace.client_id,
            duration_ms=round(seconds * 1000, 1),
        )


@asynccontextmanager
async def listening(
    door: Door, addresses: Mapping[Listener, Address], *, stop_within_s: float, reuse_port: bool = False
) -> AsyncIterator[dict[Listener, Address]]:
    """Listen; yields the real addresses. Leaving stops accepting and finishes what runs, within the limit."""
    runners: dict[Listener, web.ServerRunner] = {}
    try:
        for listener, address in addresses.items():
            runner = runners[listener] = web.ServerRunner(
                door.server(listener), shutdown_timeout=stop_within_s
            )
            await runner.setup()
            site = web.TCPSite(
                runner, address.host, address.port, backlog=_BACKLOG, reuse_port=reuse_port or None
            )
            await site.start()
        with metrics.serving.track_inprogress():
            yield {
                one: Address(addresses[one].host, runner.addresses[0][1]) for one, runner in runners.items()
            }
    finally:
        door.stopping.set()
        await asyncio.gather(*(runner.cleanup() for runner in runners.values()))


class _Server(web.Server):
    """aiohttp's server, with our limits and with problems for what is not even HTTP."""

    def __init__(self, entrance: Entrance) -> None:
        super().__init__(entrance)
        self._entrance = entrance

    def __call__(self) -> RequestHandler:
        return _Protocol(self, self._entrance)


class _Protocol(RequestHandler):
    __slots__ = ("_entrance",)

    def __init__(self, server: web.Server, entrance: Entrance) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # aiohttp's own way to say that we log ourselves
            keepalive_timeout=_KEEPALIVE_S,
            lingering_time=_LINGER_S,
            auto_decompress=False,
        )
        self._entrance = entrance

    def connection_lost(self, exc: BaseException | None) -> None:
        """Who hung up waits for nothing any more: a read ends. What creates or moves runs to its end."""
        request, handler = self._current_request, self._task_handler
        super().connection_lost(exc)
        if request is not None and request.method == "GET" and handler is not None:
            handler.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Bytes that are no HTTP request get a problem too, and the end of the connection."""
        del request, message  # there may be none, and the parser's words quote the sender
        error = MalformedHttp() if status < 500 else exc  # noqa: PLR2004 - HTTP's own boundary
        trace = Trace(request_id.settle(None))
        response = self._entrance.refuse(error if isinstance(error, Exception) else InternalError(), trace)
        response.force_close()
        return response


def _serve_page(handler: PageHandler) -> Serve:
    async def serve(request: web.BaseRequest, path: Mapping[str, str], trace: Trace) -> web.StreamResponse:
        response = await handler(request, path)
        if not response.prepared:
            response.headers.setdefault("X-Request-Id", trace.request_id)
        return response

    return serve
