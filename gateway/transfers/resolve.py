"""In doubt: settle what a crash or a silent core left open.

The core owns "was money moved". We query; what it has never seen is sent again while it is young and reversed when
it is not; what it cannot decide is reversed. A reversal leaves a tombstone, so a debit that arrives later is refused.
All of it is repeated until the core answers: silence ends nothing.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import asyncpg
import structlog

from gateway.transfers import sql
from gateway.transfers.submit import attempted, settle
from gateway.transfers.transfer import Attempt, Instruction, Owners
from gateway.wallet.core import Core, NotFound, NotSent, Pending, Unknown
from gateway.wallet.errors import IssuerNotServed
from gateway.wallet.routing import Cores

# As many questions as a core is asked at once (`gateway.wallet.rest.Bounds.asks`): more would only queue there.
LOOKS_A_CORE: Final = 16

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long doubt is borne, in seconds.

    Attributes:
        query_after_s: an instruction is looked at when its sender has not settled it for so long.
        query_every_s: and again so often.
        resend_until_s: younger than this, what the core has not seen is sent again; older, it is reversed.
        reverse_after_s: older than this, what the core cannot decide is reversed.
        lease_s: how long one worker may take over one look; longer than query, send and reversal together.
    """

    query_after_s: float = 3.0
    query_every_s: float = 5.0
    resend_until_s: float = 15.0
    reverse_after_s: float = 45.0
    lease_s: float = 30.0


class Resolver:
    """Takes what is due under a lease and brings it one step further; a core that hangs holds up its own alone.

    Args:
        wake: set when a look has ended, so that the next may begin.
    """

    def __init__(
        self, *, pool: asyncpg.Pool, cores: Cores, owners: Owners, patience: Patience, wake: asyncio.Event
    ) -> None:
        self._pool = pool
        self._cores = cores
        self._owners = owners
        self._patience = patience
        self._wake = wake
        self._under_way: dict[asyncio.Task[None], Instruction] = {}

    async def run_once(self) -> int:
        """Begin to look at what is due, and do not wait for the cores; returns how many looks began."""
        self._wake.clear()
        looks = Counter(one.transfer.issuer for one in self._under_way.values())
        busy = [issuer for issuer, number in looks.items() if number >= LOOKS_A_CORE]
        async with self._pool.acquire() as conn:
            due = await sql.claim_due(
                conn, lease_s=self._patience.lease_s, limit=LOOKS_A_CORE, without_issuers=busy
            )
        for one in due:
            task = asyncio.create_task(self._look(one))
            self._under_way[task] = one
            task.add_done_callback(self._looked)
        return len(due)

    async def stop(self, *, grace_s: float) -> None:
        """Let looks end for so long and hand the rest back: another worker need not wait for a lease's end."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_s)
        left = dict(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            await sql.hand_back(self._pool, list(left.values()))

    def _looked(self, task: asyncio.Task[None]) -> None:
        one = self._under_way.pop(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease runs out and the next look begins afresh.
            log.error("transfer_look_failed", transfer_id=one.transfer.id, error=type(error).__name__,
                      exc_info=error)  # fmt: skip

    async def _look(self, instruction: Instruction) -> None:
        try:
            core = self._cores.for_issuer(instruction.transfer.issuer)
        except IssuerNotServed:
            await self._note(
                instruction, (Attempt(deed="query", outcome=Unknown("issuer_not_served"), took_ms=0),)
            )
            return
        instruction, attempts = await self._ask(core, instruction)
        settled = settle(instruction, attempts)
        if settled is None:
            await self._note(instruction, attempts)
        else:
            await self._owners[instruction.purpose].conclude(settled)

    async def _ask(self, core: Core, instruction: Instruction) -> tuple[Instruction, tuple[Attempt, ...]]:
        """Query, and send or reverse where that is the next step."""
        if instruction.phase == "undoing":
            return instruction, (await attempted("reverse", core.reverse(instruction.transfer.id)),)
        queried = await attempted("query", core.query(instruction.transfer.id))
        match self._next(instruction, queried):
            case "send":
                return instruction, (queried, await attempted("send", core.send(instruction.transfer)))
            case "reverse" if await self._give_up(instruction):
                undoing = replace(instruction, phase="undoing")
                return undoing, (queried, await attempted("reverse", core.reverse(instruction.transfer.id)))
            case _:
                return instruction, (queried,)

    def _next(self, instruction: Instruction, queried: Attempt) -> str:
        forward_only = self._owners[instruction.purpose].give_up is None
        age_s, patience = instruction.age_s, self._patience
        match queried.outcome:
            case NotFound() if forward_only or not (instruction.given_up or age_s >= patience.resend_until_s):
                return "send"
            case NotFound():
                return "reverse"
            case Pending() | Unknown() | NotSent() if not forward_only:
                return "reverse" if instruction.given_up or age_s >= patience.reverse_after_s else "wait"
            case _:
                return "wait"

    async def _give_up(self, instruction: Instruction) -> bool:
        """Say first that the transfer is being undone, then undo it; false if an answer came in between."""
        owner = self._owners[instruction.purpose]
        assert owner.give_up is not None
        async with self._pool.acquire() as conn, conn.transaction():
            begun = await sql.begin_undoing(
                conn, owner_id=instruction.owner_id, n=instruction.n, fence=instruction.fence
            )
            if begun:
                await owner.give_up(conn, instruction)
        return begun

    async def _note(self, instruction: Instruction, attempts: tuple[Attempt, ...]) -> None:
        await sql.note(self._pool, instruction, attempts, look_again_s=self._patience.query_every_s)
