"""The demo from curtain to curtain: what it returns to the shell, and what Ctrl-C does to it."""

import asyncio
import signal
from contextlib import AsyncExitStack

import aiohttp

from gateway.client import GatewayError
from gateway.demo.checks import StoryBroken
from gateway.demo.narration import Narrator
from gateway.demo.processes import ProcessFailed
from gateway.demo.sandbox import open_sandbox
from gateway.demo.serving import serve
from gateway.demo.story import tell
from gateway.storage.errors import EmbeddedPostgresFailed

_HELD, _BROKEN, _INTERRUPTED = 0, 1, 130
# The story takes half a minute; a machine that is this slow has another problem.
_STORY_WITHIN_S = 300.0
# What can come between; anything else is a mistake of the demo's own, and Python says where.
_MISHAPS = (
    StoryBroken,
    GatewayError,
    ProcessFailed,
    EmbeddedPostgresFailed,
    aiohttp.ClientError,
    TimeoutError,
)
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def play(*, once: bool) -> int:
    """The exit code: 0 when the whole story held.

    The first signal ends the demo in order, children included; further ones are ignored, for that takes a moment.
    """
    narrator = Narrator()
    playing = asyncio.create_task(_play(narrator, once=once))
    for one in _ENDINGS:
        asyncio.get_running_loop().add_signal_handler(one, _interrupt, playing)
    try:
        await playing
    except asyncio.CancelledError:
        narrator.broken("interrupted")
        return _INTERRUPTED
    except _MISHAPS as error:
        notes = "\n".join(getattr(error, "__notes__", ()))
        narrator.broken(f"the story does not hold: {type(error).__name__}: {error}\n{notes}")
        return _BROKEN
    return _HELD


async def _play(narrator: Narrator, *, once: bool) -> None:
    serving = False
    try:
        async with open_sandbox(narrator, with_page=not once) as stage, AsyncExitStack() as stack:
            async with asyncio.timeout(_STORY_WITHIN_S):
                cast = await tell(stage, stack)
            narrator.plain(f"\nThe story held, in {narrator.elapsed_s:.1f} s.")
            if not once:
                serving = True
                await serve(stage, cast)
    except asyncio.CancelledError:
        # Ctrl-C is how serving ends; before that it is an interruption.
        if not serving:
            raise


def _interrupt(playing: asyncio.Task[None]) -> None:
    for one in _ENDINGS:
        asyncio.get_running_loop().add_signal_handler(one, _ignore)
    playing.cancel()


def _ignore() -> None:
    """The end is under way already."""
