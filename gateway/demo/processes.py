"""The demo's children: the product's own commands, each in a process with a log; stopped whatever happens."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# A gateway finishes what runs; then patience ends.
_STOP_WITHIN_S = 10.0
_TAIL_LINES = 15
# What a Python process needs of the user's environment; settings of another gateway must not leak in.
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
)


class ProcessFailed(Exception):
    """A child ended by itself; the end of its log says why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process and where it writes."""

    name: str
    process: Process
    log: Path

    def check(self) -> None:
        """Raises ProcessFailed if it ended."""
        if self.process.returncode is not None:
            raise ProcessFailed(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")

    def freeze(self, *, on: bool) -> None:
        """Stop it where it stands, as a machine does that swaps itself to death; or let it go on."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])


class Processes:
    """Starts children in order and stops them in the opposite one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []

    async def start(
        self, name: str, *arguments: str, environ: Mapping[str, str] | None = None, piped: bool = False
    ) -> Child:
        """`python -m <arguments>`; with `piped`, standard output is for the demo to read."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                env={**_inherited(), **(environ or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=PIPE if piped else file,
                stderr=file,
                # A Ctrl-C is for the demo, which stops its children in order.
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    async def run(self, name: str, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        """Start it and wait for its end.

        Raises:
            ProcessFailed: it did not end well.
        """
        child = await self.start(name, *arguments, environ=environ)
        if await child.process.wait() != 0:
            child.check()
        self._children.remove(child)

    def named(self, name: str) -> Child:
        """One of them, which was started."""
        return next(one for one in self._children if one.name == name)

    def check(self) -> None:
        """Raises ProcessFailed if a child ended."""
        for child in self._children:
            child.check()

    def complaints(self) -> list[str]:
        """Who ended, and what was logged as an error, for whoever has to find out why the story broke."""
        ended = [
            f"{child.name} ended with {child.process.returncode}"
            for child in self._children
            if child.process.returncode is not None
        ]
        logged = [
            f"{child.name}: {line}"
            for child in self._children
            for line in child.log.read_text(errors="replace").splitlines()
            if '"level":"error"' in line.replace(" ", "")
        ]
        return [*ended, *logged[-_TAIL_LINES:]]

    async def stop(self) -> None:
        """SIGTERM, last started first; SIGKILL to who does not listen."""
        for child in reversed(self._children):
            await _stop(child.process)
        self._children.clear()


async def _stop(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        process.send_signal(signal.SIGCONT)  # who is frozen hears nothing
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def free_ports(count: int) -> list[int]:
    """So many ports that nobody listens on; all are held until the last is found, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}
