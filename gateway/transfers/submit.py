"""Send an instruction the first time, right after the transaction that stored it."""

import time
from collections.abc import Awaitable
from typing import assert_never

import asyncpg

from gateway.transfers import sql
from gateway.transfers.transfer import Attempt, Deed, Instruction, Settled
from gateway.wallet.core import (
    Approved,
    ConfirmationRequired,
    Core,
    Declined,
    NotFound,
    NotSent,
    Outcome,
    Pending,
    Reversed,
    Tombstoned,
    Unknown,
)


async def submit(
    instruction: Instruction, *, core: Core, pool: asyncpg.Pool, look_again_s: float
) -> Settled | None:
    """Tell the core; None when the outcome is open, which the resolver then settles.

    No transaction is open while the core thinks. If this process dies here, the stored row is found by the
    resolver; if the core never answers, likewise.
    """
    deed: Deed = "reverse" if instruction.phase == "undoing" else "send"
    call = core.reverse(instruction.transfer.id) if deed == "reverse" else core.send(instruction.transfer)
    attempt = await attempted(deed, call)
    settled = settle(instruction, (attempt,))
    if settled is None:
        await sql.note(pool, instruction, (attempt,), look_again_s=look_again_s)
    return settled


async def attempted(deed: Deed, call: Awaitable[Outcome]) -> Attempt:
    """Make one call and record how long it took."""
    began = time.monotonic()
    outcome = await call
    return Attempt(deed=deed, outcome=outcome, took_ms=int((time.monotonic() - began) * 1000))


def settle(instruction: Instruction, attempts: tuple[Attempt, ...]) -> Settled | None:
    """The last call's answer if it is final."""
    match attempts[-1].outcome:
        case Approved() | Declined() | ConfirmationRequired() | Reversed() | Tombstoned() as answer:
            return Settled(instruction=instruction, answer=answer, attempts=attempts)
        case Pending() | NotFound() | Unknown() | NotSent():
            return None
        case never:
            assert_never(never)
