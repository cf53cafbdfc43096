"""A numbered instruction to a core and what is known of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from asyncpg.pool import PoolConnectionProxy

from gateway.wallet.core import (
    Answer,
    Approved,
    ConfirmationRequired,
    Declined,
    NotFound,
    NotSent,
    Reversed,
    Tombstoned,
    Transfer,
    Unknown,
)

Connection = PoolConnectionProxy
# What an instruction is for: a payment's debit or hold, what becomes of the hold, giving back, and crediting an
# account to see whose it is; what a payment earned its payer, and that on its way back; the points of a coupon.
Purpose = Literal[
    "payment", "capture", "release", "refund", "verification", "credit", "credit_back", "coupon"
]  # fmt: skip
Deed = Literal["send", "query", "reverse"]
# open: an answer to sending or querying decides; undoing: only the answer to a reversal does.
Phase = Literal["open", "undoing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One unresolved transfer; `n` is stored before sending and moves on only after a final answer to n - 1.

    `given_up`: its owner's sender had set a time for it, and that time is over.
    """

    partner_id: str
    owner_id: str
    n: int
    purpose: Purpose
    phase: Phase
    transfer: Transfer
    age_s: float
    fence: int
    given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call to a core, for the record."""

    deed: Deed
    outcome: Answer | NotFound | Unknown | NotSent
    took_ms: int


# What ends an instruction; everything else leaves it open.
Final = Approved | Declined | ConfirmationRequired | Reversed | Tombstoned


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A final answer to an instruction, and the calls that led to it."""

    instruction: Instruction
    answer: Final
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What an owner's room does with its transfers' answers; `app.py` gives one for each purpose.

    Attributes:
        conclude: writes a final answer in one transaction of its own; does nothing if that was done before.
        give_up: inside the resolver's transaction, says that the transfer is being undone. None for what must go
            forward whatever happens, as a refund: it is repeated until the core answers.
    """

    conclude: Callable[[Settled], Awaitable[object]]
    give_up: Callable[[Connection, Instruction], Awaitable[None]] | None


Owners = Mapping[Purpose, Owner]


def transfer_id(owner_id: str, n: int) -> str:
    """The id a core knows the transfer by."""
    return f"{owner_id}.{n}"
