"""The core under test, the accounts to test with, and how a check says that a promise was broken."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Final, TypeVar
from uuid import uuid4

from gateway.wallet.answers import NO_CONNECTION, NOT_LET_IN, REFUSED
from gateway.wallet.core import (
    Approved,
    Core,
    Declined,
    Leg,
    Outcome,
    Pending,
    Reversed,
    Transfer,
    TransferKind,
    Unknown,
)

# What one check debits; a payer with a hundred times this is enough for all.
AMOUNT_MINOR: Final = 1_000
COPIES: Final = 20
# A core may decide later than it answers; this is how long a check waits, and how often it looks.
PENDING_TIMEOUT_S: Final = 30.0
PENDING_LOOK_S: Final = 0.5

OutcomeT = TypeVar("OutcomeT")


class Broken(Exception):
    """The core did not do as it promised."""


class KeyRefused(Exception):
    """The core does not know this key: it answered 401, and no promise can be asked for."""


class CoreNotReached(Exception):
    """Nobody answers there."""


class NotTried(Exception):
    """The check could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A core and the accounts to test it with.

    Attributes:
        core: asked with a key that it knows.
        stranger: the same core asked with a key that it does not know, or None to leave that out.
        payer: account with money, for example `payer:4711`.
        merchant: account of a merchant that may go empty.
        unit: what the payer holds.
    """

    core: Core
    stranger: Core | None = None
    payer: str
    merchant: str
    unit: str = "CNY"
    issuer: str = "bank"
    mark: str = field(default_factory=lambda: f"chk_{uuid4().hex}")
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def come_in(self) -> None:
        """Ask for what cannot be there, as a core's first answer tells whether it knows the key at all.

        Raises:
            KeyRefused, CoreNotReached
        """
        outcome = await self.core.query(f"{self.mark}.0")
        if outcome == NOT_LET_IN:
            raise KeyRefused
        if isinstance(outcome, Unknown) and outcome.why.startswith((REFUSED, NO_CONNECTION)):
            raise CoreNotReached(outcome.why)

    def transfer(self, kind: TransferKind, *legs: Leg, parent: Transfer | None = None) -> Transfer:
        return Transfer(
            id=f"{self.mark}.{next(self.numbers)}",
            kind=kind,
            unit=self.unit,
            legs=legs,
            issuer=self.issuer,
            parent=parent.id if parent else None,
            confirmed=True,
            factors=2,
            statement="conformance check",
        )

    def pays(self, amount_minor: int = AMOUNT_MINOR) -> Leg:
        return Leg(role="payer", source=self.payer, target=self.merchant, amount_minor=amount_minor)

    def gets_back(self, amount_minor: int) -> Leg:
        return Leg(role="payer", source=self.merchant, target=self.payer, amount_minor=amount_minor)

    async def send(self, transfer: Transfer) -> Outcome:
        """Send, and wait while the core has not decided."""
        outcome: Outcome = await self.core.send(transfer)
        waited_s = 0.0
        while isinstance(outcome, Pending) and waited_s < PENDING_TIMEOUT_S:
            await asyncio.sleep(PENDING_LOOK_S)
            waited_s += PENDING_LOOK_S
            outcome = await self.core.query(transfer.id)
        return outcome

    async def debited(self) -> Transfer:
        debit = self.transfer("debit", self.pays())
        expect(Approved, await self.send(debit), "a debit")
        return debit

    async def undo(self, transfer: Transfer) -> None:
        expect(Reversed, await self.core.reverse(transfer.id), "the reversal")


def expect(kind: type[OutcomeT], outcome: Outcome, what: str) -> OutcomeT:
    if not isinstance(outcome, kind):
        raise Broken(f"{what} was answered {name_of(outcome)}, not {kind.__name__}")
    return outcome


def name_of(outcome: Outcome) -> str:
    match outcome:
        case Declined(reason):
            return f"Declined ({reason})"
        case Unknown(why):
            return f"Unknown ({why})"
        case _:
            return type(outcome).__name__
