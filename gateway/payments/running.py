"""Submissions under way: they outlive the request that began them, and are waited for when the process stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

ResultT = TypeVar("ResultT")

log = structlog.get_logger()


class Running:
    """The deeds of this process that must not be dropped because a till hung up."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, deed: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        """Run it to its end; a failure is logged and left to the resolver."""
        task = asyncio.create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def finish(self, within_s: float) -> None:
        """Let what runs end; what is then left is found by the resolver of another process."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("submission_failed", error=type(error).__name__, exc_info=error)
