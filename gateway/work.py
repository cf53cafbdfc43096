"""The worker: a table of jobs, each a `run_once` that says how much it did, and one loop around each."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

# A job that fails waits so long before it tries again, so that a lost database is not asked without end.
_AFTER_FAILURE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done again and again.

    Attributes:
        run_once: does a bounded piece of it; a true result says that there may be more at once.
        every_s: how long it rests when there was nothing to do.
        wake: set by whoever knows that there is something to do.
        stop: called at the end, to finish or hand back what is under way.
    """

    name: str
    run_once: Callable[[], Awaitable[object]]
    every_s: float
    wake: asyncio.Event | None = None
    stop: Callable[[], Awaitable[None]] | None = None


async def run(jobs: Sequence[Job], stopping: asyncio.Event) -> None:
    """Run all jobs until `stopping` is set; each ends after the piece it is at."""
    loops = [asyncio.create_task(_loop(job, stopping), name=job.name) for job in jobs]
    await asyncio.gather(*loops)
    # Each has its own grace, all at once; one that cannot stop in order must not keep another from it.
    stopping_jobs = [job for job in jobs if job.stop is not None]
    ends = await asyncio.gather(*(job.stop() for job in stopping_jobs if job.stop), return_exceptions=True)
    for job, end in zip(stopping_jobs, ends, strict=True):
        if isinstance(end, BaseException):
            log.error("job_not_stopped", job=job.name, error=type(end).__name__, exc_info=end)


async def _loop(job: Job, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        rest_s = job.every_s
        try:
            if await job.run_once():
                rest_s = 0.0
        except Exception:
            # A worker survives whatever one piece does to it; the next round begins afresh.
            log.exception("job_failed", job=job.name)
            rest_s = _AFTER_FAILURE_S
        if rest_s:
            await _rest(rest_s, job.wake, stopping)
        else:
            await asyncio.sleep(0)


async def _rest(seconds: float, wake: asyncio.Event | None, stopping: asyncio.Event) -> None:
    """Until the time is over, or somebody knows of work, or the process stops."""
    waits = [asyncio.create_task(one.wait()) for one in (wake, stopping) if one is not None]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waits:
        one.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*waits, return_exceptions=True)
