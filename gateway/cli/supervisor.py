"""`gateway serve --workers N`: one small process that keeps N replicas serving on the same two ports.

Each worker listens for itself (SO_REUSEPORT), so the kernel gives a new connection to a worker that lives, and one that
died takes only its own connections with it. It is replaced at once, with back-off if that happens again and again.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import structlog
from prometheus_client.multiprocess import mark_process_dead

from gateway.door.metrics import SHARED_FOLDER
from gateway.settings import Settings

# The first replacement comes at once; one that keeps dying must not keep a processor busy with starting.
_BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0)
# Who served so long has not died of how it was started.
_WELL_AFTER_S = 60.0
# Finishing what runs and closing what is held have STOP_WITHIN_S each; then patience ends.
_GRACE_S = 5.0

log = structlog.get_logger()


class CannotServe(Exception):
    """The workers could not start; what they logged says why."""


def run(settings: Settings, environ: Mapping[str, str], *, workers: int) -> int:
    """Keep so many workers serving until SIGTERM or SIGINT; the exit code, 1 if one had to be killed at the end.

    Args:
        settings: what `environ` was read as.
        environ: passed on to the workers.
        workers: how many.

    Raises:
        CannotServe: a port is taken, or a worker ended before all had begun to serve.
    """
    with _ports(settings) as ports, tempfile.TemporaryDirectory(prefix="gateway-metrics-") as folder:
        supervisor = _Supervisor(
            environ={**environ, **ports, SHARED_FOLDER: folder},
            metrics_folder=folder,
            workers=workers,
            stop_within_s=2 * settings.stop_within_s + _GRACE_S,
        )
        try:
            asyncio.run(supervisor.keep())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        return 1 if supervisor.killed else 0


@dataclass(slots=True, kw_only=True)
class _Supervisor:
    """Keeps the workers alive.

    Attributes:
        serving: numbers of the workers that have served at least once.
        killed: how many did not stop in time.
    """

    environ: Mapping[str, str]
    metrics_folder: str
    workers: int
    stop_within_s: float
    serving: set[int] = field(default_factory=set)
    killed: int = 0

    async def keep(self) -> None:
        asked_to_stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, asked_to_stop.set)
        async with asyncio.TaskGroup() as group:
            kept = [group.create_task(self._keep(number + 1)) for number in range(self.workers)]
            await asked_to_stop.wait()
            log.info("stopping", workers=self.workers)
            for one in kept:
                one.cancel()
        log.info("stopped")

    async def _keep(self, number: int) -> None:
        """A worker under this number, again and again."""
        failures = 0
        while True:
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            began = time.monotonic()
            exit_code = await self._one_life(number)
            log.error("worker_died", worker=number, exit_code=exit_code)
            if len(self.serving) < self.workers:
                raise CannotServe(f"worker {number} ended with {exit_code} before all of them served")
            failures = 1 if time.monotonic() - began >= _WELL_AFTER_S else failures + 1

    async def _one_life(self, number: int) -> int:
        """Start it, and wait for its end, which is its own or, on cancellation, ours; its exit code."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "gateway", "serve-worker", str(number)),
                    stdin=theirs.fileno(),
                    env=self.environ,
                    # Ctrl-C is for the supervisor, which stops its workers in order.
                    start_new_session=True,
                )
            try:
                if await _said_something(ours):
                    self.serving.add(number)
                    log.info("worker_serves", worker=number, pid=process.pid)
                return await process.wait()
            finally:
                await self._end(process)
                # What it was doing when it died is done by nobody now.
                mark_process_dead(number, self.metrics_folder)  # type: ignore[no-untyped-call] # no stubs

    async def _end(self, process: Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.stop_within_s):
                await process.wait()
        if process.returncode is None:
            self.killed += 1
            log.error("worker_killed", pid=process.pid)
            process.kill()
            await process.wait()


async def _said_something(line: socket.socket) -> bool:
    """True when it serves, False when it ended before."""
    line.setblocking(False)
    try:
        return bool(await asyncio.get_running_loop().sock_recv(line, 1))
    except OSError:
        return False


@contextlib.contextmanager
def _ports(settings: Settings) -> Iterator[dict[str, str]]:
    """Both ports, bound for as long as there are workers, as settings for them; a free one each for 0.

    A socket that is bound and does not listen gets no connections; it keeps the port from everybody else.

    Raises:
        CannotServe: somebody listens there.
    """
    wanted = {
        "PUBLIC_PORT": (settings.public_host, settings.public_port),
        "OPERATORS_PORT": (settings.operators_host, settings.operators_port),
    }
    with contextlib.ExitStack() as stack:
        bound = {name: stack.enter_context(_bound(name, host, port)) for name, (host, port) in wanted.items()}
        yield {name: str(one.getsockname()[1]) for name, one in bound.items()}


def _bound(name: str, host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    try:
        # Without SO_REUSEPORT this fails beside another gateway, whose customers would be shared out between the two.
        with socket.socket(family, kind, protocol) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
        sharing = socket.socket(family, kind, protocol)
        sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sharing.bind(address)
    except OSError as error:
        raise CannotServe(f"{name} {port} at {host} cannot be listened on: {error.strerror}") from None
    return sharing
