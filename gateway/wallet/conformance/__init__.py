"""What every wallet core must honour, as checks that run against any `Core`.

Our tests run them on the reference core through rest.py; `gateway wallet-core check` runs them on a bank's own
core. They move small amounts of real money of one payer and leave a trail of transfers `chk_…`; what they take
they give back. Each check stands for a promise of contract.yaml and is named by its docstring.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from gateway.wallet.conformance import kinds, sending, undoing
from gateway.wallet.conformance.subject import Broken, CoreNotReached, KeyRefused, NotTried, Subject

__all__ = ["CHECKS", "Check", "CoreNotReached", "KeyRefused", "Result", "Subject", "run", "run_one"]

Check = Callable[[Subject], Awaitable[None]]
CHECKS: Final[tuple[Check, ...]] = (
    sending.repeats_are_one,
    sending.copies_are_one,
    sending.texts_are_no_content,
    sending.other_content_is_refused,
    sending.queries_tell,
    sending.declines_are_final,
    sending.all_legs_or_none,
    sending.strangers_are_refused,
    sending.lists_are_complete,
    undoing.reversals_give_back_once,
    undoing.tombstones_hold,
    undoing.races_end_uncharged,
    undoing.refunded_is_not_reversed,
    kinds.refunds_stay_within,
    kinds.holds_are_captured_once,
    kinds.holds_are_released,
    kinds.funders_and_fees_take_part,
    kinds.credits_are_paid,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found; `why` tells a broken promise, or why it was not tried."""

    promise: str
    verdict: Literal["honoured", "broken", "not_tried"]
    why: str = ""


async def run(subject: Subject) -> list[Result]:
    """Every check, one after the other; one that finds a broken promise does not stop the others.

    Raises:
        KeyRefused, CoreNotReached: none was made.
    """
    await subject.come_in()
    return [await run_one(check, subject) for check in CHECKS]


async def run_one(check: Check, subject: Subject) -> Result:
    """One check; its docstring's first line is the promise it asks for."""
    promise = (check.__doc__ or "").strip().splitlines()[0]
    try:
        await check(subject)
    except Broken as error:
        return Result(promise, "broken", str(error))
    except NotTried as error:
        return Result(promise, "not_tried", str(error))
    return Result(promise, "honoured")
